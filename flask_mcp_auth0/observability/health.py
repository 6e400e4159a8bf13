"""The health endpoint: what this process knows of what it depends on. It asks nobody, and tells no secret.

Each check is ``ok``, ``unknown`` (not asked yet), ``stale`` (what was learned before is used on), ``failing`` or
``not configured``.

``GET /mcp/health`` is 200 while the process answers at all (liveness). ``GET /mcp/health?ready=1`` is 503 while
the process knows that it could not serve a caller now (readiness).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, jsonify, request

from ..condition import Condition

Status = Literal["ok", "degraded"]

#: Seconds for which a failure counts against readiness. Without requests nothing is tried again, so a process
#: that stayed unready would never find out that the tenant is back.
_RECENT = 30.0

#: Without these no token can be checked.
_VITAL = ("jwks", "discovery")


class Health:
    """Answers probes of one app. It keeps nothing, so it is safe to share between threads.

    :param checks: tells, for each name, how that has fared; ``None`` where it is not configured.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[], Condition | None]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._checks = checks
        self._clock = clock

    def view(self) -> Response:
        """Answer a probe."""
        conditions = {name: ask() for name, ask in self._checks.items()}
        shown = {name: _shown(condition) for name, condition in conditions.items()}
        failing = any(condition is not None and condition.failing for condition in conditions.values())
        status: Status = "degraded" if failing else "ok"
        ready = not any(self._keeps_out(conditions.get(name)) for name in _VITAL)
        response = jsonify(status=status, ready=ready, checks=shown)
        if not ready and request.args.get("ready", "").lower() in ("1", "true", "yes"):
            response.status_code = 503
        response.headers["Cache-Control"] = "no-store"
        return response

    def _keeps_out(self, condition: Condition | None) -> bool:
        if condition is None or not condition.failing or condition.usable:
            return False
        return condition.failed_at is not None and self._clock() - condition.failed_at < _RECENT


def _shown(condition: Condition | None) -> dict[str, Any]:
    if condition is None:
        return {"status": "not configured"}
    if condition.failing:
        status = "stale" if condition.usable else "failing"
    else:
        status = "ok" if condition.usable else "unknown"
    return {
        "status": status,
        "last_success": _time(condition.succeeded_at),
        "last_failure": _time(condition.failed_at),
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
