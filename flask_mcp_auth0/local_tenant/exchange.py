"""Token exchange: on behalf of a user, by a profile of one's own (RFC 8693), and for tokens of other
providers (Auth0's Token Vault).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .access_tokens import OFFLINE_ACCESS, TokenOrder, id_token, read_access_token
from .authlib_parts import TokenEndpointMixin
from .errors import TenantError, not_authorized_for, service_not_enabled
from .grant_base import TenantGrant, TokenResponse
from .model import GRANT_FEDERATED_CONNECTION, GRANT_TOKEN_EXCHANGE, Client, RefreshToken, User
from .refresh_tokens import refresh_lifetime
from .rules import (
    Target,
    consent_needed,
    organization_for,
    split_scope,
    user_scopes,
    user_target,
    wanted_audience,
)
from .state import new_id

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
REFRESH_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105
FEDERATED_TOKEN_TYPE = "http://auth0.com/oauth/token-type/federated-connection-access-token"  # noqa: S105
ON_BEHALF_OF = "on_behalf_of_token_exchange"
CUSTOM = "custom_authentication"
RESERVED = ("urn:ietf:", "urn:auth0:", "https://auth0.com/", "http://auth0.com/")
MAX_DELEGATION = 5


class TokenExchangeGrant(TenantGrant, TokenEndpointMixin):
    """``urn:ietf:params:oauth:grant-type:token-exchange``, of both kinds that Auth0 has."""

    GRANT_TYPE = GRANT_TOKEN_EXCHANGE

    def validate_token_request(self) -> None:
        client = self.authenticated()
        self.subject_token = self.required("subject_token")
        self.subject_token_type = self.required("subject_token_type")
        kind = ON_BEHALF_OF if self.subject_token_type == ACCESS_TOKEN_TYPE else CUSTOM
        allowed = (client.token_exchange or {}).get("allow_any_profile_of_type", ())
        confidential = client.token_endpoint_auth_method != "none"  # noqa: S105
        if not client.is_first_party or not confidential or kind not in allowed:
            raise TenantError("unauthorized_client", "Token exchange is not allowed for the client.")
        requested = self.one("requested_token_type")
        if requested not in (None, ACCESS_TOKEN_TYPE):
            raise TenantError("invalid_request", "Unsupported requested_token_type", 400)

    def create_token_response(self) -> TokenResponse:
        if self.subject_token_type == ACCESS_TOKEN_TYPE:
            return self._on_behalf_of()
        return self._by_profile()

    def _on_behalf_of(self) -> TokenResponse:
        client, state = self.record, self.tenant.state
        if client.app_type != "resource_server" or not client.resource_server_identifier:
            raise TenantError(
                "unauthorized_client", "Only Custom API clients may exchange tokens on behalf of users."
            )
        subject = read_access_token(self.tenant, self.subject_token, client.resource_server_identifier)
        if subject is None or str(subject["sub"]).endswith("@clients"):
            raise TenantError("invalid_request", "Invalid subject_token", 400)
        user = self.user(str(subject["sub"]))
        audience = self.one("audience") or self.one("resource")
        if not audience:
            raise TenantError("invalid_request", "Missing required parameter: audience", 400)
        if audience not in state.resource_servers:
            raise service_not_enabled(audience)
        target = user_target(state, client, audience)
        grant = state.client_grant(client, audience, "user")
        if grant is None:
            raise not_authorized_for(client.client_id, audience, third_party=False)
        organization = subject.get("org_id")
        if organization is not None:
            organization_for(state, client, user, str(organization))
        scope = self._scopes(client, user, Target(target.api, grant), organization)
        order = TokenOrder(
            client,
            self.GRANT_TYPE,
            user,
            target.api,
            scope,
            organization,
            act=_delegated(client, subject),
            jkt=self.proof(client),
        )
        state.log(
            "setet", "Token exchange", client_id=client.client_id, user_id=user.user_id, audience=audience
        )
        return (
            200,
            {**self.respond(order), "issued_token_type": ACCESS_TOKEN_TYPE},
            self.TOKEN_RESPONSE_HEADER,
        )

    def _by_profile(self) -> TokenResponse:
        client, state = self.record, self.tenant.state
        profile = next(
            (
                p
                for p in state.token_exchange_profiles.values()
                if p.subject_token_type == self.subject_token_type
            ),
            None,
        )
        if profile is None or self.subject_token_type.startswith(RESERVED):
            raise TenantError("invalid_request", "Unsupported subject_token_type", 400)
        found = state.find_user(profile.users.get(self.subject_token, ""))
        if found is None:
            state.log("fecte", "Invalid subject token", client_id=client.client_id)
            raise TenantError("invalid_request", "Invalid subject_token", 400)
        user = self.user(found.user_id)
        target = user_target(state, client, wanted_audience(state, self.parameters))
        organization = organization_for(state, client, user, self.one("organization"))
        org_id = organization.id if organization else None
        scope = self._scopes(client, user, target, org_id)
        order = TokenOrder(client, self.GRANT_TYPE, user, target.api, scope, org_id, jkt=self.proof(client))
        body = {**self.respond(order), "issued_token_type": ACCESS_TOKEN_TYPE}
        if "openid" in scope:
            body["id_token"] = id_token(self.tenant, order, nonce=None, auth_time=None)
        if OFFLINE_ACCESS in scope:
            now = state.now()
            template = RefreshToken(
                id="",
                family=new_id("", 32),
                client_id=client.client_id,
                user_id=user.user_id,
                scope=" ".join(scope),
                audience=target.api.identifier if target.api else "",
                organization=org_id,
                issued_at=now,
                expires_at=now + refresh_lifetime(client),
            )
            body["refresh_token"] = self.new_refresh_token(template)
        state.log("secte", "Custom token exchange", client_id=client.client_id, user_id=user.user_id)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _scopes(
        self, client: Client, user: User, target: Target, organization: str | None
    ) -> tuple[str, ...]:
        state = self.tenant.state
        requested = split_scope(self.one("scope"))
        scope = user_scopes(state, client, user, target, requested, organization=organization)
        # Nobody can be asked here.
        if consent_needed(state, client, user, target.api, scope):
            raise TenantError("consent_required", "Consent required")
        return scope


class FederatedConnectionGrant(TenantGrant, TokenEndpointMixin):
    """A token of another provider for the user of an access token (Auth0's Token Vault)."""

    GRANT_TYPE = GRANT_FEDERATED_CONNECTION

    def validate_token_request(self) -> None:
        client = self.authenticated()
        if not client.is_first_party or client.token_endpoint_auth_method == "none":  # noqa: S105
            raise TenantError("unauthorized_client", "Token exchange is not allowed for the client.")
        if self.required("requested_token_type") != FEDERATED_TOKEN_TYPE:
            raise TenantError("invalid_request", "Unsupported requested_token_type", 400)

    def create_token_response(self) -> TokenResponse:
        client, state = self.record, self.tenant.state
        user = self.user(self._subject(client))
        name = self.required("connection")
        if not any(connection.name == name for connection in state.connections.values()):
            raise TenantError("invalid_request", f"The connection '{name[:80]}' does not exist.", 400)
        account = user.connected_accounts.get(name)
        hint = self.one("login_hint")
        if account is None or (hint is not None and account.get("login_hint", hint) != hint):
            state.log("fertft", "No connected account", client_id=client.client_id, user_id=user.user_id)
            raise TenantError(
                "federated_connection_refresh_token_not_found",
                "Federated connection Refresh Token not found.",
                401,
            )
        body = {
            "access_token": str(account["access_token"]),
            "expires_in": int(account.get("expires_in", 3600)),
            "scope": str(account.get("scope", "")),
            "token_type": "Bearer",
            "issued_token_type": FEDERATED_TOKEN_TYPE,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _subject(self, client: Client) -> str:
        text, kind = self.required("subject_token"), self.required("subject_token_type")
        if kind == ACCESS_TOKEN_TYPE and client.resource_server_identifier:
            claims = read_access_token(self.tenant, text, client.resource_server_identifier)
            if claims is not None and not str(claims["sub"]).endswith("@clients"):
                return str(claims["sub"])
        elif kind == REFRESH_TOKEN_TYPE:
            entry = self.live_refresh_token(text, client)
            if entry is not None:
                return entry.user_id
        raise TenantError("invalid_request", "Invalid subject_token", 400)


def _delegated(client: Client, subject: Mapping[str, Any]) -> dict[str, Any]:
    """The chain of actors (RFC 8693 section 4.1), the present one outermost.

    :raises TenantError: when it would get longer than Auth0 lets it.
    """
    before: dict[str, Any] = {"sub": subject.get("azp") or subject.get("client_id")}
    if isinstance(subject.get("act"), dict):
        before = subject["act"]
    depth, level = 1, before.get("act")
    while isinstance(level, dict):
        depth, level = depth + 1, level.get("act")
    if depth >= MAX_DELEGATION:
        raise TenantError(
            "invalid_request",
            "Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4",
            400,
        )
    return {"sub": client.client_id, "act": before}
