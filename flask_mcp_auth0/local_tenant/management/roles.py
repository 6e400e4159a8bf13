"""Roles, what they permit, and who has them: ``/roles``."""

from __future__ import annotations

from typing import Any

from ..model import Role, User
from ..state import new_id
from .bodies import REQUIRED_STRING, STRING, checked
from .call import NO_CONTENT, Answer, Call, created
from .errors import ManagementError, inexistent
from .paging import by_offset, either
from .permission_bodies import described, ids_in, permissions_in
from .routing import Routes

routes = Routes()


@routes.get("/roles", "read:roles")
def list_roles(call: Call) -> Any:
    wanted = call.query.get("name_filter", "").casefold()
    roles = [role for role in call.state.roles.values() if wanted in role.name.casefold()]
    return by_offset(call.query, "roles", [as_json(role) for role in roles])


@routes.post("/roles", "create:roles", description="Create a role")
def create_role(call: Call) -> Any:
    body = checked(
        call.body, {"name": REQUIRED_STRING, "description": STRING, "type": STRING, "owner_id": STRING}
    )
    _refuse_taken_name(call, body["name"])
    role = Role(new_id("rol"), body["name"], body.get("description", ""))
    call.state.roles[role.id] = role
    return as_json(role)


@routes.get("/roles/{id}", "read:roles")
def get_role(call: Call, id: str) -> Any:
    return as_json(_found(call, id))


@routes.patch("/roles/{id}", "update:roles", description="Update a role")
def update_role(call: Call, id: str) -> Any:
    body = checked(call.body, {"name": STRING, "description": STRING})
    role = _found(call, id)
    if "name" in body and body["name"] != role.name:
        _refuse_taken_name(call, body["name"])
    role.name = body.get("name", role.name)
    role.description = body.get("description", role.description)
    return as_json(role)


@routes.delete("/roles/{id}", "delete:roles", description="Delete a role")
def delete_role(call: Call, id: str) -> Answer:
    state = call.state
    role = _found(call, id)
    del state.roles[role.id]
    for user in state.users.values():
        user.roles = [role_id for role_id in user.roles if role_id != role.id]
    for group in state.groups.values():
        group.roles = [role_id for role_id in group.roles if role_id != role.id]
    for organization in state.organizations.values():
        for member, role_ids in organization.members.items():
            organization.members[member] = [role_id for role_id in role_ids if role_id != role.id]
    return NO_CONTENT


@routes.get("/roles/{id}/permissions", "read:roles")
def list_role_permissions(call: Call, id: str) -> Any:
    role = _found(call, id)
    return by_offset(call.query, "permissions", [described(call.state, p) for p in sorted(role.permissions)])


@routes.post("/roles/{id}/permissions", "update:roles", description="Associate permissions with a role")
def add_role_permissions(call: Call, id: str) -> Answer:
    permissions = permissions_in(call)
    _found(call, id).permissions.update(permissions)
    return created()


@routes.delete("/roles/{id}/permissions", "update:roles", description="Remove permissions from a role")
def remove_role_permissions(call: Call, id: str) -> Answer:
    permissions = permissions_in(call, must_exist=False)
    _found(call, id).permissions.difference_update(permissions)
    return NO_CONTENT


@routes.get("/roles/{id}/users", "read:users", "read:role_members")
def list_role_users(call: Call, id: str) -> Any:
    role = _found(call, id)
    users = [user for user in call.state.users.values() if role.id in user.roles]
    return either(call.query, "users", users, lambda user: user.user_id, _member)


@routes.post("/roles/{id}/users", "update:roles", "create:role_members", description="Assign users to a role")
def assign_role_users(call: Call, id: str) -> Answer:
    user_ids = ids_in(call, "users")
    role = _found(call, id)
    users = [call.state.users.get(user_id) for user_id in user_ids]
    if None in users:
        raise inexistent("user", "One or more of the specified users do not exist.")
    for user in users:
        if user is not None and role.id not in user.roles:
            user.roles.append(role.id)
    return Answer(200)


def as_json(role: Role) -> dict[str, Any]:
    """The role as the Management API shows it."""
    return {"id": role.id, "name": role.name, "description": role.description, "type": "tenant"}


def _member(user: User) -> dict[str, Any]:
    return {"user_id": user.user_id, "email": user.email, "name": user.name, "picture": user.picture}


def _found(call: Call, id: str) -> Role:
    role = call.state.roles.get(id)
    if role is None:
        raise inexistent("role", "The role does not exist.")
    return role


def _refuse_taken_name(call: Call, name: str) -> None:
    if any(role.name == name for role in call.state.roles.values()):
        raise ManagementError(409, "The specified role name already exists.", "role_conflict")
