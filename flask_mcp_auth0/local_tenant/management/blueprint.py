"""From an HTTP request to an endpoint and back: routing, rate limit, token, scope, body, log."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..ratelimit import Verdict
from ..state import TenantState
from ..tenant import RequestNotes, current_tenant
from . import (
    client_documents,
    client_grants,
    clients,
    connections,
    effective,
    extensibility,
    groups,
    logs,
    organizations,
    resource_servers,
    roles,
    tenant_settings,
    user_grants,
    user_permissions,
    users,
)
from .activity import log_change
from .bearer import authenticate
from .call import Answer, Call, Caller
from .errors import ManagementError, insufficient_scope, invalid_body
from .routing import PREFIX, Route, Router, sent_path

METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")
LARGEST_BODY = 1_048_576

ROUTER = Router(
    module.routes
    for module in (
        client_documents,
        client_grants,
        clients,
        connections,
        effective,
        extensibility,
        groups,
        logs,
        organizations,
        resource_servers,
        roles,
        tenant_settings,
        user_grants,
        user_permissions,
        users,
    )
)


def create_blueprint(state: TenantState) -> Blueprint:
    """The Management API on ``state``, mounted at ``/api/v2``."""
    blueprint = Blueprint("management", __name__, url_prefix=PREFIX)

    def answer(rest: str) -> Response:
        request.max_content_length = LARGEST_BODY
        verdict: Verdict | None = None
        try:
            found = ROUTER.match(request.method, sent_path(request.environ).removeprefix(PREFIX))
            if found is None:
                raise ManagementError(404, "Not Found")
            route, variables = found
            verdict = state.rate_limiter.take(route.pattern) if state.rate_limiter else None
            if verdict is not None and not verdict.allowed:
                state.log("api_limit", "Rate limit on the Authentication or Management APIs")
                raise ManagementError(429, "Global limit has been reached", "too_many_requests")
            response = _to_response(_run(state, route, variables))
        except ManagementError as error:
            response = _json(error.status, error.body())
        if verdict is not None:
            response.headers.update(verdict.headers())
        return response

    blueprint.add_url_rule("/<path:rest>", "endpoint", answer, methods=METHODS)
    return blueprint


def _run(state: TenantState, route: Route, variables: dict[str, str]) -> Any:
    caller = authenticate(state, current_tenant().keys, request.headers.get("Authorization"))
    g.tenant_notes = RequestNotes(client_id=caller.client_id, user_id=caller.user_id)
    if route.scopes and not caller.scopes & set(route.scopes):
        raise insufficient_scope(route.scopes)
    return perform(route, variables, _call(state, caller), sent_path(request.environ))


def perform(route: Route, variables: dict[str, str], call: Call, path: str, *, channel: str = "api") -> Any:
    """Run an endpoint for a caller who may, and log what it changed.

    :param path: the request's path, for the log.
    :param channel: through what the change came.
    :raises ManagementError: as the endpoint does.
    """
    state = call.state
    with nullcontext() if route.outside_lock else state.lock:
        result = route.handler(call, **variables)
    if route.method != "GET":
        state.touch()
        log_change(state, route, call, path=path, status=_status(result), channel=channel)
    return result


def _call(state: TenantState, caller: Caller) -> Call:
    repeated = {name: list(values) for name, values in request.args.lists()}
    query = {name: values[-1] for name, values in repeated.items()}
    return Call(state, caller, query, repeated, _body())


def _body() -> Any:
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise ManagementError(413, "Payload content length greater than maximum allowed: 1048576") from None
    if not data:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise invalid_body("'Invalid request payload JSON format'") from None


def _status(result: Any) -> int:
    return result.status if isinstance(result, Answer) else 200


def _to_response(result: Any) -> Response:
    if isinstance(result, Answer):
        return _json(result.status, result.body)
    return _json(200, result)


def _json(status: int, body: Any) -> Response:
    text = "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type="application/json; charset=utf-8")
