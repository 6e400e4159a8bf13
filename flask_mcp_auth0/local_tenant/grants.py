"""The refresh token and client credentials grants (RFC 6749 sections 6 and 4.4)."""

from __future__ import annotations

from dataclasses import replace

from . import authlib_parts as authlib
from .access_tokens import TokenOrder, id_token
from .errors import TenantError, invalid_refresh_token
from .grant_base import TenantGrant, TokenResponse
from .model import Client, RefreshToken
from .refresh_tokens import refresh_leeway, refresh_lifetime, revoke_family, rotates, token_id
from .rules import (
    machine_organization,
    machine_scopes,
    machine_target,
    organization_for,
    split_scope,
    user_scopes,
    user_target,
    wanted_audience,
)


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
            self._check_reuse(client, entry)
        jkt = self.proof(client)
        if entry.dpop_jkt is not None and entry.dpop_jkt != jkt:
            raise TenantError("invalid_dpop_proof", "The refresh token is bound to another key", 400)
        self.entry, self.jkt = entry, jkt

    def create_token_response(self) -> TokenResponse:
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
            with state.lock:  # of two requests at once, one is the first
                self._check_reuse(client, entry)
                entry.rotated_at = state.now() if entry.rotated_at is None else entry.rotated_at
            body["refresh_token"] = self.new_refresh_token(
                replace(entry, issued_at=state.now(), expires_at=state.now() + refresh_lifetime(client))
            )
        if "openid" in scope:
            body["id_token"] = id_token(self.tenant, order, nonce=None, auth_time=None)
        state.log("sertft", "Exchanged refresh token", client_id=client.client_id, user_id=user.user_id)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _check_reuse(self, client: Client, entry: RefreshToken) -> None:
        """End the family of a token that was replaced already, unless that was just now."""
        if entry.rotated_at is None or self.tenant.state.now() < entry.rotated_at + refresh_leeway(client):
            return
        revoke_family(self.tenant, entry.family)
        self.tenant.state.log(
            "ferrt", "Reused refresh token", client_id=client.client_id, user_id=entry.user_id
        )
        raise invalid_refresh_token()

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

    def create_token_response(self) -> TokenResponse:
        client, state = self.record, self.tenant.state
        audience = wanted_audience(state, self.parameters)
        try:
            target = machine_target(state, client, audience)
            scope = machine_scopes(target, split_scope(self.one("scope")))
        except TenantError as error:
            state.log("feccft", str(error.description), client_id=client.client_id, audience=audience)
            raise
        organization = machine_organization(state, client, target, self.one("organization"))
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
