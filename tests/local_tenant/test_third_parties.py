"""Strict and permissive third-party applications, and client grants."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.model import ClientGrant
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, ISSUER, Party, claims_of, query_of, refused


def only_grant(state: TenantState, **changes: object) -> ClientGrant:
    grant = next(g for g in state.client_grants.values() if g.default_for)
    for name, value in changes.items():
        setattr(grant, name, value)
    return grant


def permissive(app: Flask, state: TenantState) -> Party:
    state.settings.dynamic_client_registration_security_mode = "permissive"
    party = Party(app)
    party.register()
    return party


def test_a_strict_client_without_a_grant_gets_no_token_even_under_allow_all(
    party: Party, state: TenantState
) -> None:
    state.client_grants.clear()
    page = party.authorize()
    assert page.location is None, "strict clients are not redirected to with an error that no user caused"
    assert page.status_code == 403
    assert "unauthorized_client" in page.text
    text = f'Client "{party.client_id}" is not authorized to access resource server "{AUDIENCE}".'
    assert text.replace('"', "&#34;") in page.text


def test_an_open_redirect_policy_brings_the_error_to_the_client(party: Party, state: TenantState) -> None:
    state.client_grants.clear()
    state.clients[party.client_id].extra["redirection_policy"] = "allow_always"
    query = query_of(party.authorize().location)
    assert query["error"] == "unauthorized_client"
    assert query["iss"] == ISSUER


def test_a_default_grant_bounds_what_strict_clients_can_ask_for(party: Party, state: TenantState) -> None:
    state.resource_servers[AUDIENCE].enforce_policies = False
    only_grant(state, allow_all_scopes=False, scope=["tool:refund"])
    claims = claims_of(party.tokens(scope="tool:report tool:refund")["access_token"])
    assert claims["scope"] == "tool:refund"


def test_a_grant_of_its_own_goes_before_the_default_one(party: Party, state: TenantState) -> None:
    own = ClientGrant("cgr_own", AUDIENCE, client_id=party.client_id, scope=[], subject_type="user")
    state.client_grants[own.id] = own
    assert "scope" not in claims_of(party.tokens()["access_token"])


def test_the_default_grant_is_not_for_first_party_applications(web: Party, state: TenantState) -> None:
    api = state.resource_servers[AUDIENCE]
    api.subject_type_authorization["user"]["policy"] = "require_client_grant"
    query = query_of(web.authorize().location)
    assert query["error"] == "invalid_request"
    assert (
        query["error_description"]
        == f'Client "web" is not authorized to access resource server "{AUDIENCE}".'
    )


def test_an_api_that_denies_all_is_closed_to_everybody(web: Party, party: Party, state: TenantState) -> None:
    state.resource_servers[AUDIENCE].subject_type_authorization["user"]["policy"] = "deny_all"
    assert query_of(web.authorize().location)["error"] == "invalid_request"
    assert party.authorize().status_code == 403


def test_a_strict_client_gets_no_openid_connect(party: Party) -> None:
    body = party.tokens(scope="openid profile email tool:report")
    assert body["scope"] == "tool:report"
    assert "id_token" not in body
    assert claims_of(body["access_token"])["aud"] == AUDIENCE
    header = {"Authorization": f"Bearer {body['access_token']}"}
    assert party.get("/userinfo", headers=header).status_code == 401


def test_a_permissive_client_gets_openid_connect(app: Flask, state: TenantState) -> None:
    body = permissive(app, state).tokens(scope="openid profile tool:report")
    assert body["scope"] == "openid profile tool:report"
    assert "id_token" in body


def test_a_permissive_client_needs_no_client_grant_under_allow_all(app: Flask, state: TenantState) -> None:
    state.client_grants.clear()
    assert permissive(app, state).tokens()["scope"] == "tool:report"


def test_a_permissive_client_still_has_to_ask_for_consent(app: Flask, state: TenantState) -> None:
    party = permissive(app, state)
    assert party.step(party.log_in(party.authorize()), "/u/consent")


def test_third_parties_cannot_fall_back_to_the_userinfo_audience(app: Flask, state: TenantState) -> None:
    text = (
        "The userinfo audience is not allowed for third party clients. Please specify a valid API audience."
    )
    query = query_of(permissive(app, state).authorize(resource=None).location)
    assert query["error"] == "invalid_request"
    assert query["error_description"] == text


def test_a_tenant_default_audience_helps_clients_that_name_none(party: Party, state: TenantState) -> None:
    state.settings.default_audience = AUDIENCE
    assert claims_of(party.tokens(resource=None)["access_token"])["aud"] == AUDIENCE


def test_the_management_api_is_closed_to_third_parties(app: Flask, state: TenantState) -> None:
    party = permissive(app, state)
    api = state.resource_servers[state.management_audience]
    api.subject_type_authorization["user"]["policy"] = "allow_all"
    query = query_of(party.authorize(resource=state.management_audience).location)
    assert query["error"] == "unauthorized_client"


@pytest.mark.parametrize("name", ["screen_hint", "invitation", "login_ticket", "claims", "id_token_hint"])
def test_a_strict_client_may_send_known_parameters_only(party: Party, name: str) -> None:
    page = party.authorize(**{name: "x"})
    assert page.status_code == 400
    assert name in page.text
    assert party.step(party.authorize(**{"ext-anything": "x"}), "/u/login")


def test_third_parties_log_users_in_over_domain_connections_only(
    app: Flask, party: Party, web: Party, state: TenantState
) -> None:
    for connection in state.connections.values():
        connection.is_domain_connection = False
    assert "no connections enabled for the client" in party.authorize().text
    assert web.step(web.authorize(), "/u/login")


def test_a_registered_client_cannot_act_for_itself(app: Flask) -> None:
    party = Party(app)
    party.register(token_endpoint_auth_method="client_secret_post")
    answer = party.call(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": party.client_id,
            "client_secret": party.client_secret,
            "audience": AUDIENCE,
        },
    )
    assert refused(answer)[1] == "unauthorized_client"


def test_a_first_party_application_asks_for_consent_where_the_api_wants_it(
    web: Party, state: TenantState
) -> None:
    state.resource_servers[AUDIENCE].skip_consent_for_verifiable_first_party_clients = False
    assert web.step(web.log_in(web.authorize()), "/u/consent")
