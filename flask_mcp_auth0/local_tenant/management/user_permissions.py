"""What is assigned to a user: ``/users/{id}/permissions``, ``/users/{id}/roles``, and the organisations and
log of one user.

``GET …/permissions`` lists what is assigned directly and what the user's own roles give; what comes through
groups is only in the effective permissions (:mod:`.effective`).
"""

from __future__ import annotations

from typing import Any

from ..model import Permission, PermissionSource
from .call import NO_CONTENT, Answer, Call, created
from .paging import by_offset
from .permission_bodies import check_roles_exist, described, permissions_in, role_ids_in
from .roles import as_json as role_json
from .routing import Routes
from .users import found_user

routes = Routes()

_LISTED = {"direct": "DIRECT", "role": "ROLE"}


@routes.get("/users/{id}/permissions", "read:users")
def list_user_permissions(call: Call, id: str) -> Any:
    user, state = found_user(call, id), call.state
    held = {
        permission: [source for source in sources if source.kind in _LISTED]
        for permission, sources in state.permission_sources(user.user_id).items()
    }
    permissions = [
        described(state, permission, sources=[_source(call, source) for source in sources])
        for permission, sources in sorted(held.items())
        if sources
    ]
    return by_offset(call.query, "permissions", permissions)


@routes.post("/users/{id}/permissions", "update:users", description="Assign permissions to a user")
def assign_permissions(call: Call, id: str) -> Answer:
    permissions = permissions_in(call)
    call.state.assign(found_user(call, id).user_id, permissions)
    return created()


@routes.delete("/users/{id}/permissions", "update:users", description="Remove permissions from a user")
def remove_permissions(call: Call, id: str) -> Answer:
    permissions: list[Permission] = permissions_in(call, must_exist=False)
    call.state.unassign(found_user(call, id).user_id, permissions)
    return NO_CONTENT


@routes.get("/users/{id}/roles", "read:users", "read:roles", "read:role_members")
def list_user_roles(call: Call, id: str) -> Any:
    user = found_user(call, id)
    roles = [call.state.roles[role_id] for role_id in user.roles if role_id in call.state.roles]
    return by_offset(call.query, "roles", [role_json(role) for role in roles])


@routes.post("/users/{id}/roles", "update:users", "create:role_members", description="Assign roles to a user")
def assign_roles(call: Call, id: str) -> Answer:
    role_ids = role_ids_in(call)
    user = found_user(call, id)
    check_roles_exist(call.state, role_ids)
    user.roles += [role_id for role_id in role_ids if role_id not in user.roles]
    return NO_CONTENT


@routes.delete(
    "/users/{id}/roles", "update:users", "delete:role_members", description="Remove roles from a user"
)
def remove_roles(call: Call, id: str) -> Answer:
    role_ids = role_ids_in(call)
    user = found_user(call, id)
    user.roles = [role_id for role_id in user.roles if role_id not in role_ids]
    return NO_CONTENT


def _source(call: Call, source: PermissionSource) -> dict[str, str]:
    role = call.state.roles.get(source.role_id)
    return {
        "source_id": source.role_id,
        "source_name": role.name if role else "",
        "source_type": _LISTED[source.kind],
    }
