"""Who may do what, as auth0-python reads it."""

from __future__ import annotations

import pytest
from auth0.management import Auth0
from auth0.management.errors import BadRequestError, ForbiddenError, NotFoundError

from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE, CALENDAR, Client

ALICE, BOB = "auth0|alice", "auth0|bob"


def role_id(state: TenantState, name: str) -> str:
    role = state.find_role(name)
    assert role is not None
    return role.id


def with_many(state: TenantState, count: int) -> list[str]:
    """Give Bob ``count`` permissions of the shop; their names, sorted."""
    names = [f"tool:t{number:03}" for number in range(count)]
    state.resource_servers[AUDIENCE].scopes.update(dict.fromkeys(names, ""))
    state.assign(BOB, [Permission(AUDIENCE, name) for name in names])
    state.groups.clear()
    return names


def test_an_api_is_found_by_its_identifier_whatever_characters_it_has(auth0: Auth0) -> None:
    api = auth0.resource_servers.get(AUDIENCE)
    assert api.identifier == AUDIENCE
    assert [scope.value for scope in api.scopes or []] == ["tool:report", "tool:refund", "tool:close"]
    assert auth0.resource_servers.get(api.id or "").identifier == AUDIENCE


def test_an_identifier_is_compared_exactly(auth0: Auth0) -> None:
    with pytest.raises(NotFoundError) as refused:
        auth0.resource_servers.get(AUDIENCE.rstrip("/"))
    assert refused.value.body["errorCode"] == "inexistent_resource_server"


def test_a_users_permissions_are_those_assigned_directly_and_by_their_own_roles(auth0: Auth0) -> None:
    page = auth0.users.permissions.list(ALICE)
    assert {(p.resource_server_identifier, p.permission_name) for p in page.items or []} == {
        (AUDIENCE, "tool:report"),
        (CALENDAR, "read:calendar"),
    }
    assert page.response.total == 2
    report = next(p for p in page.items or [] if p.permission_name == "tool:report")
    assert report.resource_server_name == "Shop"
    assert report.description == "Read the report"
    kinds = [source["source_type"] for source in (report.model_extra or {})["sources"]]
    assert sorted(kinds) == ["DIRECT", "ROLE"]


def test_permissions_that_come_through_groups_are_only_in_the_effective_ones(auth0: Auth0) -> None:
    assert list(auth0.users.permissions.list(BOB)) == []
    effective = list(auth0.users.effective_permissions.list(BOB, resource_server_identifier=AUDIENCE))
    assert {p.permission_name for p in effective} == {"tool:report", "tool:refund"}


def test_effective_permissions_say_whether_they_are_direct_or_by_role_and_are_of_one_api(
    auth0: Auth0,
) -> None:
    held = {
        p.permission_name: p.sources
        for p in auth0.users.effective_permissions.list(ALICE, resource_server_identifier=AUDIENCE)
    }
    assert held == {"tool:report": ["direct", "roles"], "tool:refund": ["roles"]}


def test_effective_permissions_name_the_roles_they_come_from(auth0: Auth0, state: TenantState) -> None:
    roles = auth0.users.effective_permissions.sources.roles.list(
        ALICE, resource_server_identifier=AUDIENCE, permission_name="tool:report"
    )
    assert {role.name: role.sources for role in roles} == {"Clerk": ["direct"], "Manager": ["groups"]}


def test_effective_roles_and_the_groups_behind_them(auth0: Auth0, state: TenantState) -> None:
    roles = {role.name: role.sources for role in auth0.users.effective_roles.list(ALICE)}
    assert roles == {"Clerk": ["direct"], "Manager": ["groups"]}
    groups = auth0.users.effective_roles.sources.groups.list(ALICE, role_id=role_id(state, "Manager"))
    assert [group.name for group in groups] == ["Night shift"]


def test_offset_paging_gives_every_item_once_and_the_total(auth0: Auth0, state: TenantState) -> None:
    names = with_many(state, 120)
    assert [p.permission_name for p in auth0.users.permissions.list(BOB, per_page=50)] == names
    # The SDK asks once more after the last page.
    assert state.count("GET /api/v2/users/{id}/permissions") == 4
    page = auth0.users.permissions.list(BOB, per_page=50, page=2)
    assert (page.response.start, page.response.limit, page.response.total) == (100, 50, 120)
    assert len(page.items or []) == 20


def test_cursor_paging_gives_every_item_once_without_an_extra_request(
    auth0: Auth0, state: TenantState
) -> None:
    names = with_many(state, 120)
    pager = auth0.users.effective_permissions.list(BOB, resource_server_identifier=AUDIENCE, take=50)
    assert [p.permission_name for p in pager] == names
    assert state.count("GET /api/v2/users/{id}/effective-permissions") == 3


def test_what_is_taken_away_between_two_pages_shifts_nothing(auth0: Auth0, state: TenantState) -> None:
    names = with_many(state, 30)
    page = auth0.users.effective_permissions.list(BOB, resource_server_identifier=AUDIENCE, take=10)
    state.unassign(BOB, [Permission(AUDIENCE, names[3])])
    following = page.next_page()
    assert following is not None
    assert [p.permission_name for p in following.items or []] == names[10:20]


@pytest.mark.parametrize("per_page", [0, 101])
def test_a_page_has_one_to_a_hundred_items(auth0: Auth0, per_page: int) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.permissions.list(ALICE, per_page=per_page)
    assert refused.value.body["errorCode"] == "invalid_query_string"
    assert "on property per_page" in refused.value.body["message"]


def test_a_cursor_that_was_not_given_out_is_refused(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError):
        auth0.users.effective_permissions.list(ALICE, resource_server_identifier=AUDIENCE, from_="é")


def test_permissions_are_assigned_and_removed(auth0: Auth0, state: TenantState) -> None:
    refund = {"resource_server_identifier": AUDIENCE, "permission_name": "tool:refund"}
    auth0.users.permissions.create(BOB, permissions=[refund])
    assert state.users[BOB].permissions == {Permission(AUDIENCE, "tool:refund")}
    auth0.users.permissions.delete(BOB, permissions=[refund])
    assert state.users[BOB].permissions == set()


def test_a_permission_that_no_api_defines_cannot_be_assigned(auth0: Auth0, state: TenantState) -> None:
    unknown = {"resource_server_identifier": AUDIENCE, "permission_name": "tool:fly"}
    with pytest.raises(NotFoundError):
        auth0.users.permissions.create(BOB, permissions=[unknown])
    assert state.users[BOB].permissions == set()


def test_roles_are_assigned_and_removed(auth0: Auth0, state: TenantState) -> None:
    owner = role_id(state, "Owner")
    auth0.users.roles.assign(BOB, roles=[owner])
    assert [role.name for role in auth0.users.roles.list(BOB)] == ["Owner"]
    assert [user.user_id for user in auth0.roles.users.list(owner)] == [BOB]
    auth0.users.roles.delete(BOB, roles=[owner])
    assert list(auth0.users.roles.list(BOB)) == []


def test_a_role_is_made_changed_given_permissions_and_deleted(auth0: Auth0, state: TenantState) -> None:
    made = auth0.roles.create(name="Auditor", description="Looks")
    assert made.id is not None
    assert auth0.roles.get(made.id).name == "Auditor"
    assert auth0.roles.update(made.id, description="Looks hard").description == "Looks hard"
    close = {"resource_server_identifier": AUDIENCE, "permission_name": "tool:close"}
    auth0.roles.permissions.add(made.id, permissions=[close])
    assert [p.permission_name for p in auth0.roles.permissions.list(made.id)] == ["tool:close"]
    auth0.roles.users.assign(made.id, users=[ALICE])
    assert made.id in state.users[ALICE].roles
    auth0.roles.permissions.delete(made.id, permissions=[close])
    assert list(auth0.roles.permissions.list(made.id)) == []
    auth0.roles.delete(made.id)
    assert made.id not in state.roles
    assert made.id not in state.users[ALICE].roles
    assert [role.name for role in auth0.roles.list(name_filter="man")] == ["Manager"]


def test_roles_of_groups_are_listed_assigned_and_removed(auth0: Auth0, state: TenantState) -> None:
    group = next(iter(auth0.groups.list()))
    assert group.id is not None
    assert auth0.groups.get(group.id).name == "Night shift"
    assert {member.id for member in auth0.groups.members.get(group.id)} == {ALICE, BOB}
    owner = role_id(state, "Owner")
    auth0.groups.roles.create(group.id, roles=[owner])
    assert {role.name for role in auth0.groups.roles.list(group.id)} == {"Manager", "Owner"}
    auth0.groups.roles.delete(group.id, roles=[owner])
    assert {role.name for role in auth0.groups.roles.list(group.id)} == {"Manager"}
    assert [g.name for g in auth0.users.groups.get(BOB)] == ["Night shift"]


def test_a_machine_has_no_page_among_the_users(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.permissions.list("backend@clients")
    assert refused.value.body == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Object didn't pass validation for format user-id: backend@clients",
        "errorCode": "invalid_uri",
    }


def test_an_unknown_user_is_not_found(auth0: Auth0) -> None:
    with pytest.raises(NotFoundError) as refused:
        auth0.users.permissions.list("auth0|nobody")
    assert refused.value.body["errorCode"] == "inexistent_user"


def test_effective_permissions_need_a_scope_of_their_own(client: Client) -> None:
    limited = client("read:users", "read:resource_servers")
    assert limited.users.permissions.list(ALICE).items
    with pytest.raises(ForbiddenError) as refused:
        limited.users.effective_permissions.list(ALICE, resource_server_identifier=AUDIENCE)
    assert refused.value.body == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: read:user_effective_permissions",
        "errorCode": "insufficient_scope",
    }
