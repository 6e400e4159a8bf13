"""The client's connection, where the server lends it: is anybody there, and how long may it hold this thread?

gunicorn waits for its clients without a limit (its ``timeout`` ends the worker, and only a sync one). One that
falls silent in the middle of a body, or never takes its answer, would keep a thread for good.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Seconds of silence in the middle of a body after which the rest is no longer waited for. Less than gunicorn's
#: own ``timeout`` (30), so that a sync worker answers instead of being ended.
BODY_SILENCE = 20.0
#: Seconds in which a client takes nothing of what is sent to it, after which it counts as gone.
UNREAD = 25.0


def _lent(environ: WSGIEnvironment) -> socket.socket | None:
    connection: Any = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    return connection if isinstance(connection, socket.socket) else None


def connection_probe(environ: WSGIEnvironment) -> Callable[[], bool] | None:
    """Return what tells whether the client is still connected, where the server lends its socket."""
    connection = _lent(environ)
    if connection is None or isinstance(connection, ssl.SSLSocket):
        return None

    def connected() -> bool:
        try:
            poller = select.poll()
            poller.register(connection, select.POLLIN)
            # Readable without a byte to read: the other end has closed.
            return not poller.poll(0) or bool(connection.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False

    return connected


def bound_writing(environ: WSGIEnvironment) -> None:
    """Have writes to a client that takes nothing for :data:`UNREAD` seconds fail instead of waiting on.

    The kernel sees to it (RFC 5482), also for what the server itself writes and for a client that vanished
    without a word. Only Linux has it.
    """
    connection = _lent(environ)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if connection is None or option is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, option, round(UNREAD * 1000))


@contextlib.contextmanager
def bounded_reading(environ: WSGIEnvironment) -> Iterator[None]:
    """Wait for each piece of a body for at most :data:`BODY_SILENCE` seconds.

    What is read meanwhile raises :class:`TimeoutError`, in whichever wrapping.
    """
    connection = _lent(environ)
    if connection is None:
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(BODY_SILENCE)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.settimeout(before)


def stop_reading(environ: WSGIEnvironment) -> None:
    """Let nobody wait for more of this connection: servers read what is left of a body before the next request."""
    connection = _lent(environ)
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)


__all__ = ["BODY_SILENCE", "UNREAD", "bound_writing", "bounded_reading", "connection_probe", "stop_reading"]
