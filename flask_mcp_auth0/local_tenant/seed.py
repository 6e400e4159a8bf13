"""Building a tenant from a YAML description (:meth:`TenantState.from_yaml`).

The description says what an administrator would click together: settings, APIs, roles, users, groups,
organisations, connections, applications, grants. Things are referred to by name; permissions are written as
``{api identifier: [scope, …]}``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..errors import ConfigurationError
from .description import ClientDescription, Description, GrantDescription, Permissions
from .model import (
    Client,
    ClientGrant,
    Clock,
    Connection,
    Group,
    Organization,
    Permission,
    ResourceServer,
    Role,
    TenantSettings,
    TokenExchangeProfile,
    User,
)
from .scopes import MANAGEMENT_SCOPES
from .state import TenantState


class SeedError(ConfigurationError):
    """The description of a tenant is wrong; one problem a mistake."""


def load_seed(
    source: str | Path | None,
    *,
    audience: str,
    issuer: str,
    m2m_client_id: str,
    m2m_client_secret: str,
    clock: Clock,
) -> TenantState:
    """See :meth:`TenantState.from_yaml`."""
    variables = {
        "$AUDIENCE": audience,
        "$ISSUER": issuer,
        "$MANAGEMENT": f"{issuer}api/v2/",
        "$M2M_CLIENT_ID": m2m_client_id,
        "$M2M_CLIENT_SECRET": m2m_client_secret,
    }
    try:
        # The same loader in C, where it is there: a tenant for each test should cost milliseconds.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        plain = yaml.load(_text(source), Loader=loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise SeedError(f"The tenant's description is not YAML: {error}.") from error
    if not isinstance(plain, dict):
        raise SeedError(
            "The tenant's description is not a mapping of settings, apis, roles, users, clients …"
        )
    try:
        description = Description.model_validate(_substitute(plain, variables))
    except ValidationError as error:
        raise SeedError(
            [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}." for e in error.errors()]
        ) from error
    return _Builder(TenantState(issuer=issuer, clock=clock)).build(description)


def _text(source: str | Path | None) -> str:
    if source is None:
        return files("flask_mcp_auth0.local_tenant").joinpath("default_tenant.yaml").read_text("utf-8")
    if isinstance(source, str) and "\n" in source:
        return source
    try:
        return Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"The tenant's description {str(source)!r} cannot be read: {error}.") from error


def _substitute(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return variables.get(value, value)
    if isinstance(value, dict):
        return {_substitute(key, variables): _substitute(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item, variables) for item in value]
    return value


def stable_id(prefix: str, name: str) -> str:
    """An identifier that a name always gives, so that a restart with the same file keeps every id."""
    return f"{prefix}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


class _Builder:
    def __init__(self, state: TenantState) -> None:
        self.state = state
        self.problems: list[str] = []

    def build(self, description: Description) -> TenantState:
        state, now = self.state, self.state.now()
        state.settings = TenantSettings()
        for name, value in description.settings.items():
            self._setting(name, value)
        self._management_api()
        for api in description.apis:
            state.resource_servers[api.identifier] = ResourceServer(
                id=stable_id("rs", api.identifier), **api.model_dump()
            )
        for role in description.roles:
            role_id = stable_id("rol", role.name)
            held = self._permissions(role.permissions, f"role {role.name!r}")
            state.roles[role_id] = Role(role_id, role.name, role.description, held)
        for user in description.users:
            user_id = user.user_id or f"auth0|{user.username}"
            fields = user.model_dump(exclude={"user_id", "roles", "permissions"})
            fields["name"] = user.name or user.username.capitalize()
            fields["nickname"] = user.nickname or user.username
            fields["email"] = user.email or f"{user.username}@example.com"
            state.users[user_id] = User(
                user_id=user_id,
                roles=self._roles(user.roles, f"user {user.username!r}"),
                permissions=self._permissions(user.permissions, f"user {user.username!r}"),
                created_at=now,
                updated_at=now,
                **fields,
            )
        for group in description.groups:
            where = f"group {group.name!r}"
            group_id = stable_id("grp", group.name)
            state.groups[group_id] = Group(
                group_id, group.name, self._users(group.members, where), self._roles(group.roles, where)
            )
        for org in description.organizations:
            where = f"organization {org.name!r}"
            org_id = stable_id("org", org.name)
            members = {
                user_id: self._roles(roles, where)
                for name, roles in org.members.items()
                for user_id in self._users([name], where)
            }
            state.organizations[org_id] = Organization(
                org_id, org.name, org.display_name or org.name, org.third_party_client_access, members
            )
        for connection in description.connections:
            con_id = stable_id("con", connection.name)
            state.connections[con_id] = Connection(con_id, **connection.model_dump())
        for client in description.clients:
            self._client(client, now)
        for grant in description.client_grants:
            self._grant(grant, grant.client_id)
        for profile in description.token_exchange_profiles:
            profile_id = stable_id("tep", profile.name)
            state.token_exchange_profiles[profile_id] = TokenExchangeProfile(
                profile_id, **profile.model_dump()
            )
        if description.log_stream is not None:
            state.stream_logs_to(description.log_stream.url, description.log_stream.authorization)
        state.limit_rate(description.rate_limit)
        if self.problems:
            raise SeedError(self.problems)
        return state

    def _setting(self, name: str, value: Any) -> None:
        settings = self.state.settings
        current = getattr(settings, name, None)
        if name == "extra" or not hasattr(settings, name):
            settings.extra[name] = value
        elif type(value) is not type(current) and not (isinstance(current, float) and isinstance(value, int)):
            self.problems.append(f"settings.{name}: this should be a {type(current).__name__}.")
        elif isinstance(value, dict):
            settings.flags.update(value)
        else:
            setattr(settings, name, value)

    def _management_api(self) -> None:
        identifier = self.state.management_audience
        self.state.resource_servers[identifier] = ResourceServer(
            id=stable_id("rs", "management"),
            identifier=identifier,
            name="Auth0 Management API",
            scopes=dict(MANAGEMENT_SCOPES),
            token_dialect="access_token",  # noqa: S106
            enforce_policies=False,
            allow_offline_access=False,
            subject_type_authorization={
                "user": {"policy": "deny_all"},
                "client": {"policy": "require_client_grant"},
            },
            is_system=True,
        )

    def _client(self, description: ClientDescription, now: float) -> None:
        fields = description.model_dump(exclude={"grants"})
        if description.is_first_party:
            fields["third_party_security_mode"] = None
        self.state.clients[description.client_id] = Client(**fields, created_at=now, updated_at=now)
        for grant in description.grants:
            self._grant(grant, description.client_id)

    def _grant(self, grant: GrantDescription, client_id: str | None) -> None:
        where = f"the grant of {client_id or grant.default_for!r}"
        if grant.default_for is None and client_id not in self.state.clients:
            self.problems.append(f"client_grants: there is no client {client_id!r}.")
        api = self.state.resource_servers.get(grant.audience)
        if api is None:
            self.problems.append(f"{where}: there is no API {grant.audience!r}.")
        else:
            self._permissions({grant.audience: grant.scope}, where)
        grant_id = stable_id("cgr", f"{client_id}|{grant.default_for}|{grant.audience}|{grant.subject_type}")
        self.state.client_grants[grant_id] = ClientGrant(
            grant_id, client_id=client_id, **grant.model_dump(exclude={"client_id"})
        )

    def _permissions(self, wanted: Permissions, where: str) -> set[Permission]:
        found: set[Permission] = set()
        for audience, names in wanted.items():
            api = self.state.resource_servers.get(audience)
            if api is None:
                self.problems.append(f"{where}: there is no API {audience!r}.")
                continue
            for name in names:
                if name not in api.scopes:
                    self.problems.append(f"{where}: the API {audience!r} does not define {name!r}.")
                found.add(Permission(audience, name))
        return found

    def _roles(self, names: list[str], where: str) -> list[str]:
        roles = [(name, self.state.find_role(name)) for name in names]
        self.problems += [f"{where}: there is no role {name!r}." for name, role in roles if role is None]
        return [role.id for _, role in roles if role is not None]

    def _users(self, names: list[str], where: str) -> list[str]:
        users = [(name, self.state.find_user(name)) for name in names]
        self.problems += [f"{where}: there is no user {name!r}." for name, user in users if user is None]
        return [user.user_id for _, user in users if user is not None]
