"""Each thing that can be wrong with a tenant: doctor names it and nothing else, setup cures it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.model import Client, Permission
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.tenant.apply import apply
from flask_mcp_auth0.tenant.plan import make_plan
from flask_mcp_auth0.tenant.steps import Wishes

from .site import AUDIENCE, diagnosis, examination, make_app, named

Break = Callable[[TenantState], None]


class Trouble(NamedTuple):
    check: str
    status: str
    what: Break
    wishes: Wishes = Wishes()
    config: dict[str, Any] = {}


def api(**changes: Any) -> Break:
    def change(state: TenantState) -> None:
        for name, value in changes.items():
            setattr(state.resource_servers[AUDIENCE], name, value)

    return change


def setting(**changes: Any) -> Break:
    def change(state: TenantState) -> None:
        for name, value in changes.items():
            setattr(state.settings, name, value)

    return change


def flag(name: str) -> Break:
    return lambda state: state.settings.flags.update({name: False})


def no_api(state: TenantState) -> None:
    del state.resource_servers[AUDIENCE]
    for holder in (*state.users.values(), *state.roles.values()):
        holder.permissions = {one for one in holder.permissions if one.resource_server_identifier != AUDIENCE}
    state.client_grants = {key: one for key, one in state.client_grants.items() if one.audience != AUDIENCE}


def api_with_a_slash(state: TenantState) -> None:
    wrong = state.resource_servers[AUDIENCE]
    no_api(state)
    wrong.identifier = AUDIENCE + "/"
    state.resource_servers[wrong.identifier] = wrong


def no_connection(state: TenantState) -> None:
    for connection in state.connections.values():
        connection.is_domain_connection = False


def no_default_grant(state: TenantState) -> None:
    state.client_grants = {key: one for key, one in state.client_grants.items() if one.default_for is None}


def narrow_grant(state: TenantState) -> None:
    for grant in state.client_grants.values():
        if grant.default_for:
            grant.allow_all_scopes, grant.scope = False, ["tool:monthly_report"]


def undefined_permission(state: TenantState) -> None:
    state.drop_scope(AUDIENCE, "tool:close_month")


def no_registration_at_all(state: TenantState) -> None:
    flag("enable_dynamic_client_registration")(state)


def closed_organization(state: TenantState) -> None:
    for organization in state.organizations.values():
        organization.third_party_client_access = "block"


CURED_BY_SETUP = [
    Trouble("T1", "warning", flag("enable_dynamic_client_registration"), Wishes(dcr=True)),
    Trouble("T3", "failure", setting(resource_parameter_profile="audience")),
    Trouble("T4", "warning", setting(default_audience="https://external-api.example.com"),
            Wishes(default_audience=True)),
    Trouble("T5", "warning", setting(authorization_response_iss_parameter_supported=False)),
    Trouble("T6", "warning", setting(client_id_metadata_document_supported=False)),
    Trouble("T7", "warning", flag("use_scope_descriptions_for_consent"), Wishes(consent_descriptions=True)),
    Trouble("C1", "failure", no_connection),
    Trouble("O1", "failure", closed_organization, config={"AUTH0_ORGANIZATION": "acme"}),
    Trouble("A1", "failure", no_api),
    Trouble("A1", "failure", api_with_a_slash),
    Trouble("A2", "failure", api(signing_alg="HS256")),
    Trouble("A3", "warning", api(enforce_policies=False)),
    Trouble("A3", "failure", api(enforce_policies=False), config={"AUTH0_REQUIRE": "scope"}),
    Trouble("A3", "failure", api(enforce_policies=False), config={"AUTH0_PERMISSIONS_SOURCE": "token"}),
    Trouble("A4", "warning", api(token_dialect="access_token")),
    Trouble("A4", "failure", api(token_dialect="rfc9068_profile"), config={"AUTH0_PERMISSIONS_SOURCE": "token"}),
    Trouble("A5", "warning", api(allow_offline_access=False)),
    Trouble("A6", "failure", api(subject_type_authorization={"user": {"policy": "deny_all"},
                                                              "client": {"policy": "require_client_grant"}})),
    Trouble("A9", "failure", api(token_encryption={"format": "compact-nested-jwe"})),
    Trouble("A10", "failure", undefined_permission),
    Trouble("G1", "failure", no_default_grant),
    Trouble("G1", "failure", narrow_grant),
]  # fmt: skip


def title(trouble: Trouble) -> str:
    what = getattr(trouble.what, "__name__", "")
    return f"{trouble.check}-{what}"


def test_a_tenant_that_is_set_up_is_all_right(app: Flask) -> None:
    findings = diagnosis(app)

    assert named(findings) == set()
    assert {one.id for one in findings.values() if one.status == "skipped"} == {"S5"}
    assert len(findings) >= 35


def test_the_cure_of_a_grant_names_the_permissions_that_are_yet_to_be_defined(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer)
    undefined_permission(tenant.state)
    no_default_grant(tenant.state)

    cure = diagnosis(app)["G1"].cure

    assert "after the API defines tool:close_month (A10)" in str(cure.dashboard)
    assert '"scope": ["tool:monthly_report", "tool:close_month"]' in str(cure.auth0)


@pytest.mark.parametrize("trouble", CURED_BY_SETUP, ids=title)
def test_doctor_names_what_is_wrong_and_setup_cures_it(tenant: TenantServer, trouble: Trouble) -> None:
    app = make_app(tenant.issuer, **trouble.config)
    trouble.what(tenant.state)

    findings = diagnosis(app)
    assert named(findings) == {trouble.check}
    wrong = findings[trouble.check]
    assert wrong.status == trouble.status
    assert wrong.explains
    assert wrong.cure.command is not None or wrong.cure.dashboard is not None

    examined = examination(app)
    plan = make_plan(examined, trouble.wishes)
    assert trouble.check in {step.check for step in plan.steps}
    assert plan.missing_scopes(examined.management.scopes) == ()
    applied = apply(plan, examined)
    assert applied.failed is None
    assert named(diagnosis(app)) == set()
    assert make_plan(examination(app), trouble.wishes).steps == ()


def rule(state: TenantState) -> None:
    state.rules = [{"id": "rul_1", "name": "Add claims", "enabled": True}]


def crowd(state: TenantState) -> None:
    for number in range(9):
        client_id = f"tpc_{number}"
        state.clients[client_id] = Client(
            client_id,
            "Claude",
            is_first_party=False,
            external_metadata_type="dcr",
            third_party_security_mode="strict",
        )


def narrow_own_grant(*scopes: str) -> Break:
    def change(state: TenantState) -> None:
        for grant in state.client_grants.values():
            if grant.client_id == "local-m2m" and grant.audience == state.management_audience:
                grant.allow_all_scopes, grant.scope = False, list(scopes)

    return change


def everything_but(*scopes: str) -> Break:
    def change(state: TenantState) -> None:
        management = state.resource_servers[state.management_audience]
        narrow_own_grant(*(name for name in management.scopes if name not in scopes))(state)

    return change


CURED_ELSEWHERE = [
    Trouble("R1", "failure", rule),
    Trouble("X1", "warning", crowd),
    Trouble("A8", "failure", api(proof_of_possession={"mechanism": "dpop", "required": True})),
    Trouble("A8", "failure", api(proof_of_possession={"mechanism": "mtls", "required": True}),
            config={"AUTH0_DPOP": "allowed"}),
    Trouble("A8", "warning", lambda state: None, config={"AUTH0_DPOP": "required"}),
    Trouble("M1", "failure", everything_but("read:users", "read:user_effective_permissions")),
    Trouble("M1", "warning", everything_but("read:user_effective_permissions")),
    Trouble("M1", "failure", everything_but("read:roles"), config={"AUTH0_ORGANIZATION": "acme"}),
    Trouble("D4", "failure", lambda state: setattr(state, "clock_skew", 600.0)),
    Trouble("D4", "warning", lambda state: setattr(state, "clock_skew", -20.0)),
    Trouble("M2", "warning", lambda state: setattr(state.clients["local-m2m"], "resource_server_identifier", "x")),
    Trouble("M3", "warning", lambda state: state.limit_rate("enterprise-non-production")),
    Trouble("O1", "failure", lambda state: None, config={"AUTH0_ORGANIZATION": "nobodys"}),
    Trouble("S1", "warning", lambda state: None, config={"SECRET_KEY": None}),
    Trouble("S1", "warning", lambda state: None, config={"SECRET_KEY": "dev"}),
]  # fmt: skip


@pytest.mark.parametrize("trouble", CURED_ELSEWHERE, ids=title)
def test_doctor_names_what_setup_has_no_say_in(tenant: TenantServer, trouble: Trouble) -> None:
    app = make_app(tenant.issuer, **trouble.config)
    trouble.what(tenant.state)

    findings = diagnosis(app)

    assert named(findings) == {trouble.check}
    assert findings[trouble.check].status == trouble.status
    assert findings[trouble.check].cure.dashboard


def test_a_near_miss_of_the_identifier_is_pointed_out(app: Flask, tenant: TenantServer) -> None:
    api_with_a_slash(tenant.state)

    assert f"there is {AUDIENCE}/" in diagnosis(app)["A1"].reason


def test_setup_touches_the_door_and_the_default_audience_only_when_told_to(
    app: Flask, tenant: TenantServer
) -> None:
    state = tenant.state
    no_registration_at_all(state)
    no_default_grant(state)

    plan = make_plan(examination(app), Wishes())

    assert [step.check for step in plan.steps] == ["G1"]
    assert any(note.startswith("T1") for note in plan.notes)
    apply(plan, examination(app))
    assert state.settings.default_audience == ""
    assert state.settings.flags["enable_dynamic_client_registration"] is False


def test_setup_makes_an_empty_tenant_right_in_the_safe_order(app: Flask, tenant: TenantServer) -> None:
    state = tenant.state
    no_api(state)
    no_connection(state)
    for change in (
        flag("enable_dynamic_client_registration"),
        setting(resource_parameter_profile="audience", client_id_metadata_document_supported=False),
        setting(authorization_response_iss_parameter_supported=False),
    ):
        change(state)
    examined = examination(app)

    plan = make_plan(examined, Wishes(dcr=True))
    assert [step.check for step in plan.steps] == ["T3", "T6", "T5", "A1", "G1", "C1", "T1"]
    assert apply(plan, examined).failed is None

    assert named(diagnosis(app)) == set()
    made = state.resource_servers[AUDIENCE]
    assert made.enforce_policies
    assert made.scopes == {
        "tool:monthly_report": "Read the monthly report.",
        "tool:close_month": "Close a month's books.",
    }
    grant = next(one for one in state.client_grants.values() if one.default_for)
    assert grant.scope == ["tool:monthly_report", "tool:close_month"]
    assert not grant.allow_all_scopes


def test_setup_grants_every_permission_when_told_to(app: Flask, tenant: TenantServer) -> None:
    narrow_grant(tenant.state)
    examined = examination(app)

    apply(make_plan(examined, Wishes(all_scopes=True)), examined)

    grant = next(one for one in tenant.state.client_grants.values() if one.default_for)
    assert grant.allow_all_scopes


def test_a_failure_half_way_says_what_was_done_and_what_was_not(app: Flask, tenant: TenantServer) -> None:
    state = tenant.state
    no_api(state)
    setting(resource_parameter_profile="audience")(state)
    no_connection(state)
    state.faults.add("POST /api/v2/resource-servers", status=503)
    examined = examination(app)

    applied = apply(make_plan(examined, Wishes()), examined)

    assert [step.check for step in applied.done] == ["T3"]
    assert applied.failed is not None
    assert applied.failed.check == "A1"
    assert "503" in applied.reason
    assert [step.check for step in applied.left] == ["G1", "C1"]

    state.faults.clear()
    again = examination(app)
    assert apply(make_plan(again, Wishes()), again).failed is None
    assert named(diagnosis(app)) == set()


def test_setup_asks_which_connection_where_there_are_several(app: Flask, tenant: TenantServer) -> None:
    no_connection(tenant.state)
    for connection in tenant.state.connections.values():
        connection.strategy = "auth0"

    plan = make_plan(examination(app), Wishes())
    assert plan.steps == ()
    assert "--connection NAME" in plan.notes[0]

    plan = make_plan(examination(app), Wishes(connection="google-oauth2"))
    assert [step.title for step in plan.steps] == ["Connection google-oauth2"]
    assert "no connection called" in make_plan(examination(app), Wishes(connection="x")).notes[0]


def test_setup_keeps_permissions_that_it_does_not_know(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    own = tenant.state.resource_servers[AUDIENCE]
    own.scopes["read:archive"] = "Somebody else's"
    tenant.state.roles["rol_x"] = next(iter(tenant.state.roles.values()))
    examined = examination(app)

    apply(make_plan(examined, Wishes()), examined)

    assert own.scopes["read:archive"] == "Somebody else's"
    assert "tool:close_month" in own.scopes
    assert any(
        Permission(AUDIENCE, "tool:monthly_report") in role.permissions
        for role in tenant.state.roles.values()
    )
