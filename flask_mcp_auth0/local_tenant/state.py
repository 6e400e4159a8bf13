"""All that the tenant knows, behind one lock.

The protocol half and the Management half both work on a :class:`TenantState`. Readers and writers of more
than one field hold ``state.lock`` (re-entrant); every method here takes it itself. Who changes something
calls :meth:`TenantState.touch`, so that what keeps the state on disk sees that it has to.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .faults import Faults
from .log_stream import LogStream
from .model import (
    AuthorizationCode,
    Client,
    ClientGrant,
    Clock,
    Connection,
    Group,
    LogEvent,
    Organization,
    Permission,
    PermissionSource,
    RecentRequest,
    RefreshToken,
    ResourceServer,
    Role,
    TenantSettings,
    TokenExchangeProfile,
    User,
    UserGrant,
)
from .ratelimit import Plan, RateLimiter

DEFAULT_ISSUER = "http://127.0.0.1:8400/"
DEFAULT_AUDIENCE = "http://127.0.0.1:8000/mcp"
DEFAULT_M2M_CLIENT_ID = "local-m2m"


class TenantState:
    """The tenant's data.

    :param issuer: the tenant's issuer, with its trailing slash; the Management API's identifier follows from
        it.
    :param clock: seconds since the epoch; tests hand in their own.
    """

    def __init__(self, *, issuer: str = DEFAULT_ISSUER, clock: Clock = time.time) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.started_at = clock()
        self.issuer = issuer
        self.settings = TenantSettings()
        self.users: dict[str, User] = {}
        self.roles: dict[str, Role] = {}
        self.groups: dict[str, Group] = {}
        self.organizations: dict[str, Organization] = {}
        self.resource_servers: dict[str, ResourceServer] = {}  # by identifier
        self.clients: dict[str, Client] = {}
        self.client_grants: dict[str, ClientGrant] = {}
        self.connections: dict[str, Connection] = {}
        self.user_grants: dict[str, UserGrant] = {}
        self.token_exchange_profiles: dict[str, TokenExchangeProfile] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.rules: list[dict[str, Any]] = []  # only listed, as {"id", "name", "enabled", …}
        self.hooks: list[dict[str, Any]] = []
        self.logs: deque[LogEvent] = deque(maxlen=2000)
        self.requests: deque[RecentRequest] = deque(maxlen=200)
        self.revision = 0  # grows with every change
        # Faults that tokens and documents show, set by the control API: seconds added to every time in a
        # token, and issuers other than ours.
        self.clock_skew = 0.0
        self.issuer_in_tokens: str | None = None
        self.issuer_in_metadata: str | None = None
        self._next_log = 0
        # What tests and the control API steer and look at; none of it is kept on disk.
        self.faults = Faults(clock)
        self.counts: Counter[str] = Counter()  # requests by endpoint, "GET /api/v2/users/{id}"
        self.rate_limiter: RateLimiter | None = None
        self.log_stream: LogStream | None = None

    @classmethod
    def from_yaml(
        cls,
        source: str | Path | None = None,
        *,
        audience: str = DEFAULT_AUDIENCE,
        issuer: str = DEFAULT_ISSUER,
        m2m_client_id: str = DEFAULT_M2M_CLIENT_ID,
        m2m_client_secret: str | None = None,
        clock: Clock = time.time,
    ) -> TenantState:
        """Build the state that a YAML file (a path), a YAML text or, without either, the shipped default
        describes.

        ``$AUDIENCE``, ``$ISSUER``, ``$M2M_CLIENT_ID`` and ``$M2M_CLIENT_SECRET`` in it stand for the
        arguments; a secret that is not given is made up. :raises SeedError: with the place and the reason,
        when the description is wrong.
        """
        from .seed import load_seed

        return load_seed(
            source,
            audience=audience,
            issuer=issuer,
            m2m_client_id=m2m_client_id,
            m2m_client_secret=m2m_client_secret or secrets.token_urlsafe(32),
            clock=clock,
        )

    # -- small things that everybody needs

    def now(self) -> float:
        return self.clock()

    def touch(self) -> None:
        """Say that something changed."""
        with self.lock:
            self.revision += 1

    @property
    def management_audience(self) -> str:
        """The identifier of the tenant's own Management API."""
        return f"{self.issuer}api/v2/"

    @property
    def userinfo_audience(self) -> str:
        return f"{self.issuer}userinfo"

    def move_to(self, issuer: str) -> None:
        """Take another issuer (a port chosen late); the Management API and the grants on it follow."""
        with self.lock:
            old, self.issuer = self.management_audience, issuer
            new = self.management_audience
            if old == new:
                return
            api = self.resource_servers.pop(old, None)
            if api is not None:
                api.identifier = new
                self.resource_servers[new] = api
            for grant in self.client_grants.values():
                if grant.audience == old:
                    grant.audience = new
            self.revision += 1

    # -- look-ups

    def find_user(self, login: str) -> User | None:
        """The user of an id, a user name or an e-mail address (both without regard to case)."""
        with self.lock:
            if user := self.users.get(login):
                return user
            folded = login.casefold()
            return next(
                (u for u in self.users.values() if folded in (u.username.casefold(), u.email.casefold())),
                None,
            )

    def find_api(self, identifier: str) -> ResourceServer | None:
        """The API of an identifier (compared exactly) or of an id."""
        with self.lock:
            if api := self.resource_servers.get(identifier):
                return api
            return next((api for api in self.resource_servers.values() if api.id == identifier), None)

    def find_client(self, client_id: str) -> Client | None:
        """The application of a client id, or of the URL of its metadata document."""
        with self.lock:
            if client := self.clients.get(client_id):
                return client
            return next((c for c in self.clients.values() if c.external_client_id == client_id), None)

    def find_role(self, name: str) -> Role | None:
        """The role of an id or a name."""
        with self.lock:
            return self.roles.get(name) or next((r for r in self.roles.values() if r.name == name), None)

    def find_organization(self, name: str) -> Organization | None:
        """The organisation of an id or a name."""
        with self.lock:
            return self.organizations.get(name) or next(
                (o for o in self.organizations.values() if o.name == name), None
            )

    def client_grant(self, client: Client, audience: str, subject_type: str) -> ClientGrant | None:
        """The grant that applies: the application's own, else, for a third-party one, the default grant."""
        with self.lock:
            candidates = [
                g
                for g in self.client_grants.values()
                if g.audience == audience and g.subject_type == subject_type
            ]
        own = next((g for g in candidates if g.client_id == client.client_id), None)
        if own is not None or client.is_first_party:
            return own
        return next((g for g in candidates if g.default_for == "third_party_clients"), None)

    # -- permissions

    def permission_sources(
        self, user_id: str, *, organization: str | None = None
    ) -> dict[Permission, list[PermissionSource]]:
        """Everything that a user holds, with the reasons: directly, by roles, by groups, and as a member of
        ``organization`` (its id).
        """
        found: dict[Permission, list[PermissionSource]] = {}
        with self.lock:
            user = self.users.get(user_id)
            if user is None:
                return found
            for permission in user.permissions:
                found.setdefault(permission, []).append(PermissionSource("direct"))
            roles = [PermissionSource("role", role_id) for role_id in user.roles]
            for group in self.groups.values():
                if user_id in group.members:
                    roles += [PermissionSource("group", role_id, group.id) for role_id in group.roles]
            org = self.organizations.get(organization) if organization else None
            if org is not None:
                roles += [
                    PermissionSource("organization", role_id, org.id)
                    for role_id in org.members.get(user_id, ())
                ]
            for source in roles:
                role = self.roles.get(source.role_id)
                for permission in role.permissions if role else ():
                    found.setdefault(permission, []).append(source)
        return found

    def permissions_of(self, user_id: str, audience: str, *, organization: str | None = None) -> list[str]:
        """The names, sorted, of the permissions on one API that a user holds in any way; only those that the
        API still defines.
        """
        api = self.find_api(audience)
        defined = api.scopes if api else {}
        sources = self.permission_sources(user_id, organization=organization)
        return sorted(
            p.permission_name
            for p in sources
            if p.resource_server_identifier == audience and p.permission_name in defined
        )

    def assign(self, user_id: str, permissions: Iterable[Permission]) -> None:
        """Give a user permissions directly. :raises KeyError: when there is no such user."""
        with self.lock:
            self.users[user_id].permissions |= set(permissions)
            self.revision += 1

    def unassign(self, user_id: str, permissions: Iterable[Permission]) -> None:
        """Take directly assigned permissions away. :raises KeyError: when there is no such user."""
        with self.lock:
            self.users[user_id].permissions -= set(permissions)
            self.revision += 1

    def drop_scope(self, audience: str, value: str) -> None:
        """Remove a scope from an API, and with it from everybody who holds it."""
        gone = Permission(audience, value)
        with self.lock:
            if api := self.resource_servers.get(audience):
                api.scopes.pop(value, None)
            for user in self.users.values():
                user.permissions.discard(gone)
            for role in self.roles.values():
                role.permissions.discard(gone)
            self.revision += 1

    # -- consent

    def consented(self, user_id: str, client_id: str, audience: str) -> frozenset[str]:
        """The scopes that a user granted to an application for an API."""
        with self.lock:
            return frozenset(
                scope
                for grant in self.user_grants.values()
                if (grant.user_id, grant.client_id, grant.audience) == (user_id, client_id, audience)
                for scope in grant.scope
            )

    def has_consented(self, user_id: str, client_id: str, audience: str) -> bool:
        with self.lock:
            return any(
                (g.user_id, g.client_id, g.audience) == (user_id, client_id, audience)
                for g in self.user_grants.values()
            )

    def remember_consent(
        self,
        user_id: str,
        client_id: str,
        audience: str,
        scopes: Iterable[str],
        organization_id: str | None = None,
    ) -> UserGrant:
        """Add scopes to what a user granted to an application."""
        with self.lock:
            for grant in self.user_grants.values():
                if (grant.user_id, grant.client_id, grant.audience) == (user_id, client_id, audience):
                    grant.scope = sorted({*grant.scope, *scopes})
                    break
            else:
                grant = UserGrant(
                    new_id("cgr", 12), client_id, user_id, audience, sorted(set(scopes)), organization_id
                )
                self.user_grants[grant.id] = grant
            self.revision += 1
            return grant

    def withdraw_consent(self, grant_id: str) -> bool:
        """Delete a consent, and the refresh tokens that stand on it. Returns whether there was one."""
        with self.lock:
            grant = self.user_grants.pop(grant_id, None)
            if grant is None:
                return False
            for token in list(self.refresh_tokens.values()):
                if (token.user_id, token.client_id) == (grant.user_id, grant.client_id):
                    del self.refresh_tokens[token.id]
            self.revision += 1
            return True

    # -- what happened

    def log(self, type_: str, description: str = "", **fields: Any) -> LogEvent:
        """Write an entry into the tenant's log; ``fields`` are those of :class:`LogEvent`. No secret or token
        goes in here.
        """
        with self.lock:
            self._next_log += 1
            client = self.clients.get(fields.get("client_id") or "")
            if client is not None:
                fields.setdefault("client_name", client.name)
            user = self.users.get(fields.get("user_id") or "")
            if user is not None:
                fields.setdefault("user_name", user.email)
            event = LogEvent(f"9002{self._next_log:020d}", self.now(), type_, description, **fields)
            self.logs.append(event)
            if self.log_stream is not None:
                self.log_stream.send(event)
            return event

    def saw(self, request: RecentRequest) -> None:
        """Remember an answered request for the administrator's page."""
        with self.lock:
            self.requests.append(request)

    def count(self, endpoint: str) -> int:
        """How many requests came for an endpoint: ``GET /api/v2/users/{id}/permissions``, ``POST
        /oauth/token``.
        """
        with self.lock:
            return self.counts[endpoint]

    @property
    def recent_requests(self) -> list[RecentRequest]:
        """The last requests that were answered, oldest first."""
        with self.lock:
            return list(self.requests)

    # -- what can be switched on

    def limit_rate(self, plan: str | Plan | None) -> None:
        """Limit the Management API as a plan does (``free``, ``essentials``, ``enterprise``), or no more.

        :raises KeyError: for a plan of another name.
        """
        self.rate_limiter = RateLimiter(plan, self.clock) if plan is not None else None

    def stream_logs_to(self, url: str | None, authorization: str | None = None) -> None:
        """Send every further log entry to a web hook (Auth0's custom log stream), or no more."""
        self.log_stream = LogStream(url, authorization) if url is not None else None

    # -- to and from plain data

    def snapshot(self) -> Mapping[str, Any]:
        """All that survives a restart, as JSON-able data (:meth:`restore` takes it). It holds secrets."""
        from .snapshot import dump

        with self.lock:
            return dump(self)

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what :meth:`snapshot` gave. :raises ValueError: when it is not such data."""
        from .snapshot import load

        with self.lock:
            load(self, data)
            self.revision += 1


def new_id(prefix: str, length: int = 16) -> str:
    """A fresh identifier in Auth0's style: ``rol_`` and letters and digits, of ``length`` characters after
    the underscore.
    """
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    tail = "".join(secrets.choice(alphabet) for _ in range(length))
    return f"{prefix}_{tail}" if prefix else tail
