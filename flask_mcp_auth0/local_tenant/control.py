"""The control API for tests in another process: ``/_control/…``, JSON in and out.

It is for programs on this machine alone: :mod:`.security` wants a header that no other site's page can send.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from .ratelimit import PLANS
from .security import CONTROL_PREFIX
from .tenant import current_tenant

bp = Blueprint("control", __name__, url_prefix=CONTROL_PREFIX.rstrip("/"))

_FAULT = {
    "endpoint": (str,),
    "latency": (int, float),
    "status": (int,),
    "retry_after": (int,),
    "ratelimit_reset": (int,),
    "drop": (bool,),
    "truncate": (bool,),
    "content": (str,),
    "content_type": (str,),
    "times": (int,),
}
_TENANT: dict[str, tuple[type[Any], ...]] = {
    "clock_skew": (int, float),
    "issuer_in_tokens": (str, type(None)),
    "issuer_in_metadata": (str, type(None)),
    "rate_limit": (str, type(None)),
    "log_stream": (dict, type(None)),
}


@bp.get("/faults")
def list_faults() -> Response:
    """The faults that are on."""
    return jsonify([asdict(fault) for fault in current_tenant().state.faults])


@bp.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Switch a fault on: the properties of :class:`~.faults.Fault`."""
    body = _checked(_FAULT)
    try:
        fault = current_tenant().state.faults.add(body.pop("endpoint", ""), **body)
    except ValueError as error:
        abort(400, str(error))
    return jsonify(asdict(fault)), 201


@bp.delete("/faults")
def clear_faults() -> tuple[str, int]:
    """Lift every fault."""
    current_tenant().state.faults.clear()
    return "", 204


@bp.delete("/faults/<int:fault>")
def clear_fault(fault: int) -> tuple[str, int]:
    """Lift one fault."""
    current_tenant().state.faults.clear(fault)
    return "", 204


@bp.post("/keys/rotate")
def rotate() -> Response:
    """Put the next signing key to use; the one before stays published."""
    return jsonify(kid=current_tenant().keys.rotate())


@bp.post("/keys/revoke")
def revoke() -> Response:
    """Withdraw a key (``{"kid": …}``, by default the one in use): what it signed counts no more."""
    keys = current_tenant().keys
    kid = _checked({"kid": (str,)}).get("kid", keys.kid)
    if not keys.revoke(kid):
        abort(404, "There is no such key.")
    return jsonify(revoked=kid, kid=keys.kid)


@bp.get("/tenant")
def show() -> Response:
    """What :func:`change` can change, and the requests counted by endpoint."""
    state = current_tenant().state
    with state.lock:
        return jsonify(
            clock_skew=state.clock_skew,
            issuer_in_tokens=state.issuer_in_tokens,
            issuer_in_metadata=state.issuer_in_metadata,
            log_stream=state.log_stream.url if state.log_stream else None,
            counts=dict(state.counts),
        )


@bp.patch("/tenant")
def change() -> Response:
    """Change the clock or the issuer that tokens and documents show, the rate limit, the log stream."""
    body = _checked(_TENANT)
    state = current_tenant().state
    plan = body.get("rate_limit")
    if plan is not None and plan not in PLANS:
        abort(400, f"rate_limit is one of {', '.join(PLANS)}.")
    stream = body.get("log_stream")
    if stream is not None and not isinstance(stream.get("url"), str):
        abort(400, 'log_stream is {"url": …, "authorization": …} or null.')
    with state.lock:
        for name in ("clock_skew", "issuer_in_tokens", "issuer_in_metadata"):
            if name in body:
                setattr(state, name, body[name])
        if "rate_limit" in body:
            state.limit_rate(plan)
        if "log_stream" in body:
            state.stream_logs_to(stream and stream["url"], stream and stream.get("authorization"))
    return show()


@bp.delete("/counts")
def forget_counts() -> tuple[str, int]:
    """Count requests from nought again."""
    state = current_tenant().state
    with state.lock:
        state.counts.clear()
    return "", 204


def _checked(fields: dict[str, tuple[type[Any], ...]]) -> dict[str, Any]:
    """The body, an object with no other properties than ``fields``; aborts with 400 otherwise."""
    body = request.get_json(silent=True) if request.get_data() else {}
    if not isinstance(body, dict):
        abort(400, "The body is not a JSON object.")
    for name, value in body.items():
        if name not in fields:
            abort(400, f"Unknown property {name}; known are {', '.join(fields)}.")
        if not isinstance(value, fields[name]) or (isinstance(value, bool) and bool not in fields[name]):
            abort(400, f"{name} is of the wrong type.")
    return body
