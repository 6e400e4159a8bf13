"""Follows one MCP request: its span, its metric, its timing.

OpenTelemetry semantic conventions for MCP (gen-ai/mcp, Server), status Development.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from flask import request

from ..protocol.server import Exchange
from ..protocol.versions import HANDSHAKE_VERSIONS, MODERN_VERSIONS
from ..protocol.watching import Failure
from . import timings
from .request_ids import current_request_id

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from .instruments import Instruments

#: What a client may put into ``method`` is without bounds; what goes into names of spans and series is not.
_METHODS = frozenset(
    (
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/message",
        "notifications/progress",
        "notifications/roots/list_changed",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "tools/call",
        "tools/list",
    )
)
#: Of a notification the version is whatever its header says.
_VERSIONS = frozenset((*MODERN_VERSIONS, *HANDSHAKE_VERSIONS))
OTHER = "_OTHER"
_URI_METHODS = ("resources/read", "resources/subscribe", "resources/unsubscribe")


class TimingWatch:
    """Puts ``Server-Timing`` on an answer that can still have headers (an app in debug mode)."""

    def working(self) -> AbstractContextManager[object]:
        return nullcontext()

    def crashed(self, error: Exception) -> None:
        """Takes no note of it."""

    def end(self, failure: Failure | None) -> Mapping[str, str]:
        timed = timings.current()
        return {} if timed is None else {timings.HEADER: timed.header()}


class SpanWatch(TimingWatch):
    """Records one request as a span and in a metric.

    :param ambient: the span of the HTTP request, where it is ours.
    """

    def __init__(self, instruments: Instruments, exchange: Exchange, ambient: Span | None) -> None:
        from opentelemetry import trace
        from opentelemetry.trace import Link, SpanKind

        from .instruments import remote_context

        self._instruments = instruments
        self._started = time.perf_counter()
        method = exchange.request.method
        self._common, target = _common(exchange, method if method in _METHODS else OTHER)
        around = trace.get_current_span() if ambient is None else ambient
        known = around.get_span_context().is_valid
        meta = exchange.params.get("_meta")
        parent = remote_context(meta) if isinstance(meta, Mapping) else None
        # The client's span is the parent whatever carried the message; what carried it is linked.
        links = [Link(around.get_span_context())] if parent is not None and known else ()
        self._span = instruments.tracer.start_span(
            f"{self._common['mcp.method.name']} {target}" if target else self._common["mcp.method.name"],
            context=parent if parent is not None else trace.set_span_in_context(around),
            kind=SpanKind.SERVER,
            attributes={**self._common, **_details(exchange)},
            links=links,
        )

    def working(self) -> AbstractContextManager[object]:
        from opentelemetry import trace

        return trace.use_span(self._span, record_exception=False, set_status_on_exception=False)

    def crashed(self, error: Exception) -> None:
        self._span.record_exception(error)

    def end(self, failure: Failure | None) -> Mapping[str, str]:
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        outcome: dict[str, Any] = {}
        if failure is not None:
            outcome["error.type"] = failure.kind
            if failure.code is not None:
                outcome["rpc.response.status_code"] = str(failure.code)
            self._span.set_attributes(outcome)
            self._span.set_status(Status(StatusCode.ERROR, failure.message or None))
        self._instruments.operation_duration.record(
            time.perf_counter() - self._started,
            {**self._common, **outcome},
            context=set_span_in_context(self._span),
        )
        self._span.end()
        return super().end(failure)


def _common(exchange: Exchange, method: str) -> tuple[dict[str, Any], str | None]:
    """Return the attributes of span and metric, all of low cardinality, and what the span's name ends with."""
    version = exchange.terms.version
    attributes: dict[str, Any] = {
        "mcp.method.name": method,
        "mcp.protocol.version": version if version in _VERSIONS else OTHER,
        "network.protocol.name": "http",
        "network.transport": "tcp",
    }
    protocol = request.environ.get("SERVER_PROTOCOL", "").partition("/")[2]
    if protocol in ("1.0", "1.1", "2", "3"):
        attributes["network.protocol.version"] = protocol
    name = exchange.params.get("name")
    registry = exchange.server.registry
    if method == "tools/call":
        attributes["gen_ai.operation.name"] = "execute_tool"
        if isinstance(name, str) and name in registry.tools:
            attributes["gen_ai.tool.name"] = name
            return attributes, name
    elif method == "prompts/get" and isinstance(name, str) and name in registry.prompts:
        attributes["gen_ai.prompt.name"] = name
        return attributes, name
    return attributes, None


def _details(exchange: Exchange) -> dict[str, Any]:
    """Return the attributes of the span alone."""
    details: dict[str, Any] = {"flask_mcp_auth0.request_id": current_request_id() or ""}
    if exchange.request.id != "":
        details["jsonrpc.request.id"] = str(exchange.request.id)[:64]
    session = exchange.terms.session
    if session is not None:
        # Enough to see what belongs together; nothing that could be sent to the server.
        details["mcp.session.id"] = hashlib.sha256(f"session:{session}".encode()).hexdigest()[:32]
    if request.remote_addr:
        details["client.address"] = request.remote_addr
    uri = exchange.params.get("uri")
    if exchange.request.method in _URI_METHODS and isinstance(uri, str):
        found = exchange.server.registry.resolve(uri)
        if found is not None:
            # Of a template, not what was filled in: that is an argument.
            details["mcp.resource.uri"] = found[0].component.uri
    return details
