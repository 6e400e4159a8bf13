"""Logins to an organisation."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import Party, claims_of, query_of, refused


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_member_gets_the_permissions_of_a_member(party: Party, state: TenantState, by: str) -> None:
    acme = state.find_organization("acme")
    assert acme is not None
    body = party.tokens(organization=getattr(acme, by), scope="tool:report tool:refund")
    claims = claims_of(body["access_token"])
    assert claims["org_id"] == acme.id
    assert claims["permissions"] == ["tool:refund", "tool:report"]
    assert body["scope"] == "tool:report tool:refund"


def test_without_the_organization_the_same_user_has_less(party: Party) -> None:
    claims = claims_of(party.tokens(scope="tool:refund")["access_token"])
    assert claims["permissions"] == ["tool:report"]
    assert "org_id" not in claims


def test_who_is_no_member_is_refused(party: Party, state: TenantState) -> None:
    acme = state.find_organization("acme")
    assert acme is not None
    query = query_of(party.log_in(party.authorize(organization="acme"), "bob").location)
    assert query["error"] == "access_denied"
    assert query["error_description"] == f"user auth0|bob is not part of the {acme.id} organization"


def test_an_organization_opens_itself_to_third_parties(party: Party, web: Party) -> None:
    assert "third-party" in party.authorize(organization="closed").text
    assert "code" in query_of(web.log_in(web.authorize(organization="closed")).location)


def test_an_application_can_require_or_forbid_organizations(web: Party, state: TenantState) -> None:
    state.clients["web"].organization_usage = "require"
    assert "required" in query_of(web.authorize().location)["error_description"]
    state.clients["web"].organization_usage = "deny"
    assert "not allowed" in query_of(web.authorize(organization="acme").location)["error_description"]


def test_refreshing_stops_when_the_user_leaves_the_organization(party: Party, state: TenantState) -> None:
    token = party.tokens(organization="acme", scope="offline_access")["refresh_token"]
    answer = party.refresh(token)
    assert answer.json is not None
    assert "org_id" in claims_of(answer.json["access_token"])
    acme = state.find_organization("acme")
    assert acme is not None
    acme.members.clear()
    assert refused(party.refresh(answer.json["refresh_token"]))[1] == "access_denied"


def test_a_machine_acts_in_an_organization_where_its_grant_says_so(app: Flask, state: TenantState) -> None:
    def ask(**fields: str) -> TestResponse:
        body = {
            "grant_type": "client_credentials",
            "client_id": "server",
            "client_secret": "server-secret",
            "audience": state.management_audience,
        } | fields
        return Party(app).call("/oauth/token", body)

    grant = next(g for g in state.client_grants.values() if g.audience == state.management_audience)
    assert refused(ask(organization="acme"))[1] == "access_denied"
    grant.organization_usage, grant.allow_any_organization = "require", True
    assert refused(ask())[1] == "invalid_request"
    answer = ask(organization="acme")
    assert answer.json is not None
    acme = state.find_organization("acme")
    assert acme is not None
    assert claims_of(answer.json["access_token"])["org_id"] == acme.id


def test_the_consent_page_names_the_organization(party: Party) -> None:
    path = party.step(party.log_in(party.authorize(organization="acme")), "/u/consent")
    assert "Acme" in party.get(path).text
