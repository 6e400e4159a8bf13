"""Groups: ``/groups``, their members and roles, as far as effective permissions come through them."""

from __future__ import annotations

from typing import Any

from ..model import Group
from ..state import TenantState
from .call import NO_CONTENT, TENANT_NAME, Answer, Call, created, iso_time
from .errors import inexistent
from .paging import by_cursor, either
from .permission_bodies import check_roles_exist, role_ids_in
from .roles import as_json as role_json
from .routing import Routes
from .users import found_user

routes = Routes()


@routes.get("/groups", "read:groups")
def list_groups(call: Call) -> Any:
    name = call.query.get("name")
    groups = [group for group in call.state.groups.values() if name in (None, group.name)]
    return _page(call, groups)


@routes.get("/groups/{id}", "read:groups")
def get_group(call: Call, id: str) -> Any:
    return as_json(call.state, _found(call, id))


@routes.get("/groups/{id}/members", "read:group_members")
def list_group_members(call: Call, id: str) -> Any:
    def shape(user_id: str) -> dict[str, Any]:
        return {"id": user_id, "member_type": "user", "type": "tenant"}

    return by_cursor(call.query, "members", _found(call, id).members, str, shape)


@routes.get("/groups/{id}/roles", "read:group_roles")
def list_group_roles(call: Call, id: str) -> Any:
    roles = [call.state.roles[role_id] for role_id in _found(call, id).roles if role_id in call.state.roles]
    return by_cursor(call.query, "roles", roles, lambda role: role.id, role_json)


@routes.post("/groups/{id}/roles", "create:group_roles", description="Assign roles to a group")
def assign_group_roles(call: Call, id: str) -> Answer:
    role_ids = role_ids_in(call)
    group = _found(call, id)
    check_roles_exist(call.state, role_ids)
    group.roles += [role_id for role_id in role_ids if role_id not in group.roles]
    return created()


@routes.delete("/groups/{id}/roles", "delete:group_roles", description="Remove roles from a group")
def remove_group_roles(call: Call, id: str) -> Answer:
    role_ids = role_ids_in(call)
    group = _found(call, id)
    group.roles = [role_id for role_id in group.roles if role_id not in role_ids]
    return NO_CONTENT


@routes.get("/users/{id}/groups", "read:users", "read:groups")
def list_user_groups(call: Call, id: str) -> Any:
    user = found_user(call, id)
    return _page(call, [group for group in call.state.groups.values() if user.user_id in group.members])


def as_json(state: TenantState, group: Group) -> dict[str, Any]:
    """The group as the Management API shows it. When it was made is not remembered."""
    since = iso_time(state.started_at)
    return {
        "id": group.id,
        "name": group.name,
        "tenant_name": TENANT_NAME,
        "created_at": since,
        "updated_at": since,
    }


def _page(call: Call, groups: list[Group]) -> Any:
    def shape(group: Group) -> dict[str, Any]:
        return as_json(call.state, group)

    return either(call.query, "groups", groups, lambda group: group.id, shape)


def _found(call: Call, id: str) -> Group:
    group = call.state.groups.get(id)
    if group is None:
        raise inexistent("group", "The group does not exist.")
    return group
