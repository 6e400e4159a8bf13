"""Organisations, their members, and the roles that a member has there: ``/organizations``."""

from __future__ import annotations

from typing import Any

from ..model import Organization, Role
from .bodies import OBJECT, STRING, Field, checked
from .call import NO_CONTENT, Answer, Call
from .errors import ManagementError, inexistent
from .paging import by_cursor, by_offset, either
from .permission_bodies import check_roles_exist, ids_in, role_ids_in
from .roles import as_json as role_json
from .routing import Routes
from .users import found_user

routes = Routes()

_CHANGEABLE = {
    "name": STRING,
    "display_name": STRING,
    "third_party_client_access": Field("string", ("block", "allow")),
    "metadata": OBJECT,
}


@routes.get("/organizations", "read:organizations")
def list_organizations(call: Call) -> Any:
    return _page(call, list(call.state.organizations.values()))


@routes.get("/organizations/name/{name}", "read:organizations")
def get_organization_by_name(call: Call, name: str) -> Any:
    for organization in call.state.organizations.values():
        if organization.name == name:
            return as_json(organization)
    raise inexistent("organization", "No organization found by that id or name.")


@routes.get("/organizations/{id}", "read:organizations")
def get_organization(call: Call, id: str) -> Any:
    return as_json(_found(call, id))


@routes.patch("/organizations/{id}", "update:organizations", description="Modify an Organization")
def update_organization(call: Call, id: str) -> Any:
    body = checked(call.body, _CHANGEABLE)
    organization = _found(call, id)
    for name, value in body.items():
        setattr(organization, name, value)
    return as_json(organization)


@routes.get("/organizations/{id}/members", "read:organization_members")
def list_members(call: Call, id: str) -> Any:
    organization = _found(call, id)
    with_roles = "roles" in call.query.get("fields", "").split(",")

    def shape(user_id: str) -> dict[str, Any]:
        user = call.state.users[user_id]
        member: dict[str, Any] = {
            "user_id": user_id,
            "email": user.email,
            "name": user.name,
            "picture": user.picture,
        }
        if with_roles:
            roles = _roles(call, organization, user_id)
            member["roles"] = [{"id": role.id, "name": role.name} for role in roles]
        return member

    members = [user_id for user_id in organization.members if user_id in call.state.users]
    return either(call.query, "members", members, str, shape)


@routes.post(
    "/organizations/{id}/members", "create:organization_members", description="Add members to an organization"
)
def add_members(call: Call, id: str) -> Answer:
    user_ids = ids_in(call, "members")
    organization = _found(call, id)
    for user_id in user_ids:
        found_user(call, user_id)
    for user_id in user_ids:
        organization.members.setdefault(user_id, [])
    return NO_CONTENT


@routes.delete(
    "/organizations/{id}/members",
    "delete:organization_members",
    description="Delete members from an organization",
)
def remove_members(call: Call, id: str) -> Answer:
    user_ids = ids_in(call, "members")
    organization = _found(call, id)
    for user_id in user_ids:
        organization.members.pop(user_id, None)
    return NO_CONTENT


@routes.get("/organizations/{id}/members/{user_id}/roles", "read:organization_member_roles")
def list_member_roles(call: Call, id: str, user_id: str) -> Any:
    roles = _roles(call, _with_member(call, id, user_id), user_id)
    return by_offset(call.query, "roles", [role_json(role) for role in roles])


@routes.post(
    "/organizations/{id}/members/{user_id}/roles",
    "create:organization_member_roles",
    description="Assign user roles to an Organization member",
)
def assign_member_roles(call: Call, id: str, user_id: str) -> Answer:
    role_ids = role_ids_in(call)
    organization = _with_member(call, id, user_id)
    check_roles_exist(call.state, role_ids)
    held = organization.members[user_id]
    organization.members[user_id] = [*held, *(role_id for role_id in role_ids if role_id not in held)]
    return NO_CONTENT


@routes.delete(
    "/organizations/{id}/members/{user_id}/roles",
    "delete:organization_member_roles",
    description="Delete user roles from an Organization member",
)
def remove_member_roles(call: Call, id: str, user_id: str) -> Answer:
    role_ids = role_ids_in(call)
    organization = _with_member(call, id, user_id)
    held = organization.members[user_id]
    organization.members[user_id] = [role_id for role_id in held if role_id not in role_ids]
    return NO_CONTENT


@routes.get(
    "/organizations/{id}/members/{user_id}/effective-roles", "read:organization_member_effective_roles"
)
def list_member_effective_roles(call: Call, id: str, user_id: str) -> Any:
    def shape(role: Role) -> dict[str, Any]:
        return {**role_json(role), "sources": ["direct"]}

    roles = _roles(call, _with_member(call, id, user_id), user_id)
    return by_cursor(call.query, "roles", roles, lambda role: role.id, shape)


@routes.get("/users/{id}/organizations", "read:organizations")
def list_user_organizations(call: Call, id: str) -> Any:
    user = found_user(call, id)
    mine = [o for o in call.state.organizations.values() if user.user_id in o.members]
    return by_offset(call.query, "organizations", [as_json(organization) for organization in mine])


def as_json(organization: Organization) -> dict[str, Any]:
    """The organisation as the Management API shows it."""
    return {
        "id": organization.id,
        "name": organization.name,
        "display_name": organization.display_name,
        "third_party_client_access": organization.third_party_client_access,
        "metadata": organization.metadata,
    }


def _page(call: Call, organizations: list[Organization]) -> Any:
    return either(call.query, "organizations", organizations, lambda o: o.id, as_json)


def _found(call: Call, id: str) -> Organization:
    organization = call.state.organizations.get(id)
    if organization is None:
        raise inexistent("organization", "No organization found by that id or name.")
    return organization


def _with_member(call: Call, id: str, user_id: str) -> Organization:
    organization = _found(call, id)
    if found_user(call, user_id).user_id not in organization.members:
        raise ManagementError(400, "The user is not a member of the organization.", "invalid_body")
    return organization


def _roles(call: Call, organization: Organization, user_id: str) -> list[Role]:
    return [
        call.state.roles[role_id]
        for role_id in organization.members.get(user_id, ())
        if role_id in call.state.roles
    ]
