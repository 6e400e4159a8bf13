"""Approval on another device: OpenID Connect Client-Initiated Backchannel Authentication (CIBA), in poll
mode.

The user's device is the page ``/ciba``, which lists what waits for approval.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for

from .access_tokens import TokenOrder, id_token
from .authlib_parts import OAuth2Error, TokenEndpointMixin
from .errors import TenantError, grant_type_not_allowed
from .grant_base import TenantGrant, TokenResponse
from .memory import Memory
from .model import GRANT_CIBA, Client, User
from .oauth_client import AUTH_METHODS
from .oauth_server import body_parameters, current_server, notes
from .pages import Page
from .rules import split_scope, user_scopes, user_target, wanted_audience
from .security import check_form, csrf_token, only_from_here
from .tenant import Tenant, current_tenant

bp = Blueprint("ciba", __name__)

EXPIRES_IN = 300
INTERVAL = 5
LIMIT = 200
_STORE = "local_tenant_ciba"
BINDING_MESSAGE = re.compile(r"[A-Za-z0-9 +\-_.,:#]{1,64}")


@dataclass(slots=True)
class Approval:
    """A request for approval. ``answer`` is ``None`` while the user has not decided."""

    id: str
    client_id: str
    user_id: str
    audience: str
    scope: tuple[str, ...]
    binding_message: str
    lifetime: int
    expires_at: float
    answer: bool | None = None
    polled_at: float | None = None


class CibaGrant(TenantGrant, TokenEndpointMixin):
    """``urn:openid:params:grant-type:ciba`` (CIBA Core section 10)."""

    GRANT_TYPE = GRANT_CIBA

    def validate_token_request(self) -> None:
        self.authenticated()

    def create_token_response(self) -> TokenResponse:
        client, state = self.record, self.tenant.state
        store = approvals()
        approval = store.get(self.required("auth_req_id"))
        if approval is None or approval.client_id != client.client_id:
            raise TenantError("invalid_grant", "Invalid or expired auth_req_id", 400)
        if approval.expires_at <= state.now():
            raise TenantError("expired_token", "The authentication request has expired", 400)
        if approval.answer is None:
            early = approval.polled_at is not None and state.now() - approval.polled_at < INTERVAL - 0.5
            approval.polled_at = state.now()
            if early:
                raise TenantError("slow_down", "You are polling faster than allowed. Try again later.", 400)
            raise TenantError("authorization_pending", "The end-user authorization is pending", 400)
        if store.pop(approval.id) is None:
            raise TenantError("invalid_grant", "Invalid or expired auth_req_id", 400)
        if not approval.answer:
            raise TenantError(
                "access_denied", "The end-user denied the authorization request or it has been expired", 400
            )
        user = self.user(approval.user_id)
        target = user_target(state, client, approval.audience or None)
        scope = user_scopes(state, client, user, target, approval.scope)
        order = TokenOrder(client, self.GRANT_TYPE, user, target.api, scope, jkt=self.proof(client))
        body = self.respond(order)
        if "openid" in scope:
            body["id_token"] = id_token(self.tenant, order, nonce=None, auth_time=None)
        return 200, body, self.TOKEN_RESPONSE_HEADER


@bp.post("/bc-authorize")
def begin() -> Response:
    """The backchannel authentication endpoint (CIBA Core section 7)."""
    server = current_server()
    try:
        oauth_request = server.create_oauth2_request()
        client: Client = server.authenticate_client(oauth_request, AUTH_METHODS).record
        notes().client_id = client.client_id
        approval = _requested(current_tenant(), client)
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    approvals().put(approval.id, approval)
    return jsonify(auth_req_id=approval.id, expires_in=approval.lifetime, interval=INTERVAL)


@bp.get("/ciba")
def waiting() -> str:
    """The page on which requests are approved or denied."""
    only_from_here()
    state = current_tenant().state
    rows = [
        (approval, state.users.get(approval.user_id), state.clients.get(approval.client_id))
        for approval in approvals().values()
        if approval.answer is None and approval.expires_at > state.now()
    ]
    return render_template("ciba.html", rows=rows, csrf=csrf_token("ciba"))


@bp.post("/ciba")
def decide() -> Page:
    """The user's answer."""
    only_from_here()
    check_form("ciba")
    answer(request.form.get("id", ""), request.form.get("action") == "approve")
    return redirect(url_for("ciba.waiting"))


@bp.post("/_control/ciba")
def decide_by_program() -> tuple[Response, int]:
    """The same for a test: ``{"id": auth_req_id, "approve": true}``."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not answer(str(body.get("id")), body.get("approve") is True):
        return jsonify(error="invalid_request", error_description="No such request waits."), 400
    return jsonify(body), 200


def answer(auth_req_id: str, approve: bool) -> bool:
    """Record the user's answer. Returns whether the request was waiting for one."""
    approval = approvals().get(auth_req_id)
    if approval is None or approval.answer is not None:
        return False
    approval.answer = approve
    return True


def approvals() -> Memory[Approval]:
    """What waits for approval, oldest first."""
    store = current_app.extensions.get(_STORE)
    if store is None:
        store = Memory(current_tenant().state.now, limit=LIMIT, lifetime=EXPIRES_IN * 2)
        store = current_app.extensions.setdefault(_STORE, store)
    assert isinstance(store, Memory)
    return store


def _requested(tenant: Tenant, client: Client) -> Approval:
    parameters = body_parameters(request)
    if GRANT_CIBA not in client.grant_types or not client.is_first_party:
        raise grant_type_not_allowed(GRANT_CIBA)
    scope = split_scope(parameters.get("scope"))
    if "openid" not in scope:
        raise TenantError("invalid_scope", "openid scope must be requested", 400)
    message = parameters.get("binding_message", "")
    if not BINDING_MESSAGE.fullmatch(message):
        raise TenantError(
            "invalid_binding_message", "binding_message is missing, too long or has other characters", 400
        )
    user = _hinted(tenant, parameters.get("login_hint", ""))
    audience = wanted_audience(tenant.state, parameters.to_dict(flat=False))
    target = user_target(tenant.state, client, audience)
    expiry = parameters.get("requested_expiry", str(EXPIRES_IN))
    if not expiry.isdigit() or not 1 <= int(expiry) <= EXPIRES_IN:
        raise TenantError("invalid_request", f"requested_expiry is from 1 to {EXPIRES_IN}", 400)
    return Approval(
        id=secrets.token_urlsafe(32),
        client_id=client.client_id,
        user_id=user.user_id,
        audience=target.api.identifier if target.api else "",
        scope=scope,
        binding_message=message,
        lifetime=int(expiry),
        expires_at=tenant.state.now() + int(expiry),
    )


def _hinted(tenant: Tenant, hint: str) -> User:
    """The user of a login hint, ``{"format": "iss_sub", "iss": …, "sub": …}``."""
    try:
        parsed = json.loads(hint)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or parsed.get("format") != "iss_sub":
        raise TenantError("invalid_request", "login_hint has to be of the format iss_sub", 400)
    user = tenant.state.users.get(str(parsed.get("sub")))
    if parsed.get("iss") != tenant.issuer or user is None or user.blocked:
        raise TenantError("unknown_user_id", "The user of the login_hint is not known", 400)
    return user
