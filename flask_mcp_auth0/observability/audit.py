"""The audit log: one record for every decision, every call and every refused token.

The logger is ``flask_mcp_auth0.audit``, every record has level ``INFO``, and what it says stands in attributes
of the record, for handlers that write JSON. Texts of others are printable and short in there; what a tool was
called with is not in there at all, but for the arguments that it names in ``audit_arguments``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..auth.auth_info import AuthInfo, find_auth_info
from ..auth.reports import sanitized
from ..protocol.components import Component, Tool
from .request_ids import current_request_id
from .tracing import current_trace_id

audit_log = logging.getLogger("flask_mcp_auth0.audit")

#: The attributes of an audit record, in the order in which :class:`JSONFormatter` writes them.
FIELDS = (
    "event",
    "user",
    "client_id",
    "organization",
    "component_kind",
    "component_name",
    "decision",
    "outcome",
    "reason",
    "duration_ms",
    "arguments",
    "request_id",
    "trace_id",
)
_LARGEST = 2**53


def decided(
    auth_info: AuthInfo | None, *, kind: str, name: str, outcome: str, reason: str, duration: float
) -> None:
    """Record a decision: who, what, how it was decided, why, how long that took."""
    if not audit_log.isEnabledFor(logging.INFO):
        return
    extra = _common("decision", auth_info, kind, name, duration)
    extra |= {"decision": outcome, "reason": sanitized(reason)}
    audit_log.info(
        "%s %s %r: %s (%s)",
        extra["user"],
        kind,
        extra["component_name"],
        outcome,
        extra["reason"],
        extra=extra,
    )


def called(component: Component, outcome: str, seconds: float, arguments: Mapping[str, Any]) -> None:
    """Record that a component was run: who, what, how it ended, how long it took."""
    if not audit_log.isEnabledFor(logging.INFO):
        return
    extra = _common("call", find_auth_info(), component.kind, component.name, seconds)
    extra["outcome"] = outcome
    if isinstance(component, Tool) and component.audit_arguments:
        named = component.audit_arguments
        extra["arguments"] = {name: _shown(arguments[name]) for name in named if name in arguments}
    audit_log.info(
        "%s called %s %r: %s after %s ms",
        extra["user"],
        component.kind,
        extra["component_name"],
        outcome,
        extra["duration_ms"],
        extra=extra,
    )


def rejected(error: str, description: str) -> None:
    """Record that a token was refused. Whose it claims to be is not told, since nothing in it was believed."""
    if not audit_log.isEnabledFor(logging.INFO):
        return
    extra = {"event": "token_rejected", "decision": "unauthenticated", "reason": sanitized(error)}
    audit_log.info("a token was refused: %s", sanitized(description), extra=extra | _request())


class JSONFormatter(logging.Formatter):
    """Writes each audit record as one line of JSON: time, level, and what the record has of :data:`FIELDS`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without the line end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return json.dumps(line, default=str)


def _common(event: str, info: AuthInfo | None, kind: str, name: str, seconds: float) -> dict[str, Any]:
    return {
        "event": event,
        "user": "anonymous" if info is None else sanitized(info.user.sub),
        "client_id": None if info is None else sanitized(info.client_id),
        "organization": None if info is None or info.organization is None else sanitized(info.organization),
        "component_kind": kind,
        "component_name": sanitized(name),
        "duration_ms": round(seconds * 1000, 3),
        **_request(),
    }


def _request() -> dict[str, Any]:
    trace_id = current_trace_id()
    return {"request_id": current_request_id(), **({"trace_id": trace_id} if trace_id else {})}


def _shown(value: Any) -> Any:
    """Return an argument's value in a form that is bounded and safe in a log."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if -_LARGEST <= value <= _LARGEST else "(large number)"
    return sanitized(value if isinstance(value, str) else json.dumps(value, default=str))
