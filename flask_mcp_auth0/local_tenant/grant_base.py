"""What the grants of ``/oauth/token`` share."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from . import authlib_parts as authlib
from .access_tokens import TokenOrder, access_token
from .dpop import proof_thumbprint
from .errors import TenantError, grant_type_not_allowed
from .model import Client, RefreshToken, User
from .oauth_client import AUTH_METHODS, OAuthClient
from .oauth_server import OAuthServer, notes
from .refresh_tokens import forget_expired, token_id
from .tenant import Tenant

TOKEN_HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
]
TokenResponse = tuple[int, dict[str, Any], list[tuple[str, str]]]


class TenantGrant(authlib.BaseGrant):
    """What the grants share; mixed into Authlib's."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    TOKEN_RESPONSE_HEADER = TOKEN_HEADERS
    GRANT_TYPE: str
    request: Any
    server: OAuthServer

    @property
    def tenant(self) -> Tenant:
        return self.server.tenant

    @property
    def record(self) -> Client:
        client: OAuthClient = self.request.client
        return client.record

    @property
    def parameters(self) -> Mapping[str, list[str]]:
        return cast("Mapping[str, list[str]]", self.request.payload.datalist)

    def one(self, name: str) -> str | None:
        """The parameter ``name``, or ``None``. :raises TenantError: when it is there more than once."""
        values = self.parameters.get(name, [])
        if len(values) > 1:
            raise TenantError("invalid_request", f"Parameter '{name}' is there more than once", 400)
        return values[0] if values else None

    def required(self, name: str) -> str:
        value = self.one(name)
        if not value:
            raise TenantError("invalid_request", f"Missing required parameter: {name}", 400)
        return value

    _proven: OAuthClient | None = None

    def authenticate_token_endpoint_client(self) -> OAuthClient:
        """The application, asked for its proof once: a client assertion does not count twice."""
        proven = self._proven or super().authenticate_token_endpoint_client()
        self._proven = proven
        return proven

    def authenticated(self) -> Client:
        """The application, once it has proved who it is and that it may use this grant."""
        client = self.authenticate_token_endpoint_client()
        self.request.client = client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise grant_type_not_allowed(self.GRANT_TYPE)
        return client.record

    def proof(self, client: Client) -> str | None:
        """The thumbprint of the key of the request's DPoP proof, if there is one (RFC 9449 section 5)."""
        jkt = proof_thumbprint(self.tenant, self.request.headers)
        if jkt is None and client.require_proof_of_possession:
            raise TenantError("invalid_dpop_proof", "This client has to send a DPoP proof", 400)
        return jkt

    def respond(self, order: TokenOrder, *, requested: tuple[str, ...] | None = None) -> dict[str, Any]:
        """The token response for ``order`` (RFC 6749 section 5.1), without refresh and ID tokens."""
        proof = order.api.proof_of_possession if order.api else None
        if proof and proof.get("required") and order.jkt is None:
            raise TenantError("invalid_request", "The API asks for sender-constrained tokens (DPoP)", 400)
        token, lifetime = access_token(self.tenant, order)
        body: dict[str, Any] = {
            "access_token": token,
            "token_type": "DPoP" if order.jkt else "Bearer",
            "expires_in": lifetime,
        }
        if order.scope:
            body["scope"] = " ".join(order.scope)
        notes().user_id = order.user.user_id if order.user else None
        return body

    def new_refresh_token(self, template: RefreshToken) -> str:
        """Keep a new refresh token made after ``template``; returns the token itself, kept nowhere."""
        text = f"v1.{secrets.token_urlsafe(48)}"
        state = self.tenant.state
        with state.lock:
            entry = replace(template, id=token_id(text), rotated_at=None)
            state.refresh_tokens[entry.id] = entry
            forget_expired(self.tenant)
            state.touch()
        return text

    def live_refresh_token(self, text: str, client: Client) -> RefreshToken | None:
        """The refresh token of ``client`` that ``text`` is, if it still counts."""
        state = self.tenant.state
        entry = state.refresh_tokens.get(token_id(text))
        if entry is None or entry.client_id != client.client_id or entry.rotated_at is not None:
            return None
        return entry if entry.expires_at > state.now() else None

    def user(self, user_id: str) -> User:
        user = self.tenant.state.users.get(user_id)
        if user is None:
            raise TenantError("invalid_grant", "The user does not exist anymore.")
        if user.blocked:
            raise TenantError("unauthorized", "user is blocked")
        return user
