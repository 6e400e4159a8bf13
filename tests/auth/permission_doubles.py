"""An Auth0 that counts what it is asked, and callers to ask about."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from cachelib import SimpleCache

from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.decisions import Decider
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.settings import Settings

from .doubles import Clock

API = "https://app.example.com/mcp"


class FakeReader:
    """Answers from dictionaries and counts; raises ``failure`` while there is one."""

    def __init__(self, defined: Iterable[str] = (), **users: Iterable[str]) -> None:
        self.defined = set(defined)
        self.users: dict[str, set[str]] = {user: set(held) for user, held in users.items()}
        self.members: dict[tuple[str, str], set[str]] = {}
        self.roles: dict[str, set[str]] = {}
        self.failure: Exception | None = None
        self.api_failure: Exception | None = None
        self.asked: Counter[str] = Counter()
        self.before_answer: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def _note(self, what: str) -> None:
        with self._lock:
            self.asked[what] += 1
        self.before_answer()
        if self.failure is not None:
            raise self.failure

    def api_scopes(self) -> frozenset[str]:
        self._note("api")
        if self.api_failure is not None:
            raise self.api_failure
        return frozenset(self.defined)

    def user_permissions(self, user_id: str) -> frozenset[str]:
        self._note(f"user {user_id}")
        return frozenset(self.users.get(user_id, ()))

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        self._note(f"member {user_id} {organization}")
        return frozenset(self.members.get((user_id, organization), ()))

    def role_permissions(self, role_id: str) -> frozenset[str]:
        self._note(f"role {role_id}")
        return frozenset(self.roles.get(role_id, ()))

    @property
    def total(self) -> int:
        return sum(self.asked.values())


def make_settings(**config: Any) -> Settings:
    values = {
        "AUTH0_DOMAIN": "tenant.example.com",
        "MCP_BASE_URL": "https://app.example.com",
        "AUTH0_CLIENT_ID": "our-client",
        "AUTH0_CLIENT_SECRET": "our-secret",
        **config,
    }
    return Settings.from_config(values)


def caller(
    sub: str = "ada",
    *,
    scopes: Iterable[str] = (),
    permissions: Iterable[str] | None = None,
    organization: str | None = None,
    machine: bool = False,
    expires_in: int = 86_400,
    now: float = 1_800_000_000.0,
) -> AuthInfo:
    return AuthInfo(
        token="the-secret-token",
        client_id="some-mcp-client",
        scopes=tuple(scopes),
        permissions=tuple(permissions or ()),
        has_permissions_claim=permissions is not None,
        expires_at=int(now) + expires_in,
        user=User(sub),
        issuer="https://tenant.example.com/",
        organization=organization,
        is_machine=machine,
    )


class House:
    """A decider with everything behind it."""

    def __init__(self, reader: FakeReader | None = None, clock: Clock | None = None, **config: Any) -> None:
        self.reader = reader or FakeReader()
        self.clock = clock or Clock()
        self.settings = make_settings(**config)
        self.backend: Any = SimpleCache(threshold=10_000)
        self.cache = LookupCache(self.backend, clock=self.clock)
        self.lookup = self.new_worker()
        self.decider = Decider(self.settings, self.lookup, clock=self.clock)

    def new_worker(self) -> PermissionLookup:
        """Return the look-up of another worker that shares the cache."""
        return PermissionLookup(
            self.settings, LookupCache(self.backend, clock=self.clock), self.reader, self.clock
        )

    def without_credentials(self) -> House:
        self.lookup = PermissionLookup(self.settings, self.cache, None, self.clock)
        self.decider = Decider(self.settings, self.lookup, clock=self.clock)
        return self
