"""Puts everything that observes before, after and around the requests of one app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, Response, g, request

from .. import request_state
from ..auth.auth_info import AuthInfo
from ..protocol.components import Component
from ..protocol.server import Exchange
from ..protocol.watching import Watch
from ..settings import Settings
from ..signals import component_called, token_rejected
from . import audit, request_ids, timings
from .mcp_watch import SpanWatch, TimingWatch
from .tracing import Telemetry

if TYPE_CHECKING:
    from .http_watch import HTTPWatch

_HTTP_WATCH = "_mcp_http_watch"


class Observability:
    """Audit log, request ids, traces, metrics and timings of one app.

    What belongs to a request is kept with it, so this is safe to share between threads.

    :param covers: tells whether a request is one to the MCP server.
    :param telemetry: what is recorded with.
    """

    def __init__(
        self, app: Flask, settings: Settings, covers: Callable[[Request], bool], telemetry: Telemetry
    ) -> None:
        self.telemetry = telemetry
        self._app = app
        self._base_url = settings.base_url
        self._covers = covers

    def init_app(self) -> None:
        """Register what does not stand beside the guard, which is given this as its watcher."""
        self._app.teardown_request(self._over)
        token_rejected.connect(self._rejected, self._app)

    def observe(
        self, component: Component, outcome: str, seconds: float, arguments: Mapping[str, Any]
    ) -> None:
        """Take note of a run of a component, and tell those who listen for it."""
        if self._app.debug and (timed := timings.current()) is not None:
            timed.add(component.kind, seconds)
        audit.called(component, outcome, seconds, arguments)
        if component_called.receivers:
            component_called.send(
                self._app, kind=component.kind, name=component.name, outcome=outcome, duration=seconds
            )

    def watch(self, exchange: Exchange) -> Watch | None:
        """Return what follows one MCP request, ``None`` where nobody wants to know."""
        instruments = self.telemetry.instruments()
        if instruments is not None:
            around = _http_watch()
            return SpanWatch(instruments, exchange, None if around is None else around.span)
        return TimingWatch() if self._app.debug and timings.current() is not None else None

    def begin(self) -> None:
        """Begin to follow a request."""
        instruments = self.telemetry.instruments()
        if instruments is None and not self._app.debug:
            return
        current = request._get_current_object()  # type: ignore[attr-defined]
        if not self._covers(current):
            return
        if self._app.debug:
            timings.begin()
        if instruments is not None:
            from .http_watch import HTTPWatch

            if not HTTPWatch.followed_already(current):
                watch = HTTPWatch(instruments, current, self._base_url)
                request_state.keep(_HTTP_WATCH, (watch, _application_context()))

    def guarded(self) -> None:
        """Take note of how long the guard took."""
        if self._app.debug and (timed := timings.current()) is not None:
            timed.until_now("auth")

    def answered(self, response: Response) -> Response:
        """Name the request in its answer, and take note of that."""
        current = request._get_current_object()  # type: ignore[attr-defined]
        if not self._covers(current):
            return response
        response.headers.setdefault(request_ids.HEADER, request_ids.request_id_of(current.environ))
        if self._app.debug and (timed := timings.current()) is not None:
            timed.until_now("auth")
            response.headers[timings.HEADER] = timed.header()
        if self.telemetry.instruments() is not None and (watch := _http_watch()) is not None:
            watch.answered(response)
        return response

    def _over(self, _error: BaseException | None) -> None:
        if self.telemetry.instruments() is None:
            return
        watch, began_in = request_state.kept(_HTTP_WATCH) or (None, None)
        # The end of a copy of the request's context, in another thread, is not the end of the request.
        if watch is not None and began_in is _application_context():
            request_state.take(_HTTP_WATCH)
            watch.end()

    def decided(
        self, outcome: str, reason: str, auth_info: AuthInfo | None, kind: str, name: str, seconds: float
    ) -> None:
        """Take note of a decision about a caller."""
        audit.decided(auth_info, kind=kind, name=name, outcome=outcome, reason=reason, duration=seconds)
        if self._app.debug and (timed := timings.current()) is not None:
            timed.add("permissions", seconds)
        instruments = self.telemetry.instruments()
        if instruments is not None:
            from opentelemetry import trace

            trace.get_current_span().set_attribute("flask_mcp_auth0.decision", outcome)
            said = {"flask_mcp_auth0.decision": outcome, "flask_mcp_auth0.component.kind": kind}
            instruments.decisions.add(1, said)

    def _rejected(self, _app: Flask, *, error: str, description: str) -> None:
        audit.rejected(error, description)


def _http_watch() -> HTTPWatch | None:
    watch, _ = request_state.kept(_HTTP_WATCH) or (None, None)
    return cast("HTTPWatch | None", watch)


def _application_context() -> object:
    return g._get_current_object()
