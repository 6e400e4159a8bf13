"""What a user may do in all: ``/users/{id}/effective-permissions`` and ``/users/{id}/effective-roles``,
with the reasons.

Direct assignments, the user's roles and the roles of the user's groups count; roles as a member of an
organisation do not: those are under ``/organizations``. Paged by cursor only.
"""

from __future__ import annotations

from typing import Any

from ..model import Group, Permission, PermissionSource, ResourceServer, Role
from .call import Call
from .errors import inexistent, invalid_query
from .groups import as_json as group_json
from .paging import by_cursor
from .permission_bodies import described
from .roles import as_json as role_json
from .routing import Routes
from .users import found_user

routes = Routes()


@routes.get("/users/{id}/effective-permissions", "read:user_effective_permissions")
def list_effective_permissions(call: Call, id: str) -> Any:
    user = found_user(call, id)
    api = _api(call)
    held = [
        (permission, sources)
        for permission, sources in call.state.permission_sources(user.user_id).items()
        if permission.resource_server_identifier == api.identifier
        and permission.permission_name in api.scopes
    ]

    def shape(item: tuple[Permission, list[PermissionSource]]) -> dict[str, Any]:
        kinds = ["direct" if source.kind == "direct" else "roles" for source in item[1]]
        return described(call.state, item[0], sources=list(dict.fromkeys(kinds)))

    return by_cursor(call.query, "permissions", held, lambda item: item[0].permission_name, shape)


@routes.get("/users/{id}/effective-permissions/sources/effective-roles", "read:user_permission_source_roles")
def list_permission_source_roles(call: Call, id: str) -> Any:
    user = found_user(call, id)
    wanted = Permission(_api(call).identifier, _required(call, "permission_name"))
    roles = [(role, sources) for role, sources in _roles_of(call, user.user_id) if wanted in role.permissions]

    def shape(item: tuple[Role, list[str]]) -> dict[str, Any]:
        return {**role_json(item[0]), "sources": item[1]}

    return by_cursor(call.query, "roles", roles, lambda item: item[0].id, shape)


@routes.get("/users/{id}/effective-roles", "read:user_effective_roles")
def list_effective_roles(call: Call, id: str) -> Any:
    user = found_user(call, id)

    def shape(item: tuple[Role, list[str]]) -> dict[str, Any]:
        return {**role_json(item[0]), "sources": item[1]}

    return by_cursor(call.query, "roles", _roles_of(call, user.user_id), lambda item: item[0].id, shape)


@routes.get("/users/{id}/effective-roles/sources/groups", "read:user_role_source_groups", "read:groups")
def list_role_source_groups(call: Call, id: str) -> Any:
    user = found_user(call, id)
    role_id = _required(call, "role_id")
    groups = [g for g in call.state.groups.values() if user.user_id in g.members and role_id in g.roles]

    def shape(group: Group) -> dict[str, Any]:
        return group_json(call.state, group)

    return by_cursor(call.query, "groups", groups, lambda group: group.id, shape)


def _roles_of(call: Call, user_id: str) -> list[tuple[Role, list[str]]]:
    """The roles of a user, each with ``direct``, ``groups`` or both."""
    state = call.state
    found: dict[str, list[str]] = {role_id: ["direct"] for role_id in state.users[user_id].roles}
    for group in state.groups.values():
        for role_id in group.roles if user_id in group.members else ():
            sources = found.setdefault(role_id, [])
            if "groups" not in sources:
                sources.append("groups")
    return [(state.roles[role_id], sources) for role_id, sources in found.items() if role_id in state.roles]


def _required(call: Call, name: str) -> str:
    value = call.query.get(name)
    if not value:
        raise invalid_query(f"'Missing required property: {name}'.")
    return value


def _api(call: Call) -> ResourceServer:
    identifier = _required(call, "resource_server_identifier")
    api = call.state.resource_servers.get(identifier)
    if api is None:
        raise inexistent("resource_server", "The resource server does not exist.")
    return api
