"""What the administrator's pages show, gathered under the state's lock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from .model import Permission, PermissionSource, ResourceServer, Role, User
from .state import TenantState

_NEWEST = 100


class Held(NamedTuple):
    """A permission of an API, whether it is assigned here directly, and how else it is held."""

    name: str
    description: str
    direct: bool
    through: list[str]


def users(state: TenantState) -> list[dict[str, Any]]:
    """Every user with roles and the number of permissions."""
    with state.lock:
        return [
            {
                "user": user,
                "roles": [state.roles[role_id] for role_id in user.roles if role_id in state.roles],
                "groups": [group for group in state.groups.values() if user.user_id in group.members],
                "permissions": len(state.permission_sources(user.user_id)),
            }
            for user in state.users.values()
        ]


def user(state: TenantState, user: User) -> dict[str, Any]:
    """One user's permissions by API, and every role with whether the user has it."""
    sources = state.permission_sources(user.user_id)
    organizations = [
        (organization, [state.roles[r].name for r in organization.members[user.user_id] if r in state.roles])
        for organization in state.organizations.values()
        if user.user_id in organization.members
    ]
    return {
        "apis": [(api, _held(state, api, sources)) for api in _apis(state)],
        "roles": [(role, role.id in user.roles) for role in state.roles.values()],
        "groups": [group for group in state.groups.values() if user.user_id in group.members],
        "organizations": organizations,
        "consents": [grant for grant in state.user_grants.values() if grant.user_id == user.user_id],
    }


def roles(state: TenantState) -> list[tuple[Role, int, int]]:
    """Every role with the numbers of its permissions and of the users to whom it is assigned."""
    with state.lock:
        return [
            (role, len(role.permissions), sum(role.id in user.roles for user in state.users.values()))
            for role in state.roles.values()
        ]


def role(state: TenantState, role: Role) -> dict[str, Any]:
    """One role's permissions by API, and every user with whether they have it."""
    sources = {permission: [PermissionSource("direct")] for permission in role.permissions}
    return {
        "apis": [(api, _held(state, api, sources)) for api in _apis(state)],
        "users": [(user, role.id in user.roles) for user in state.users.values()],
        "groups": [group for group in state.groups.values() if role.id in group.roles],
    }


def apis(state: TenantState) -> list[tuple[ResourceServer, list[tuple[str, str, int]]]]:
    """Every API with its permissions and how many users hold each."""
    holders: dict[Permission, int] = {}
    for user_id in state.users:
        for permission in state.permission_sources(user_id):
            holders[permission] = holders.get(permission, 0) + 1
    return [
        (
            api,
            [
                (value, text, holders.get(Permission(api.identifier, value), 0))
                for value, text in api.scopes.items()
            ],
        )
        for api in _apis(state)
    ]


def applications(state: TenantState) -> dict[str, Any]:
    """Every application with its grants, and the grants for all third parties."""
    grants = list(state.client_grants.values())
    clients = sorted(state.clients.values(), key=lambda client: (not client.is_first_party, client.name))
    return {
        "clients": [(client, [g for g in grants if g.client_id == client.client_id]) for client in clients],
        "default_grants": [grant for grant in grants if grant.default_for],
    }


def requests(state: TenantState) -> dict[str, Any]:
    """The last requests and log entries, newest first."""
    with state.lock:
        others = [seen for seen in state.requests if not seen.path.startswith("/admin")]
        recent = others[-_NEWEST:][::-1]
        events = list(state.logs)[-_NEWEST:][::-1]
        names = {client.client_id: client.name for client in state.clients.values()}
        names |= {user.user_id: user.username for user in state.users.values()}
    return {
        "requests": [
            (clock_time(r.at), r, names.get(r.client_id or ""), names.get(r.user_id or "")) for r in recent
        ],
        "events": [(clock_time(e.date), e) for e in events],
        "faults": list(state.faults),
    }


def clock_time(seconds: float) -> str:
    """A time of day, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def _apis(state: TenantState) -> list[ResourceServer]:
    return [api for api in state.resource_servers.values() if not api.is_system]


def _held(
    state: TenantState, api: ResourceServer, sources: dict[Permission, list[PermissionSource]]
) -> list[Held]:
    return [
        Held(
            value,
            text,
            any(source.kind == "direct" for source in sources.get(Permission(api.identifier, value), ())),
            [
                _words(state, source)
                for source in sources.get(Permission(api.identifier, value), ())
                if source.kind != "direct"
            ],
        )
        for value, text in api.scopes.items()
    ]


def _words(state: TenantState, source: PermissionSource) -> str:
    role = state.roles.get(source.role_id)
    name = f"role {role.name}" if role else "a role"
    group = state.groups.get(source.via)
    return f"{name} of group {group.name}" if group else name
