"""Where a process hears, on one connection of its own, what the others put into the store or publish."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

log = logging.getLogger("flask_mcp_auth0.store")

#: Seconds of silence after which the connection is probed, and again after which it counts as lost.
_PROBE_AFTER = 10.0
#: Shortest and longest pause between two attempts to connect, in seconds.
_PAUSES = (0.1, 2.0)


class Bus:
    """One daemon thread (a greenlet where gevent has patched threads) that listens for everybody here.

    :param subscribe: connects and subscribes; returns redis-py's ``PubSub``.
    :param on_message: called with the data of each message.
    :param on_connected: called whenever listening has begun, also anew after a loss.
    :param errors: what a broken connection raises.
    """

    def __init__(
        self,
        subscribe: Callable[[], Any],
        on_message: Callable[[Any], None],
        on_connected: Callable[[], None],
        errors: tuple[type[Exception], ...],
    ) -> None:
        self._subscribe = subscribe
        self._on_message = on_message
        self._on_connected = on_connected
        self._errors = errors
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._settled = threading.Event()

    def start(self, wait: float = 0.0) -> None:
        """Listen from now on.

        :param wait: seconds at most to wait until the first attempt to connect has ended, well or not.
        """
        with self._lock:
            if self._thread is None:
                self._stop, self._settled = threading.Event(), threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="mcp-store", daemon=True
                )
                self._thread.start()
        if wait > 0:
            self._settled.wait(wait)

    def stop(self) -> threading.Thread | None:
        """Tell the thread to end at the next message, and return it."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stop.set()
            return thread

    def _run(self, stop: threading.Event) -> None:
        pause = _PAUSES[0]
        complained = False
        while not stop.is_set():
            channel: Any = None
            try:
                channel = self._subscribe()
                for message in _messages(channel, stop):
                    if message["type"] == "message":
                        self._on_message(message["data"])
                    elif message["type"] == "subscribe":
                        pause = _PAUSES[0]
                        if complained:
                            log.warning("the shared store is back: listening again")
                        complained = False
                        self._on_connected()
                        self._settled.set()
            except self._errors as error:
                if not complained:
                    # Its text may quote an address or a user name; the kind says enough.
                    log.warning("the shared store cannot be listened to (%s)", type(error).__name__)
                complained = True
            except Exception:
                log.exception("listening to the shared store failed")
            finally:
                if channel is not None:
                    with contextlib.suppress(*self._errors):
                        channel.close()
            self._settled.set()
            stop.wait(pause)
            pause = min(2 * pause, _PAUSES[1])


def _messages(channel: Any, stop: threading.Event) -> Any:
    """Yield what arrives, the confirmations of subscription included; raise when the connection is dead."""
    probed = False
    while not stop.is_set():
        message = channel.get_message(timeout=_PROBE_AFTER)
        if message is not None:
            probed = False
            yield message
        elif probed:
            raise OSError("no answer to a probe")
        else:
            channel.ping()
            probed = True
