"""A tenant from its YAML description."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_mcp_auth0.errors import ConfigurationError
from flask_mcp_auth0.local_tenant.model import Permission, PermissionSource
from flask_mcp_auth0.local_tenant.scopes import MANAGEMENT_SCOPES
from flask_mcp_auth0.local_tenant.seed import SeedError
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import SEED
from .flow import AUDIENCE


def test_the_shipped_description_has_one_user_who_may_and_one_who_may_not() -> None:
    state = TenantState.from_yaml(audience="http://localhost:3001/")
    assert state.permissions_of("auth0|alice", "http://localhost:3001/")
    assert not state.permissions_of("auth0|bob", "http://localhost:3001/")
    assert state.users["auth0|alice"].roles, "she has them by a role"
    assert not state.users["auth0|alice"].permissions & {
        Permission("http://localhost:3001/", name)
        for name in state.resource_servers["http://localhost:3001/"].scopes
    }


def test_the_shipped_machine_has_every_management_scope_and_a_secret_made_anew() -> None:
    first, second = TenantState.from_yaml(), TenantState.from_yaml()
    machine = first.clients["local-m2m"]
    grant = first.client_grant(machine, first.management_audience, "client")
    assert grant is not None
    assert grant.allow_all_scopes
    assert set(first.resource_servers[first.management_audience].scopes) == set(MANAGEMENT_SCOPES)
    assert machine.client_secret
    assert machine.client_secret != second.clients["local-m2m"].client_secret
    assert first.roles.keys() == second.roles.keys(), "ids stay the same from start to start"


def test_id_and_secret_of_the_machine_can_be_given() -> None:
    state = TenantState.from_yaml(m2m_client_id="mine", m2m_client_secret="known")
    assert state.clients["mine"].client_secret == "known"


def test_a_description_may_be_a_text_a_path_or_the_path_as_a_text(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text(SEED)
    for source in (SEED, file, str(file)):
        assert "auth0|alice" in TenantState.from_yaml(source, audience=AUDIENCE).users


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("users: [\n", "not YAML"),
        ("- 1\n- 2\n", "not a mapping"),
        ("users:\n  - username: x\n", "users.0.password: Field required"),
        ("nonsense: 1\n\n", "nonsense: Extra inputs"),
        ("apis:\n  - {identifier: a, token_dialect: b}\n", "token_dialect"),
        ("users:\n  - {username: x, password: y, roles: [Boss]}\n", "user 'x': there is no role 'Boss'"),
        ("users:\n  - {username: x, password: y, permissions: {api: [z]}}\n", "there is no API 'api'"),
        (
            "apis: [{identifier: api}]\nroles:\n  - {name: R, permissions: {api: [z]}}\n",
            "role 'R': the API 'api' does not define 'z'",
        ),
        ("groups:\n  - {name: g, members: [nobody]}\n", "group 'g': there is no user 'nobody'"),
        ("client_grants:\n  - {audience: x, client_id: y}\n", "there is no client 'y'"),
        ("client_grants:\n  - {audience: x, default_for: third_party_clients}\n", "there is no API 'x'"),
        ("settings:\n  default_audience: 7\n", "settings.default_audience: this should be a str"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(SeedError) as caught:
        TenantState.from_yaml(text)
    assert problem in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


def test_all_mistakes_are_named_together() -> None:
    text = "users:\n  - {username: x, password: y, roles: [A, B]}\n"
    with pytest.raises(SeedError) as caught:
        TenantState.from_yaml(text)
    assert len(caught.value.problems) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"missing\.yaml"):
        TenantState.from_yaml(tmp_path / "missing.yaml")


def test_settings_that_the_tenant_does_not_act_upon_are_kept() -> None:
    text = "settings:\n  session_lifetime: 24\n  picture_url: https://x.example/\n  flags: {a: true}\n"
    settings = TenantState.from_yaml(text).settings
    assert settings.session_lifetime == 24
    assert settings.extra == {"picture_url": "https://x.example/"}
    assert settings.flags == {"enable_dynamic_client_registration": True, "a": True}


def test_a_user_holds_permissions_directly_by_roles_by_groups_and_as_a_member(state: TenantState) -> None:
    text = SEED + "groups:\n  - {name: Night shift, members: [bob], roles: [Manager]}\n"
    state = TenantState.from_yaml(text, audience=AUDIENCE)
    refund = Permission(AUDIENCE, "tool:refund")
    manager = state.find_role("Manager")
    acme = state.find_organization("acme")
    assert manager is not None
    assert acme is not None
    group = next(iter(state.groups))
    assert state.permission_sources("auth0|bob")[refund] == [PermissionSource("group", manager.id, group)]
    assert refund not in state.permission_sources("auth0|alice")
    in_acme = state.permission_sources("auth0|alice", organization=acme.id)
    assert in_acme[refund] == [PermissionSource("organization", manager.id, acme.id)]
    state.assign("auth0|bob", [refund])
    assert PermissionSource("direct") in state.permission_sources("auth0|bob")[refund]
    state.unassign("auth0|bob", [refund])
    assert PermissionSource("direct") not in state.permission_sources("auth0|bob")[refund]
    assert state.permission_sources("auth0|nobody") == {}


def test_a_scope_that_the_api_drops_is_gone_from_everybody(state: TenantState) -> None:
    before = state.revision
    state.drop_scope(AUDIENCE, "tool:report")
    assert state.permissions_of("auth0|alice", AUDIENCE) == []
    assert not any(
        p.permission_name == "tool:report" for role in state.roles.values() for p in role.permissions
    )
    assert state.revision > before


def test_a_snapshot_restores_everything_that_survives_a_restart(state: TenantState) -> None:
    import json

    copy = TenantState(issuer="http://127.0.0.1:9999/")
    copy.restore(json.loads(json.dumps(state.snapshot())))
    assert copy.users == state.users
    assert copy.roles == state.roles
    assert copy.clients == state.clients
    assert copy.settings == state.settings
    assert copy.issuer == "http://127.0.0.1:9999/"
    assert copy.management_audience in copy.resource_servers
    assert {g.audience for g in copy.client_grants.values()} >= {copy.management_audience}


@pytest.mark.parametrize("data", [{}, {"format": 2}, {"format": 1}, {"format": 1, "settings": 3}])
def test_what_is_no_snapshot_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="saved tenant"):
        TenantState().restore(data)
