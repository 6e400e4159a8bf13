"""What the app's tools ask for becomes what the API defines, and nothing of anybody else's is lost."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.tenant.management import ManagementProblem, MissingScope, NotFound, Refused
from flask_mcp_auth0.tenant.sync import carry_out, difference, losers

from .site import AUDIENCE, diagnosis, examination, named
from .test_doctor_and_setup import everything_but, narrow_grant, no_api, undefined_permission


def test_a_missing_permission_is_added_and_the_others_stay(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    api = tenant.state.resource_servers[AUDIENCE]
    api.scopes["read:archive"] = "Of another system"
    examined = examination(app)

    wanted = difference(examined)
    done = carry_out(examined, wanted)

    assert done == ["defined tool:close_month"]
    assert api.scopes == {
        "tool:monthly_report": "Read the monthly report",
        "read:archive": "Of another system",
        "tool:close_month": "Close a month's books.",
    }
    assert named(diagnosis(app)) == set()
    assert difference(examination(app)).empty


def test_nothing_is_written_if_somebody_else_changed_the_list_in_between(
    app: Flask, tenant: TenantServer
) -> None:
    undefined_permission(tenant.state)
    api = tenant.state.resource_servers[AUDIENCE]
    examined = examination(app)
    wanted = difference(examined)
    api.scopes["tool:somebody_elses"] = ""

    with pytest.raises(Refused, match=r"somebody else changed.*tool:somebody_elses.*run it again"):
        carry_out(examined, wanted)

    assert "tool:close_month" not in api.scopes
    assert tenant.state.count("PATCH /api/v2/resource-servers/{id}") == 0
    again = examination(app)
    carry_out(again, difference(again))
    assert {"tool:close_month", "tool:somebody_elses"} <= set(api.scopes)


def test_what_belongs_to_nothing_is_shown_and_removed_only_by_name(app: Flask, tenant: TenantServer) -> None:
    api = tenant.state.resource_servers[AUDIENCE]
    api.scopes["tool:retired"] = ""
    role = next(iter(tenant.state.roles.values()))
    role.permissions.add(Permission(AUDIENCE, "tool:retired"))

    assert difference(examination(app)).orphans == ("tool:retired",)
    assert difference(examination(app)).empty
    examined = examination(app)
    assert losers(examined, "tool:retired") == [role.name]
    assert carry_out(examined, difference(examined, ["tool:retired"])) == ["removed tool:retired"]

    assert "tool:retired" not in api.scopes
    assert Permission(AUDIENCE, "tool:retired") not in role.permissions


def test_a_permission_of_a_plain_tool_is_no_orphan(app: Flask, tenant: TenantServer) -> None:
    tenant.state.resource_servers[AUDIENCE].scopes["tool:greet"] = "Protected by the administrator"

    assert difference(examination(app)).orphans == ()


@pytest.mark.parametrize(
    ("name", "why"), [("tool:close_month", "in use, by tool close_month"), ("tool:nothing", "defines no")]
)
def test_what_is_in_use_or_unknown_is_not_pruned(app: Flask, name: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        difference(examination(app), [name])


def test_a_role_can_be_given_every_permission_of_the_app(app: Flask, tenant: TenantServer) -> None:
    role = next(role for role in tenant.state.roles.values() if role.name == "Accountant")
    examined = examination(app)

    wanted = difference(examined, role="Accountant")
    assert wanted.role_lacks == ("tool:close_month",)
    carry_out(examined, wanted)

    assert Permission(AUDIENCE, "tool:close_month") in role.permissions
    assert difference(examination(app), role="Accountant").empty
    with pytest.raises(Refused, match="no role called Nobody"):
        difference(examination(app), role="Nobody")


def test_a_grant_that_lists_permissions_is_extended(app: Flask, tenant: TenantServer) -> None:
    narrow_grant(tenant.state)
    undefined_permission(tenant.state)
    examined = examination(app)

    carry_out(examined, difference(examined))

    grant = next(one for one in tenant.state.client_grants.values() if one.default_for)
    assert grant.scope == ["tool:monthly_report", "tool:close_month"]


def test_without_the_scope_for_grants_permissions_are_synced_all_the_same(
    app: Flask, tenant: TenantServer
) -> None:
    undefined_permission(tenant.state)
    everything_but("read:client_grants")(tenant.state)
    examined = examination(app)

    assert carry_out(examined, difference(examined)) == ["defined tool:close_month"]


def test_a_failure_half_way_says_what_was_done(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    tenant.state.faults.add("POST /api/v2/roles/{id}/permissions", status=500)
    examined = examination(app)

    with pytest.raises(Refused, match=r"500.*done before that: defined tool:close_month"):
        carry_out(examined, difference(examined, role="Accountant"))


def test_without_the_scope_to_write_nothing_is_sent(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    everything_but("update:resource_servers")(tenant.state)
    examined = examination(app)

    with pytest.raises(MissingScope, match="update:resource_servers"):
        carry_out(examined, difference(examined))
    assert tenant.state.count("PATCH /api/v2/resource-servers/{id}") == 0


def test_without_the_api_there_is_nothing_to_sync(app: Flask, tenant: TenantServer) -> None:
    no_api(tenant.state)

    with pytest.raises(NotFound):
        difference(examination(app))


def test_an_administrators_token_is_used_where_it_is_set(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    administrators = examination(app).own.access_token()
    everything_but("update:resource_servers")(tenant.state)
    examined = examination(app, environ={"AUTH0_MANAGEMENT_TOKEN": administrators})

    assert carry_out(examined, difference(examined)) == ["defined tool:close_month"]


def test_too_many_permissions_are_refused_before_they_are_sent(app: Flask, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)
    api = tenant.state.resource_servers[AUDIENCE]
    api.scopes |= {f"read:{number}": "" for number in range(1000 - len(api.scopes))}
    examined = examination(app)

    with pytest.raises(ManagementProblem, match="takes 1000 permissions"):
        carry_out(examined, difference(examined))
