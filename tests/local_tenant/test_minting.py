"""Tokens made to order through the control API."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, ISSUER, Clock, Party, claims_of


def order(party: Party, **body: Any) -> TestResponse:
    return party.call("/_control/token", json=body, headers={"X-Local-Tenant-Control": "1"})


def minted(party: Party, **body: Any) -> dict[str, Any]:
    answer = order(party, **body)
    assert answer.json is not None
    assert answer.status_code == 200, answer.text
    return claims_of(answer.json["access_token"])


def test_a_token_says_what_the_user_holds(party: Party) -> None:
    claims = minted(party, user="alice")
    assert claims["aud"] == AUDIENCE
    assert claims["permissions"] == ["tool:report"]
    assert claims["scope"] == "tool:report"


def test_permissions_can_be_put_in_whoever_the_user_is(party: Party) -> None:
    claims = minted(party, user="bob@example.com", permissions=["tool:refund"])
    assert claims["sub"] == "auth0|bob"
    assert claims["permissions"] == ["tool:refund"]
    assert claims["scope"] == "tool:refund"
    claims = minted(party, user="bob", permissions=["tool:refund"], scope=["tool:report"])
    assert claims["scope"] == "tool:report"


def test_expired_lifetime_organization_client_and_claims(
    party: Party, state: TenantState, clock: Clock
) -> None:
    assert minted(party, user="alice", expired=True)["exp"] == int(clock.now) - 3600
    assert minted(party, user="alice", lifetime=60)["exp"] == int(clock.now) + 60
    acme = state.find_organization("acme")
    assert acme is not None
    claims = minted(
        party, user="alice", organization="acme", client_id="web", claims={"email": "a@b.example"}
    )
    assert claims["org_id"] == acme.id
    assert claims["permissions"] == ["tool:refund", "tool:report"]
    assert claims["client_id"] == "web"
    assert claims["email"] == "a@b.example"


def test_without_a_user_it_is_a_machines(party: Party) -> None:
    claims = minted(party, client_id="server", scope=["tool:report"])
    assert claims["sub"] == "server@clients"
    assert claims["permissions"] == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"user": "carol"}, "There is no user 'carol'; there are: alice, bob, mallory."),
        ({"audience": "x"}, "There is no API 'x'."),
        ({"client_id": "x"}, "There is no application 'x'."),
        ({"user": "bob", "organization": "acme"}, "is not part of"),
        ({"nonsense": 1}, "nonsense"),
        ({"lifetime": 0}, "lifetime"),
    ],
)
def test_what_cannot_be_made_is_told(party: Party, body: dict[str, Any], text: str) -> None:
    answer = order(party, **body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert text in answer.json["error_description"]


def test_a_tenant_without_apis_has_nothing_to_mint_for(party: Party, state: TenantState) -> None:
    del state.resource_servers[AUDIENCE], state.resource_servers["https://downstream.example.com"]
    assert order(party, user="alice").status_code == 400


def test_the_control_api_says_what_runs_here(party: Party) -> None:
    answer = party.program.get("/_control/", base_url=ISSUER, headers={"X-Local-Tenant-Control": "1"}).json
    assert answer is not None
    assert answer["issuer"] == ISSUER
    assert answer["kid"] == party.tenant.keys.kid
