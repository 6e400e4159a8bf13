"""The authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636)."""

from __future__ import annotations

from typing import Any

from . import authlib_parts as authlib
from .access_tokens import OFFLINE_ACCESS, TokenOrder, id_token
from .errors import TenantError
from .grant_base import TenantGrant, TokenResponse
from .model import AuthorizationCode, Client, RefreshToken, User
from .oauth_client import OAuthClient
from .refresh_tokens import code_family, refresh_lifetime, revoke_family
from .rules import user_target

CODE_LIFETIME = 60


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
                revoke_family(self.tenant, code_family(record))
                raise self._bad_code(client.client_id)
            record.used = True
        if record.expires_at <= state.now():
            raise self._bad_code(client.client_id)
        return Code(record)

    def _bad_code(self, client_id: str) -> TenantError:
        self.tenant.state.log("feacft", "Invalid authorization code", client_id=client_id)
        return TenantError("invalid_grant", "Invalid authorization code")

    def create_token_response(self) -> TokenResponse:
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
