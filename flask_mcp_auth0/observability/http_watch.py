"""The HTTP request around MCP messages, where no instrumentation of the application follows it already.

OpenTelemetry semantic conventions for HTTP (http-spans and http-metrics, Server).
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from .instruments import Instruments, remote_context
from .request_ids import current_request_id

_METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"))
OTHER = "_OTHER"
_TRACE_CONTEXT = ("traceparent", "tracestate")

#: Left in the environment by OpenTelemetry's instrumentation of Flask, whether it records or not.
_THEIRS = "opentelemetry-flask."


class HTTPWatch:
    """Records one HTTP request as a span and in a metric."""

    def __init__(self, instruments: Instruments, request: Request, base_url: str) -> None:
        self._instruments = instruments
        self._started = time.perf_counter()
        self._response: Response | None = None
        method = request.method if request.method in _METHODS else OTHER
        self._common: dict[str, Any] = {
            "http.request.method": method,
            "url.scheme": request.scheme if request.scheme in ("http", "https") else OTHER,
        }
        route = None if request.url_rule is None else request.url_rule.rule
        if route is not None:
            self._common["http.route"] = route
        own = urlsplit(base_url)
        details: dict[str, Any] = {
            "url.path": request.path[:256],
            "server.address": own.hostname or "",
            "flask_mcp_auth0.request_id": current_request_id() or "",
        }
        if own.port is not None:
            details["server.port"] = own.port
        if request.remote_addr:
            details["client.address"] = request.remote_addr
        if request.user_agent.string:
            details["user_agent.original"] = request.user_agent.string[:256]
        self.span = instruments.tracer.start_span(
            f"{'HTTP' if method == OTHER else method}{f' {route}' if route else ''}",
            context=remote_context({name: request.headers.get(name) for name in _TRACE_CONTEXT}),
            kind=SpanKind.SERVER,
            attributes={**self._common, **details},
        )

    @staticmethod
    def followed_already(request: Request) -> bool:
        """Tell whether an instrumentation of the application records this request."""
        if trace.get_current_span().get_span_context().is_valid:
            return True
        return any(isinstance(key, str) and key.startswith(_THEIRS) for key in request.environ)

    def answered(self, response: Response) -> None:
        """Remember the answer; its status may still change while it is written."""
        self._response = response

    def end(self) -> None:
        """Record; to be called when everything has been sent."""
        status = 500 if self._response is None else self._response.status_code
        outcome: dict[str, Any] = {"http.response.status_code": status}
        if status >= 500:
            outcome["error.type"] = str(status)
            self.span.set_status(Status(StatusCode.ERROR))
        self.span.set_attributes(outcome)
        self._instruments.request_duration.record(
            time.perf_counter() - self._started,
            {**self._common, **outcome},
            context=trace.set_span_in_context(self.span),
        )
        self.span.end()
