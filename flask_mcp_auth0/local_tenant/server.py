"""A tenant behind a socket: in a thread for tests, in the foreground for ``flask mcp tenant``."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ..printable import printable_only
from .app import create_tenant
from .keys import KeyRing
from .security import is_loopback
from .state import DEFAULT_AUDIENCE, TenantState
from .tenant import tenant_of
from .tls import Certificate

logger = logging.getLogger(__name__)

BACKLOG = 128


class NotLoopback(ValueError):
    """The tenant was told to listen where other machines can reach it."""


def bind(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """A listening socket; ``port`` 0 takes a free one.

    :raises NotLoopback: when ``host`` is not this machine alone, unless ``allow_remote``.
    :raises OSError: when the address cannot be had (``errno.EADDRINUSE``: somebody has it).
    """
    if not allow_remote and not is_loopback(host):
        raise NotLoopback(host)
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def serve(
    app: Flask,
    listener: socket.socket,
    *,
    said: Callable[[str], None] | None = None,
    certificate: Certificate | None = None,
) -> BaseWSGIServer:
    """A threaded server of ``app`` on ``listener``, which it takes over; ``serve_forever`` runs it.

    :param said: gets a line for each request (method, path, status), if given.
    :param certificate: to speak https with it.
    """
    host, port = listener.getsockname()[:2]

    class Handler(_Handler):
        log = staticmethod(said) if said is not None else None

    server = make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    listener.close()  # the server works on a copy of the descriptor
    server.daemon_threads = True  # type: ignore[attr-defined]
    if certificate is not None:
        # The handshake is left to the connection's own thread: a silent peer holds up nobody else.
        context = server.ssl_context = certificate.context()
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


class TenantServer:
    """A tenant in a thread of this process, on a free port: ``with TenantServer() as tenant: …
    tenant.issuer``.

    :param state: what it knows; default the shipped description for ``audience``.
    :param audience: the identifier of the API in the shipped description.
    :param port: 0 for a free one.
    :param keys: what it signs with; made anew by default. Handing one ring to many servers saves their
        making.
    :param certificate: to speak https with it (:func:`~.tls.make_certificate`).
    """

    def __init__(
        self,
        state: TenantState | None = None,
        *,
        audience: str = DEFAULT_AUDIENCE,
        config: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        keys: KeyRing | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self._listener = bind(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._listener.getsockname()[1]
        self.issuer = f"{'http' if certificate is None else 'https'}://{shown}:{self.port}/"
        self._certificate = certificate
        self.state = state or TenantState.from_yaml(config, audience=audience, issuer=self.issuer)
        self.app = create_tenant(self.state, self.issuer, keys=keys)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def keys(self) -> KeyRing:
        return tenant_of(self.app).keys

    def start(self) -> TenantServer:
        """Begin to answer; returns itself once it does (the socket listens already)."""
        if self._thread is None:
            server = self._server = serve(self.app, self._listener, certificate=self._certificate)
            self._thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="local-tenant", daemon=True
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """End; the port is free afterwards. A second call does nothing."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=5)
            self._server.server_close()
        self._listener.close()
        self._server = self._thread = None

    def url(self, path: str) -> str:
        """The absolute URL of a path of the tenant."""
        return self.issuer.rstrip("/") + path

    def __enter__(self) -> TenantServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Handler(WSGIRequestHandler):
    """One request, and nothing said about it unless asked for."""

    disable_nagle_algorithm = True
    timeout = 60
    log: Callable[[str], None] | None = None  # type: ignore[assignment]

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        write = type(self).log
        if write is not None:
            # Without the query: codes and states are in there. What is no request has no path.
            path = str(self.__dict__.get("path", "-")).partition("?")[0]
            # Whoever connects writes into the terminal of whoever runs the tenant.
            write(printable_only(f"{self.command or '-'} {path} {getattr(code, 'value', code)}"))

    def log_error(self, format: str, *args: Any) -> None:
        logger.debug("%s", printable_only(format % args))

    def version_string(self) -> str:
        return "local-tenant"
