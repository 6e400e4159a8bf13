"""Token exchange: on behalf of a user, by a profile, and from the Token Vault."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.exchange import (
    ACCESS_TOKEN_TYPE,
    FEDERATED_TOKEN_TYPE,
    REFRESH_TOKEN_TYPE,
)
from flask_mcp_auth0.local_tenant.model import GRANT_FEDERATED_CONNECTION, GRANT_TOKEN_EXCHANGE
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, Clock, Party, claims_of, refused

DOWNSTREAM = "https://downstream.example.com"
SERVER = {"client_id": "server", "client_secret": "server-secret"}


def on_behalf(app: Flask, token: str, **fields: Any) -> TestResponse:
    body = {
        "grant_type": GRANT_TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN_TYPE,
        "requested_token_type": ACCESS_TOKEN_TYPE,
        "audience": DOWNSTREAM,
        "scope": "read:stock",
        **SERVER,
    } | fields
    return Party(app).call("/oauth/token", {k: v for k, v in body.items() if v is not None})


def by_profile(app: Flask, **fields: Any) -> TestResponse:
    body = {
        "subject_token_type": "https://shop.example.com/legacy",
        "audience": AUDIENCE,
        "scope": "openid tool:report",
        "requested_token_type": None,
    } | fields
    return on_behalf(app, "legacy-token-of-alice", **body)


def vault(app: Flask, token: str, **fields: Any) -> TestResponse:
    body = {
        "grant_type": GRANT_FEDERATED_CONNECTION,
        "requested_token_type": FEDERATED_TOKEN_TYPE,
        "connection": "google-oauth2",
        "audience": None,
        "scope": None,
    } | fields
    return on_behalf(app, token, **body)


def test_the_mcp_server_exchanges_its_callers_token_for_one_of_a_further_api(
    app: Flask, party: Party
) -> None:
    answer = on_behalf(app, party.tokens()["access_token"])
    assert answer.json is not None
    assert answer.json["issued_token_type"] == ACCESS_TOKEN_TYPE
    assert answer.json["scope"] == "read:stock"
    assert not {"refresh_token", "id_token"} & answer.json.keys()
    claims = claims_of(answer.json["access_token"])
    assert claims["sub"] == "auth0|alice"
    assert claims["aud"] == DOWNSTREAM
    assert claims["azp"] == "server"
    assert claims["act"] == {"sub": "server", "act": {"sub": party.client_id}}
    assert claims["permissions"] == ["read:stock"]


def test_the_organization_of_the_caller_stays(app: Flask, party: Party, state: TenantState) -> None:
    token = party.tokens(organization="acme")["access_token"]
    answer = on_behalf(app, token)
    assert answer.json is not None
    acme = state.find_organization("acme")
    assert acme is not None
    assert claims_of(answer.json["access_token"])["org_id"] == acme.id
    acme.members.clear()
    assert refused(on_behalf(app, token))[1] == "access_denied"


def test_the_chain_of_actors_is_at_most_five_long(app: Flask, state: TenantState) -> None:
    from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
    from flask_mcp_auth0.local_tenant.tenant import tenant_of

    def token(depth: int) -> str:
        act: dict[str, Any] = {"sub": "first"}
        for level in range(depth - 1):
            act = {"sub": f"actor-{level}", "act": act}
        wanted = MintRequest(user="alice", audience=AUDIENCE, claims={"act": act})
        return str(mint(tenant_of(app), wanted)["access_token"])

    assert on_behalf(app, token(4)).status_code == 200
    text = "Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4"
    assert refused(on_behalf(app, token(5))) == (400, "invalid_request", text)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"subject_token": "nonsense"}, "invalid_request"),
        ({"subject_token": "a.b.c"}, "invalid_request"),
        ({"subject_token": "x" * 20_000}, "invalid_request"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"audience": None}, "invalid_request"),
        ({"audience": "https://unknown.example"}, "access_denied"),
        ({"requested_token_type": REFRESH_TOKEN_TYPE}, "invalid_request"),
        ({"client_id": "web", "client_secret": "web-secret"}, "unauthorized_client"),
        ({"client_secret": "wrong"}, "access_denied"),
    ],
)
def test_an_exchange_that_cannot_be_is_refused(
    app: Flask, party: Party, fields: dict[str, Any], error: str
) -> None:
    assert refused(on_behalf(app, party.tokens()["access_token"], **fields))[1] == error


def test_only_a_token_for_the_exchanging_api_counts(app: Flask, web: Party, clock: Clock) -> None:
    other = web.tokens(resource=DOWNSTREAM)["access_token"]
    assert refused(on_behalf(app, other))[1] == "invalid_request"
    expired = web.tokens()["access_token"]
    clock.pass_(3601)
    assert refused(on_behalf(app, expired))[1] == "invalid_request"


def test_what_the_exchange_needs_in_the_tenant(app: Flask, party: Party, state: TenantState) -> None:
    token = party.tokens()["access_token"]
    server = state.clients["server"]
    server.token_exchange = {"allow_any_profile_of_type": ["custom_authentication"]}
    assert refused(on_behalf(app, token))[1] == "unauthorized_client"
    server.token_exchange = {"allow_any_profile_of_type": ["on_behalf_of_token_exchange"]}
    server.app_type = "non_interactive"
    assert refused(on_behalf(app, token))[1] == "unauthorized_client"
    server.app_type = "resource_server"
    state.resource_servers[DOWNSTREAM].skip_consent_for_verifiable_first_party_clients = False
    assert refused(on_behalf(app, token))[1] == "consent_required"
    state.resource_servers[DOWNSTREAM].skip_consent_for_verifiable_first_party_clients = True
    grants = [g.id for g in state.client_grants.values() if g.audience == DOWNSTREAM]
    for grant in grants:
        del state.client_grants[grant]
    assert refused(on_behalf(app, token))[1] == "invalid_request"


def test_a_machines_token_is_exchanged_for_nobodys(app: Flask, state: TenantState) -> None:
    from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
    from flask_mcp_auth0.local_tenant.tenant import tenant_of

    token = mint(tenant_of(app), MintRequest(audience=AUDIENCE))["access_token"]
    assert refused(on_behalf(app, token))[1] == "invalid_request"
    assert refused(vault(app, token))[1] == "invalid_request"


def test_a_token_type_of_ones_own_becomes_a_user(app: Flask) -> None:
    answer = by_profile(app, scope="openid tool:report offline_access")
    assert answer.json is not None
    claims = claims_of(answer.json["access_token"])
    assert claims["sub"] == "auth0|alice"
    assert claims["scope"] == "openid tool:report offline_access"
    assert claims_of(answer.json["id_token"])["aud"] == "server"
    renewed = Party(app, client_id="server", client_secret="server-secret").refresh(
        answer.json["refresh_token"]
    )
    assert renewed.status_code == 200


def test_a_profile_exchange_may_name_an_organization(app: Flask, state: TenantState) -> None:
    answer = by_profile(app, organization="acme")
    assert answer.json is not None
    assert "org_id" in claims_of(answer.json["access_token"])


@pytest.mark.parametrize(
    "fields",
    [
        {"subject_token": "another"},
        {"subject_token_type": "https://shop.example.com/unknown"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"},
    ],
)
def test_an_unknown_subject_is_refused(app: Flask, fields: dict[str, Any]) -> None:
    assert refused(by_profile(app, **fields))[:2] == (400, "invalid_request")


def test_the_vault_gives_the_token_of_the_connected_account(app: Flask, party: Party) -> None:
    answer = vault(app, party.tokens()["access_token"])
    assert answer.json == {
        "access_token": "a-google-token",
        "scope": "drive.readonly",
        "expires_in": 1200,
        "token_type": "Bearer",
        "issued_token_type": FEDERATED_TOKEN_TYPE,
    }


def test_who_connected_no_account_is_told_so_in_auth0s_words(app: Flask, party: Party) -> None:
    answer = vault(app, party.tokens("bob")["access_token"])
    text = "Federated connection Refresh Token not found."
    assert refused(answer) == (401, "federated_connection_refresh_token_not_found", text)


def test_the_vault_takes_a_refresh_token_of_the_same_application(app: Flask) -> None:
    answer = by_profile(app, scope="offline_access")
    assert answer.json is not None
    token = answer.json["refresh_token"]
    assert vault(app, token, subject_token_type=REFRESH_TOKEN_TYPE).status_code == 200
    assert refused(vault(app, "v1.unknown", subject_token_type=REFRESH_TOKEN_TYPE))[1] == "invalid_request"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"connection": "unknown"}, "invalid_request"),
        ({"connection": None}, "invalid_request"),
        ({"requested_token_type": ACCESS_TOKEN_TYPE}, "invalid_request"),
        ({"subject_token_type": "urn:example"}, "invalid_request"),
        ({"client_id": "web", "client_secret": "web-secret"}, "unauthorized_client"),
    ],
)
def test_the_vault_refuses_what_it_cannot_give(
    app: Flask, party: Party, fields: dict[str, Any], error: str
) -> None:
    assert refused(vault(app, party.tokens()["access_token"], **fields))[1] == error


def test_a_login_hint_picks_among_accounts(app: Flask, party: Party, state: TenantState) -> None:
    state.users["auth0|alice"].connected_accounts["google-oauth2"]["login_hint"] = "alice@gmail.example"
    token = party.tokens()["access_token"]
    assert vault(app, token, login_hint="alice@gmail.example").status_code == 200
    assert refused(vault(app, token, login_hint="other@gmail.example"))[0] == 401


def test_the_vault_is_closed_to_public_clients(app: Flask, party: Party, state: TenantState) -> None:
    token = party.tokens()["access_token"]
    state.clients["native"].grant_types.append(GRANT_FEDERATED_CONNECTION)
    answer = vault(app, token, client_id="native", client_secret=None)
    assert refused(answer)[1] == "unauthorized_client"
