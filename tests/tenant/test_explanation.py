"""Why a user may or may not call a tool: each reason is named, and agrees with what a call gets."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
from flask_mcp_auth0.local_tenant.model import Group
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.tenant import tenant_of
from flask_mcp_auth0.tenant.conclusion import Explanation
from flask_mcp_auth0.tenant.explanation import explain
from flask_mcp_auth0.tenant.management import NotFound

from .site import AUDIENCE, examination, make_app, state_of
from .test_doctor_and_setup import everything_but, no_api, undefined_permission


def text(found: Explanation, topic: str) -> str:
    return "; ".join(line.text for line in found.lines if line.topic == topic)


def token_of(app: Flask, tenant: TenantServer, user: str, **wanted: object) -> AuthInfo:
    request = MintRequest.model_validate({"user": user, "audience": AUDIENCE, **wanted})
    return state_of(app).verifier.verify(mint(tenant_of(tenant.app), request)["access_token"])


def test_a_permission_by_a_role_is_a_yes_that_names_the_role(app: Flask) -> None:
    found = explain(examination(app), "alice@example.com", "monthly_report")

    assert found.allowed
    assert "by the role Accountant" in text(found, "granted")
    assert "is defined on the API" in text(found, "defined")


def test_a_permission_through_a_group_names_the_group(app: Flask, tenant: TenantServer) -> None:
    role = tenant.state.find_role("Head of accounts")
    assert role is not None
    tenant.state.groups["grp_1"] = Group("grp_1", "Management", ["auth0|bob"], [role.id])

    found = explain(examination(app), "auth0|bob", "close_month")

    assert found.allowed
    assert "by the role Head of accounts, through the group Management" in text(found, "granted")


def test_a_direct_permission_is_said_to_be_direct(app: Flask, tenant: TenantServer) -> None:
    tenant.state.users["auth0|bob"].permissions |= next(
        role.permissions for role in tenant.state.roles.values() if role.name == "Accountant"
    )

    assert "directly" in text(explain(examination(app), "auth0|bob", "monthly_report"), "granted")


def test_a_user_without_the_permission_is_a_no_with_a_cure(app: Flask) -> None:
    found = explain(examination(app), "bob@example.com", "close_month")

    assert found.allowed is False
    assert "does not hold tool:close_month" in text(found, "granted")
    assert "give tool:close_month" in found.cure


def test_a_tool_that_nobody_protects_is_open(app: Flask) -> None:
    found = explain(examination(app), "auth0|bob", "greet")

    assert found.allowed
    assert "open to every caller" in text(found, "defined")


def test_a_plain_tool_that_the_administrator_protected_is_closed(app: Flask, tenant: TenantServer) -> None:
    tenant.state.resource_servers[AUDIENCE].scopes["tool:greet"] = ""

    found = explain(examination(app), "auth0|bob", "greet")

    assert found.allowed is False
    assert "does not hold tool:greet" in text(found, "granted")


def test_an_undefined_permission_is_cured_by_sync(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)

    found = explain(examination(app), "auth0|alice", "close_month")

    assert found.allowed is False
    assert "not defined on the API: refused to everybody" in text(found, "defined")
    assert found.cure == "flask mcp sync"


def test_an_api_that_does_not_exist_cannot_be_decided_about(app: Flask, tenant: TenantServer) -> None:
    no_api(tenant.state)

    found = explain(examination(app), "auth0|alice", "close_month")

    assert found.allowed is None
    assert "no API" in text(found, "defined")


def test_within_an_organization_its_roles_decide(app: Flask) -> None:
    found = explain(examination(app), "alice@example.com", "close_month", organization="acme")

    assert found.allowed
    assert "by the role Head of accounts within acme" in text(found, "granted")
    assert explain(examination(app), "alice@example.com", "close_month").allowed is False
    with pytest.raises(NotFound, match="there is no organization nobodys"):
        explain(examination(app), "alice@example.com", "close_month", organization="nobodys")


def test_a_blocked_user_gets_no_token(app: Flask, tenant: TenantServer) -> None:
    tenant.state.users["auth0|alice"].blocked = True

    found = explain(examination(app), "auth0|alice", "monthly_report")

    assert found.allowed is False
    assert "blocked" in found.verdict


def test_without_the_scope_for_groups_it_says_what_it_cannot_see(app: Flask, tenant: TenantServer) -> None:
    everything_but("read:user_effective_permissions")(tenant.state)

    found = explain(examination(app), "auth0|alice", "monthly_report")

    assert found.allowed
    assert "by the role Accountant" in text(found, "granted")
    assert "groups is not seen" in text(found, "granted")


@pytest.mark.parametrize("user", ["nobody@example.com", "auth0|nobody", "Nobody"])
def test_an_unknown_user_is_said_to_be_unknown(app: Flask, user: str) -> None:
    with pytest.raises(NotFound, match="no user"):
        explain(examination(app), user, "close_month")


def test_an_unknown_tool_is_answered_with_those_there_are(app: Flask) -> None:
    with pytest.raises(NotFound, match="monthly_report, close_month"):
        explain(examination(app), "auth0|alice", "nothing")


def test_a_token_is_looked_at_too(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_REQUIRE="both")
    info = token_of(app, tenant, "alice", scope=[])

    found = explain(examination(app), "auth0|alice", "monthly_report", token=info)

    assert found.allowed is False
    assert "`permissions` has tool:monthly_report" in text(found, "in the token")
    assert "`scope` lacks tool:monthly_report" in text(found, "in the token")
    assert "ask for tool:monthly_report" in found.cure


def test_what_is_cached_is_told_with_its_time(app: Flask, tenant: TenantServer) -> None:
    info = token_of(app, tenant, "alice")
    state = state_of(app)
    assert state.lookup.held_by(info) == {"tool:monthly_report"}
    tenant.state.users["auth0|alice"].roles = []

    found = explain(examination(app), "auth0|alice", "monthly_report")

    assert found.allowed is False
    assert "that this user holds tool:monthly_report, for" in text(found, "cached")
    assert "Auth0 says something else now" in text(found, "cached")


def test_where_the_token_decides_nothing_is_cached(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_PERMISSIONS_SOURCE="token")

    assert "the token alone decides" in text(
        explain(examination(app), "auth0|alice", "monthly_report"), "cached"
    )
