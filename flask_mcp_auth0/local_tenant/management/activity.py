"""The entry that a change leaves in the tenant's log: type ``sapi``, as Auth0 writes it for a call of the
Management API.
"""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from ..state import TenantState
from .call import Caller
from .routing import Route, sent_path

_SECRET = frozenset({"password", "client_secret", "signing_secret", "secret", "token"})


def record(state: TenantState, route: Route, caller: Caller, body: Any, status: int) -> None:
    """Log an endpoint's success."""
    path = sent_path(request.environ) if has_request_context() else route.template
    log_change(
        state,
        route.description,
        method=route.method,
        path=path,
        body=body,
        status=status,
        client_id=caller.client_id,
        user_id=caller.user_id,
    )


def log_change(
    state: TenantState,
    description: str,
    *,
    method: str,
    path: str,
    body: Any = None,
    status: int = 200,
    client_id: str | None = None,
    user_id: str | None = None,
    channel: str = "api",
) -> None:
    """Log a change.

    :param path: the Management API's path that makes this change, from ``/api/v2`` on, still percent-encoded.
    :param channel: ``api``, or the page through which an administrator did it.
    """
    details: dict[str, Any] = {
        "request": {
            "method": method.lower(),
            "path": path,
            "query": {},
            "channel": channel,
            "body": masked(body),
        },
        "response": {"statusCode": status},
    }
    state.log("sapi", description, client_id=client_id, user_id=user_id, details=details)


def masked(value: Any) -> Any:
    """``value`` without what is secret in it."""
    if isinstance(value, dict):
        return {name: "***" if name in _SECRET else masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value
