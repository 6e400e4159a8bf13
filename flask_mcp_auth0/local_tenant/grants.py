"""The grants of ``/oauth/token``: authorization code with PKCE, refresh token, client credentials."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from . import authlib_parts as authlib
from .access_tokens import OFFLINE_ACCESS, TokenOrder, access_token, id_token
from .dpop import proof_thumbprint
from .errors import TenantError, grant_type_not_allowed, invalid_refresh_token
from .model import AuthorizationCode, Client, RefreshToken, User
from .oauth_client import AUTH_METHODS, OAuthClient
from .oauth_server import OAuthServer, notes
from .rules import (
    machine_scopes,
    machine_target,
    organization_for,
    split_scope,
    user_scopes,
    user_target,
    wanted_audience,
)
from .tenant import Tenant

CODE_LIFETIME = 60
REFRESH_TOKEN_LIFETIME = 2_592_000
TOKEN_HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
]


class S256Only(authlib.CodeChallenge):
    """PKCE (RFC 7636) with S256; ``plain`` protects nobody and is not taken."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        client: Client = grant.request.client.record
        data = grant.request.payload.data
        public = client.token_endpoint_auth_method == "none" or not client.is_first_party  # noqa: S105
        if public and not data.get("code_challenge"):
            raise TenantError("invalid_request", "Parameter code_challenge is required for this client", 400)
        if data.get("code_challenge") and data.get("code_challenge_method") != "S256":
            raise TenantError("invalid_request", "The code_challenge_method has to be S256", 400)
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        code: AuthorizationCode = grant.request.authorization_code.record
        if code.code_challenge and not grant.request.form.get("code_verifier"):
            raise TenantError("invalid_request", "Parameter 'code_verifier' is required", 400)
        try:
            super().validate_code_verifier(grant, result)
        except authlib.InvalidRequestError as error:
            raise TenantError("invalid_grant", error.description or "Invalid code verifier") from error
        except authlib.InvalidGrantError as error:
            raise TenantError("invalid_grant", "Failed to verify code verifier") from error


class Code:
    """Authlib's view of an :class:`AuthorizationCode`."""

    def __init__(self, record: AuthorizationCode) -> None:
        self.record = record
        self.code_challenge = record.code_challenge
        self.code_challenge_method = record.code_challenge_method

    def get_redirect_uri(self) -> str | None:
        return self.record.requested_redirect_uri

    def get_scope(self) -> str:
        return self.record.scope


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

    def authenticated(self) -> Client:
        """The application, once it has proved who it is and that it may use this grant."""
        client: OAuthClient = self.authenticate_token_endpoint_client()
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
            _forget_expired(self.tenant)
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


class AuthorizationCodeGrant(TenantGrant, authlib.AuthorizationCodeGrant):
    """RFC 6749 section 4.1. ``authorize.py`` has checked the authorization request before it comes here."""

    decision: AuthorizationCode  # set by the authorization endpoint: what the code will stand for

    def create_authorization_response(
        self, redirect_uri: str, grant_user: User | None
    ) -> tuple[int, str, list[tuple[str, str]]]:
        if grant_user is None:
            raise TenantError(
                "access_denied", "User did not authorize the request", redirect_uri=redirect_uri
            )
        state = self.tenant.state
        with state.lock:
            now = state.now()
            for old in [code for code in state.codes.values() if code.expires_at < now - 600]:
                del state.codes[old.code]
            state.codes[self.decision.code] = self.decision
        parameters = [("code", self.decision.code)]
        if self.request.payload.state:
            parameters.append(("state", self.request.payload.state))
        return 302, "", [("Location", authlib.add_params_to_uri(redirect_uri, parameters))]

    def validate_token_request(self) -> None:
        self.authenticated()
        super().validate_token_request()
        code: AuthorizationCode = self.request.authorization_code.record
        jkt = self.proof(self.record)
        if code.dpop_jkt is not None and code.dpop_jkt != jkt:
            raise TenantError("invalid_dpop_proof", "The code is bound to another key", 400)
        self.jkt = jkt

    def query_authorization_code(self, code: str, client: OAuthClient) -> Code:
        state = self.tenant.state
        with state.lock:
            record = state.codes.get(code)
            if record is None or record.client_id != client.client_id:
                raise self._bad_code(client.client_id)
            if record.used:
                # RFC 6749 section 4.1.2: what the first use gave is revoked.
                _revoke_family(self.tenant, code_family(record))
                raise self._bad_code(client.client_id)
            record.used = True
        if record.expires_at <= state.now():
            raise self._bad_code(client.client_id)
        return Code(record)

    def _bad_code(self, client_id: str) -> TenantError:
        self.tenant.state.log("feacft", "Invalid authorization code", client_id=client_id)
        return TenantError("invalid_grant", "Invalid authorization code")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        code: AuthorizationCode = self.request.authorization_code.record
        user = self.user(code.user_id)
        state, client = self.tenant.state, self.record
        target = user_target(state, client, code.audience or None)
        resource = self.one("resource")
        if resource and code.audience and resource != code.audience and self._resource_counts():
            raise TenantError("invalid_target", "The code was given for another resource", 400)
        scope = tuple(code.scope.split())
        order = TokenOrder(client, self.GRANT_TYPE, user, target.api, scope, code.organization, jkt=self.jkt)
        body = self.respond(order)
        if OFFLINE_ACCESS in scope:
            now = state.now()
            template = RefreshToken(
                id="",
                family=code_family(code),
                client_id=client.client_id,
                user_id=user.user_id,
                scope=code.scope,
                audience=code.audience,
                organization=code.organization,
                issued_at=now,
                expires_at=now + refresh_lifetime(client),
                dpop_jkt=self.jkt if client.token_endpoint_auth_method == "none" else None,  # noqa: S105
            )
            body["refresh_token"] = self.new_refresh_token(template)
        if "openid" in scope:
            body["id_token"] = id_token(self.tenant, order, nonce=code.nonce, auth_time=code.auth_time)
        state.log(
            "seacft",
            "Exchanged authorization code for access token",
            client_id=client.client_id,
            user_id=user.user_id,
            audience=code.audience,
            scope=code.scope,
        )
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _resource_counts(self) -> bool:
        return self.tenant.state.settings.resource_parameter_profile == "compatibility"


class RefreshTokenGrant(TenantGrant, authlib.RefreshTokenGrant):
    """RFC 6749 section 6, with rotation: a token that comes back once it was replaced ends its family."""

    def validate_token_request(self) -> None:
        client = self.authenticated()
        text = self.required("refresh_token")
        state = self.tenant.state
        with state.lock:
            entry = state.refresh_tokens.get(token_id(text))
            if entry is None or entry.client_id != client.client_id or entry.expires_at <= state.now():
                raise self._refused(client, "Unknown or invalid refresh token.")
            if entry.rotated_at is not None and state.now() > entry.rotated_at + refresh_leeway(client):
                _revoke_family(self.tenant, entry.family)
                state.log("ferrt", "Reused refresh token", client_id=client.client_id, user_id=entry.user_id)
                raise invalid_refresh_token()
            if rotates(client):
                entry.rotated_at = entry.rotated_at or state.now()
                state.touch()
        jkt = self.proof(client)
        if entry.dpop_jkt is not None and entry.dpop_jkt != jkt:
            raise TenantError("invalid_dpop_proof", "The refresh token is bound to another key", 400)
        self.entry, self.jkt = entry, jkt

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client, entry, state = self.record, self.entry, self.tenant.state
        user = self.user(entry.user_id)
        granted = tuple(entry.scope.split())
        requested = split_scope(self.one("scope")) or granted
        if not set(requested) <= set(granted):
            raise TenantError("invalid_scope", "The scope was not granted with this refresh token.", 400)
        wanted = wanted_audience(state, {k: v for k, v in self.parameters.items() if k != "audience"})
        if self.one("resource") and entry.audience and wanted not in (entry.audience, None):
            raise TenantError("invalid_target", "The refresh token was given for another resource", 400)
        target = user_target(state, client, entry.audience or None)
        if entry.organization:
            organization_for(state, client, user, entry.organization)
        # What the user may do is looked at anew each time.
        scope = user_scopes(state, client, user, target, requested, organization=entry.organization)
        order = TokenOrder(client, self.GRANT_TYPE, user, target.api, scope, entry.organization, jkt=self.jkt)
        body = self.respond(order)
        if rotates(client):
            body["refresh_token"] = self.new_refresh_token(
                replace(entry, issued_at=state.now(), expires_at=state.now() + refresh_lifetime(client))
            )
        if "openid" in scope:
            body["id_token"] = id_token(self.tenant, order, nonce=None, auth_time=None)
        state.log("sertft", "Exchanged refresh token", client_id=client.client_id, user_id=user.user_id)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _refused(self, client: Client, description: str) -> TenantError:
        self.tenant.state.log("fertft", description, client_id=client.client_id)
        return invalid_refresh_token()


class ClientCredentialsGrant(TenantGrant, authlib.ClientCredentialsGrant):
    """RFC 6749 section 4.4: an application on its own behalf, within its client grant."""

    def validate_token_request(self) -> None:
        client = self.authenticated()
        if client.token_endpoint_auth_method == "none":  # noqa: S105
            raise TenantError(
                "unauthorized_client", "Grant type 'client_credentials' not allowed for the client."
            )

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client, state = self.record, self.tenant.state
        audience = wanted_audience(state, self.parameters)
        try:
            target = machine_target(state, client, audience)
            scope = machine_scopes(target, split_scope(self.one("scope")))
        except TenantError as error:
            state.log("feccft", str(error.description), client_id=client.client_id, audience=audience)
            raise
        organization = organization_for(state, client, None, self.one("organization"))
        order = TokenOrder(
            client,
            self.GRANT_TYPE,
            None,
            target.api,
            scope,
            organization.id if organization else None,
            jkt=self.proof(client),
        )
        state.log("seccft", "Exchanged client credentials", client_id=client.client_id, audience=audience)
        return 200, self.respond(order), self.TOKEN_RESPONSE_HEADER


def token_id(text: str) -> str:
    """Under what a refresh token is kept: its digest, not itself."""
    return hashlib.sha256(text.encode()).hexdigest()


def code_family(code: AuthorizationCode) -> str:
    return hashlib.sha256(f"family:{code.code}".encode()).hexdigest()[:32]


def rotates(client: Client) -> bool:
    """Whether each use replaces the refresh token: the default for public third-party applications."""
    rotation = (client.refresh_token or {}).get("rotation_type")
    if rotation is not None:
        return bool(rotation == "rotating")
    return client.token_endpoint_auth_method == "none" or not client.is_first_party  # noqa: S105


def refresh_leeway(client: Client) -> float:
    """Seconds in which a replaced refresh token is still taken (a lost answer, two tabs)."""
    return float((client.refresh_token or {}).get("leeway", 0))


def refresh_lifetime(client: Client) -> float:
    return float((client.refresh_token or {}).get("token_lifetime", REFRESH_TOKEN_LIFETIME))


def revoke_refresh_token(tenant: Tenant, text: str, client_id: str) -> bool:
    """End a refresh token's family (RFC 7009). Returns whether it was one of the application's."""
    with tenant.state.lock:
        entry = tenant.state.refresh_tokens.get(token_id(text))
        if entry is None or entry.client_id != client_id:
            return False
        _revoke_family(tenant, entry.family)
        return True


def _revoke_family(tenant: Tenant, family: str) -> None:
    state = tenant.state
    with state.lock:
        for entry in [entry for entry in state.refresh_tokens.values() if entry.family == family]:
            del state.refresh_tokens[entry.id]
        state.touch()


def _forget_expired(tenant: Tenant) -> None:
    state = tenant.state
    now = state.now()
    for entry in [entry for entry in state.refresh_tokens.values() if entry.expires_at <= now]:
        del state.refresh_tokens[entry.id]
