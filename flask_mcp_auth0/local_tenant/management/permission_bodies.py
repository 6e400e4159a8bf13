"""Permissions and roles as they are named in request bodies and shown in answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model import Permission
from ..state import TenantState
from .bodies import REQUIRED_STRING, Field, checked
from .call import Call
from .errors import ManagementError, inexistent, invalid_body


def permissions_in(call: Call, *, must_exist: bool = True) -> list[Permission]:
    """The permissions of a body ``{"permissions": [{"resource_server_identifier", "permission_name"}, …]}``.

    :raises ManagementError: 400 for another form; 404 when ``must_exist`` and an API, or its permission,
        does not.
    """
    body = checked(call.body, {"permissions": Field("array", required=True, items="object")})
    if not body["permissions"]:
        raise invalid_body("'Array is too short (0), minimum 1' on property permissions.")
    wanted = [
        Permission(
            **checked(
                item, {"resource_server_identifier": REQUIRED_STRING, "permission_name": REQUIRED_STRING}
            )
        )
        for item in body["permissions"]
    ]
    for permission in wanted if must_exist else ():
        api = call.state.resource_servers.get(permission.resource_server_identifier)
        if api is None or permission.permission_name not in api.scopes:
            name = f"{permission.permission_name} on {permission.resource_server_identifier}"
            raise inexistent("permission", f"The permission does not exist: {name}")
    return wanted


def described(state: TenantState, permission: Permission, **more: Any) -> dict[str, Any]:
    """A permission with what its API says of it, and ``more``."""
    api = state.resource_servers.get(permission.resource_server_identifier)
    return {
        "resource_server_identifier": permission.resource_server_identifier,
        "permission_name": permission.permission_name,
        "resource_server_name": api.name if api else "",
        "description": api.scopes.get(permission.permission_name, "") if api else "",
        **more,
    }


def role_ids_in(call: Call) -> list[str]:
    """The role ids of a body ``{"roles": [id, …]}``."""
    return ids_in(call, "roles")


def ids_in(call: Call, name: str) -> list[str]:
    """The ids of a body ``{name: [id, …]}``: at least one. :raises ManagementError: 400 for another form."""
    body = checked(call.body, {name: Field("array", required=True, items="string")})
    ids: list[str] = body[name]
    if not ids:
        raise invalid_body(f"'Array is too short (0), minimum 1' on property {name}.")
    return list(dict.fromkeys(ids))


def check_roles_exist(state: TenantState, role_ids: Iterable[str]) -> None:
    """:raises ManagementError: 404 for the first role that does not exist."""
    for role_id in role_ids:
        if role_id not in state.roles:
            raise ManagementError(404, "The role does not exist.", "inexistent_role")
