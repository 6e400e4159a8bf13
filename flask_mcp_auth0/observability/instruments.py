"""The tracer and the metrics, as the semantic conventions for MCP and HTTP name them.

Imported only where an SDK has been set up: it needs OpenTelemetry's API at import time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

#: Metric ``mcp.server.operation.duration``, advised buckets (seconds).
_MCP_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
#: Metric ``http.server.request.duration``, advised buckets (seconds).
_HTTP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

#: Longer values than these are not what W3C Trace Context describes (§3.2, §3.3).
_TRACEPARENT, _TRACESTATE = 128, 1024

_PROPAGATOR = TraceContextTextMapPropagator()


class Instruments:
    """What one app records with."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self.tracer = tracer
        self.operation_duration = meter.create_histogram(
            "mcp.server.operation.duration",
            unit="s",
            description="From the receipt of an MCP request or notification to its result.",
            explicit_bucket_boundaries_advisory=_MCP_BUCKETS,
        )
        self.request_duration = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=_HTTP_BUCKETS,
        )
        self.decisions = meter.create_counter(
            "flask_mcp_auth0.decisions",
            unit="{decision}",
            description="Decisions about whether a caller may use a component.",
        )


def remote_context(carrier: Mapping[str, Any]) -> Context | None:
    """Return the context of the caller's span (W3C Trace Context), ``None`` where it sent none.

    :param carrier: has ``traceparent`` and ``tracestate``: a request's ``_meta``, or its headers.
    """
    parent, state = carrier.get("traceparent"), carrier.get("tracestate")
    if not isinstance(parent, str) or len(parent) > _TRACEPARENT:
        return None
    sent = {"traceparent": parent}
    if isinstance(state, str) and len(state) <= _TRACESTATE:
        sent["tracestate"] = state
    context = _PROPAGATOR.extract(sent, Context())
    # Nothing that could be read leaves the context empty.
    return context or None
