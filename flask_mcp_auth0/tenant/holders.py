"""A user and what they hold on the API, with where each permission comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .examination import Examination
from .management import ManagementProblem, MissingScope, NotFound, segment

_EFFECTIVE = "read:user_effective_permissions"


@dataclass(frozen=True, slots=True)
class Holder:
    """A user of the tenant.

    :param title: a line for people.
    :param held: each permission with its sources, in words.
    :param incomplete: what could not be seen, if anything.
    """

    user_id: str
    title: str
    blocked: bool
    held: Mapping[str, tuple[str, ...]]
    incomplete: str = ""

    @property
    def permissions(self) -> frozenset[str]:
        """Everything that the user holds on the API."""
        return frozenset(self.held)

    def sources(self, permission: str) -> tuple[str, ...]:
        """Return why the user holds a permission."""
        return self.held.get(permission) or ("held",)


def holder_of(examined: Examination, user: str, organization: str | None = None) -> Holder:
    """Look a user up.

    :param user: an id, or an e-mail address.
    :param organization: within which; roles in it count besides.
    :raises NotFound: if there is no such user or organisation.
    :raises ManagementProblem: if the tenant cannot be read.
    """
    profile = _profile(examined, user)
    user_id = str(profile["user_id"])
    held, incomplete = _permissions(examined, user_id)
    if organization is not None:
        held = _of_member(examined, user_id, organization)
    name = profile.get("email") or profile.get("name") or ""
    blocked = bool(profile.get("blocked"))
    title = f"{user_id} ({name})" + (", blocked: gets no token" if blocked else "")
    return Holder(user_id, title, blocked, {name: tuple(by) for name, by in held.items()}, incomplete)


def _profile(examined: Examination, user: str) -> Mapping[str, Any]:
    fields = "user_id,email,name,blocked"
    if "@" in user and "|" not in user:
        found = examined.management.get("users-by-email", "read:users", email=user.lower(), fields=fields)
        users = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        if not users:
            raise NotFound(f"there is no user with the e-mail address {user}")
        if len(users) > 1:
            ids = ", ".join(str(one.get("user_id")) for one in users)
            raise NotFound(f"several users have that e-mail address; name one by id: {ids}")
        return users[0]
    unknown = f"there is no user {user}; use an id (auth0|…) or an e-mail address"
    if "|" not in user:
        raise NotFound(unknown)
    try:
        profile: Mapping[str, Any] = examined.management.get(
            f"users/{segment(user)}", "read:users", fields=fields
        )
    except NotFound:
        raise NotFound(unknown) from None
    return profile


def _permissions(examined: Examination, user_id: str) -> tuple[dict[str, list[str]], str]:
    identifier = examined.settings.resource_server_identifier
    path = f"users/{segment(user_id)}"
    try:
        items = examined.management.items_by_cursor(
            f"{path}/effective-permissions", "permissions", _EFFECTIVE, resource_server_identifier=identifier
        )
    except MissingScope:
        items = examined.management.items(f"{path}/permissions", "permissions", "read:users")
        ours = [one for one in items if one.get("resource_server_identifier") == identifier]
        held = {str(one["permission_name"]): _named_sources(one) for one in ours}
        return held, f"without {_EFFECTIVE}, what comes through groups is not seen, here and by the app"
    except NotFound:
        return {}, ""
    held = {}
    for one in items:
        name = str(one.get("permission_name"))
        sources = one.get("sources") or ()
        held[name] = ["directly"] if "direct" in sources or not sources else []
        if "roles" in sources:
            held[name] += _by_roles(examined, path, identifier, name)
    return held, ""


def _by_roles(examined: Examination, path: str, identifier: str, permission: str) -> list[str]:
    try:
        roles = examined.management.items_by_cursor(
            f"{path}/effective-permissions/sources/effective-roles",
            "roles",
            "read:user_permission_source_roles",
            resource_server_identifier=identifier,
            permission_name=permission,
        )
    except ManagementProblem:
        return ["by a role (read:user_permission_source_roles would tell which)"]
    found = []
    for role in roles:
        sources = role.get("sources") or ("direct",)
        if "direct" in sources:
            found.append(f"by the role {role.get('name')}")
        if "groups" in sources:
            found.append(f"by the role {role.get('name')}, {_by_groups(examined, path, str(role.get('id')))}")
    return found


def _by_groups(examined: Examination, path: str, role_id: str) -> str:
    try:
        groups = examined.management.items_by_cursor(
            f"{path}/effective-roles/sources/groups",
            "groups",
            "read:user_role_source_groups",
            "read:groups",
            role_id=role_id,
        )
    except ManagementProblem:
        return "through a group"
    return f"through the group {', '.join(str(group.get('name')) for group in groups)}"


def _named_sources(item: Mapping[str, Any]) -> list[str]:
    found = []
    for source in item.get("sources") or ():
        if isinstance(source, Mapping) and source.get("source_type") == "ROLE":
            found.append(f"by the role {source.get('source_name')}")
        else:
            found.append("directly")
    return found or ["held"]


def _of_member(examined: Examination, user_id: str, organization: str) -> dict[str, list[str]]:
    """Return what the user's roles within an organisation bring: that is what decides there."""
    org = examined.organization(organization)
    base = f"organizations/{segment(str(org['id']))}/members/{segment(user_id)}"
    try:
        roles = examined.management.items_by_cursor(
            f"{base}/effective-roles", "roles", "read:organization_member_effective_roles"
        )
    except MissingScope:
        roles = examined.management.items(f"{base}/roles", "roles", "read:organization_member_roles")
    except NotFound:
        raise NotFound(f"{user_id} is no member of {organization}") from None
    held: dict[str, list[str]] = {}
    for role in roles:
        path = f"roles/{segment(str(role['id']))}/permissions"
        for one in examined.management.items(path, "permissions", "read:roles"):
            if one.get("resource_server_identifier") == examined.settings.resource_server_identifier:
                held.setdefault(str(one["permission_name"]), []).append(
                    f"by the role {role.get('name')} within {organization}"
                )
    return held
