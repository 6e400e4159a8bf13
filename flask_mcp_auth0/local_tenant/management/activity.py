"""The entry that a change leaves in the tenant's log: type ``sapi``, as Auth0 writes it for a call of the
Management API.
"""

from __future__ import annotations

from typing import Any

from ..state import TenantState
from .call import Call
from .routing import Route

_SECRET = frozenset({"password", "client_secret", "signing_secret", "secret", "token"})


def log_change(state: TenantState, route: Route, call: Call, *, path: str, status: int, channel: str) -> None:
    """Log that an endpoint changed something.

    :param path: the request's path from ``/api/v2`` on, still percent-encoded.
    :param channel: ``api``, or the page through which an administrator did it.
    """
    details: dict[str, Any] = {
        "request": {
            "method": route.method.lower(),
            "path": path,
            "query": dict(call.query),
            "channel": channel,
            "body": masked(call.body),
        },
        "response": {"statusCode": status},
    }
    caller = call.caller
    state.log("sapi", route.description, client_id=caller.client_id, user_id=caller.user_id, details=details)


def masked(value: Any) -> Any:
    """``value`` without what is secret in it."""
    if isinstance(value, dict):
        return {name: "***" if name in _SECRET else masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value
