"""The stream of one request: what a running function sends before its answer.

Nothing is opened until something is sent, so that a silent call is answered with plain JSON.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from . import jsonrpc

#: Starts the response as ``text/event-stream`` and returns WSGI's ``write`` (PEP 3333, The write() Callable). Some
#: servers leave it out and return ``None``: they send nothing before the application has returned.
OpenStream = Callable[[], Callable[[bytes], object] | None]

KEEP_ALIVE = b":\r\n\r\n"

#: What is no line end in an event stream, but is taken for one by clients that split text as Unicode does. It
#: can stand only within JSON's strings, where an escape says the same (RFC 8259 §7).
_LINE_ENDS = tuple((char.encode(), f"\\u{ord(char):04x}".encode()) for char in "\x85\u2028\u2029")


def _unbounded() -> AbstractContextManager[bool]:
    return nullcontext(True)


class Emitter:
    """Writes messages to the client as server-sent events, from whichever thread runs the call.

    :param open_stream: starts the stream; ``None`` where the client takes no event stream.
    :param connected: tells whether the client is still there, without writing to it.
    """

    def __init__(self, open_stream: OpenStream | None, connected: Callable[[], bool] | None = None) -> None:
        self._open = open_stream
        self._write: Callable[[bytes], object] | None = None
        self._connected = connected
        self._lock = threading.Lock()
        self._closed = False
        #: Holds one of the worker's slots for as long as an answer is waited for; gives ``False`` where none is free.
        self.waiting: Callable[[], AbstractContextManager[bool]] = _unbounded

    @property
    def can_stream(self) -> bool:
        """Whether messages before the answer can reach the client at all."""
        return self._open is not None and not self._closed

    @property
    def started(self) -> bool:
        """Whether the response has become an event stream."""
        return self._write is not None

    @property
    def client_gone(self) -> bool:
        """Whether the client has closed its end (streamable-http, Cancellation)."""
        if not self._closed and self._connected is not None and not self._connected():
            self._closed = True
        return self._closed

    def send(self, message: Mapping[str, Any]) -> bool:
        """Send one message; ``False`` where it could not be delivered."""
        return self.send_bytes(jsonrpc.encode(message))

    def send_bytes(self, message: bytes) -> bool:
        """Send one already encoded message; ``False`` where it could not be delivered."""
        # Compact JSON holds no line break, so one data line carries it (WHATWG, server-sent events).
        for separator, escaped in _LINE_ENDS:
            message = message.replace(separator, escaped)
        return self._raw(b"event: message\r\ndata: " + message + b"\r\n\r\n")

    def keep_alive(self) -> bool:
        """Send a comment line, which clients ignore; ``False`` where nobody is there to read it."""
        return self._raw(KEEP_ALIVE)

    def _raw(self, data: bytes) -> bool:
        with self._lock:
            if not self.can_stream:
                return False
            try:
                if self._write is None:
                    assert self._open is not None
                    self._write = self._open()
                if self._write is None:
                    # The call goes on without its messages; its answer will be plain JSON.
                    self._open = None
                    return False
                self._write(data)
            except (OSError, ValueError):
                # A client that went away shows as an error on a later write.
                self._closed = True
                return False
            return True


#: For what runs where nobody listens.
SILENT = Emitter(None)
