"""Decisions all the way to a tenant on a socket, with auth0-python's client between, in each state of the cache."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cachelib import SimpleCache

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.decisions import Decider
from flask_mcp_auth0.auth.discovery import AuthorizationServer
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.auth.requirement import Requirement
from flask_mcp_auth0.auth0_api.management import ManagementProvider
from flask_mcp_auth0.auth0_api.permission_reader import ManagementPermissionReader
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.outbound import Outbound
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.settings import Settings

from .doubles import Clock, person

API = "http://localhost:8000/mcp"
PROTECTED = Requirement(protected=True)
PLAIN = Requirement()
MANAGEMENT = "* /api/v2/*"

TENANT = """
apis:
  - identifier: $AUDIENCE
    name: MCP server
    scopes: {"tool:refund": Refund, "tool:close": Close, "tool:audit": Audit}
roles:
  - name: Clerk
    permissions: {$AUDIENCE: ["tool:refund"]}
  - name: Auditor
    permissions: {$AUDIENCE: ["tool:audit"]}
users:
USERS
groups:
  - name: Auditors
    members: [user-1]
    roles: [Auditor]
organizations:
  - name: acme
    members: {user-0: [Auditor]}
clients:
  - client_id: $M2M_CLIENT_ID
    client_secret: $M2M_CLIENT_SECRET
    name: MCP server (machine to machine)
    app_type: resource_server
    resource_server_identifier: $AUDIENCE
    grant_types: [client_credentials]
    grants:
      - {audience: $MANAGEMENT, SCOPES}
"""
COUNT = 100


class World:
    """A tenant of a hundred users, of whom every second is a clerk, and an app's decider on it."""

    def __init__(self, server: TenantServer, **config: Any) -> None:
        self.server = server
        self.clock = Clock()
        machine = next(client for client in server.state.clients.values() if client.client_secret)
        self.settings = Settings.from_config(
            {
                "AUTH0_DOMAIN": server.issuer,
                "MCP_BASE_URL": "http://localhost:8000",
                "AUTH0_CLIENT_ID": machine.client_id,
                "AUTH0_CLIENT_SECRET": machine.client_secret,
                **config,
            }
        )
        cache = LookupCache(SimpleCache(threshold=10_000), clock=self.clock)
        reader = ManagementPermissionReader(client_of(server, self.settings), self.settings)
        self.lookup = PermissionLookup(self.settings, cache, reader, self.clock)
        self.decider = Decider(self.settings, self.lookup)
        self.users = {user.username: user.user_id for user in server.state.users.values()}
        self._counted = self._count()

    def who(self, number: int, **more: Any) -> AuthInfo:
        return person(sub=self.users[f"user-{number}"], **more)

    def outcome(self, who: AuthInfo, name: str = "refund", requirement: Requirement = PROTECTED) -> str:
        return self.decider.decide(who, "tool", name, requirement, dict).outcome

    def _count(self) -> dict[str, int]:
        return {what: times for what, times in self.server.state.counts.items() if "/api/v2/" in what}

    def calls(self) -> dict[str, int]:
        """Return the calls of the Management API since the last time."""
        before, self._counted = self._counted, self._count()
        new = {what: times - before.get(what, 0) for what, times in self._counted.items()}
        return {what.removeprefix("GET /api/v2"): times for what, times in new.items() if times}


_clients: dict[str, Callable[[], Any]] = {}


def client_of(server: TenantServer, settings: Settings) -> Callable[[], Any]:
    """Return what gives the Management client for a tenant: one for all tests, since making one takes its time."""
    if server.issuer not in _clients:
        outbound, cache = Outbound(), LookupCache(SimpleCache())
        discovery = AuthorizationServer(settings.issuer_url, outbound, cache)
        provider = ManagementProvider(settings, discovery, outbound, cache, Sealer(["a secret"]))
        _clients[server.issuer] = provider.client_for_request
    return _clients[server.issuer]


def describe(scopes: str) -> str:
    users = "\n".join(
        f"  - {{username: user-{number}, password: pass-word-{number}, roles: [{'Clerk' if number % 2 == 0 else ''}]}}"
        for number in range(COUNT)
    )
    return TENANT.replace("USERS", users).replace("SCOPES", scopes)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, TenantServer]]:
    started: dict[str, TenantServer] = {}
    grants = {"wide": "allow_all_scopes: true", "narrow": 'scope: ["read:users", "read:resource_servers"]'}
    for name, scopes in grants.items():
        config = tmp_path_factory.mktemp(name) / "tenant.yaml"
        config.write_text(describe(scopes))
        started[name] = TenantServer(config=config, audience=API).start()
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture
def server(servers: dict[str, TenantServer]) -> Iterator[TenantServer]:
    kept = servers["wide"].state.snapshot()
    yield servers["wide"]
    servers["wide"].state.faults.clear()
    servers["wide"].state.restore(kept)


@pytest.fixture
def world(server: TenantServer) -> World:
    return World(server)


def test_ten_thousand_calls_of_a_hundred_users_cost_one_look_up_a_user_and_one(world: World) -> None:
    wrong: list[tuple[int, str]] = []

    def work(seed: int) -> None:
        turn = random.Random(seed)
        for _ in range(1250):
            number = turn.randrange(COUNT)
            outcome = world.outcome(world.who(number))
            if outcome != ("granted" if number % 2 == 0 else "denied"):
                wrong.append((number, outcome))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert world.calls() == {"/users/{id}/effective-permissions": COUNT, "/resource-servers/{id}": 1}


def test_permissions_that_come_through_a_group_count(world: World) -> None:
    assert world.outcome(world.who(1), "audit") == "granted"
    assert world.outcome(world.who(3), "audit") == "denied"


def test_with_a_narrow_grant_direct_permissions_are_read_in_one_call_a_user(
    servers: dict[str, TenantServer],
) -> None:
    world = World(servers["narrow"])
    for number in range(4):
        assert world.outcome(world.who(number)) == ("granted" if number % 2 == 0 else "denied")
    assert world.calls() == {
        "/users/{id}/effective-permissions": 1,
        "/users/{id}/permissions": 4,
        "/resource-servers/{id}": 1,
    }


def test_an_organizations_token_is_decided_by_the_roles_within_it(world: World) -> None:
    acme = next(iter(world.server.state.organizations))
    assert world.outcome(world.who(0, organization=acme), "audit") == "granted"
    assert world.outcome(world.who(0, organization=acme), "refund") == "denied"
    assert world.outcome(world.who(2, organization=acme), "audit") == "denied"
    assert world.outcome(world.who(0), "audit") == "denied"


def test_tokens_of_organizations_that_cannot_be_asked_about_keep_nobody_else_out(
    servers: dict[str, TenantServer],
) -> None:
    world = World(servers["narrow"])
    for number in range(0, 20, 2):
        for organization in ("org_1", "org_2", "org_3"):
            assert world.outcome(world.who(1, organization=organization)) == "unavailable"
        assert world.outcome(world.who(number)) == "granted"
    assert world.calls()["/organizations/{id}/members/{user_id}/roles"] == 1


def test_a_machine_is_never_looked_up_among_the_users(world: World) -> None:
    robot = person(sub="robot@clients", is_machine=True)
    assert world.outcome(robot) == "denied"
    assert world.calls() == {}


def test_a_grant_is_seen_within_seconds_and_a_revocation_within_the_time_to_live(world: World) -> None:
    state = world.server.state
    refund = next(
        held
        for role in state.roles.values()
        for held in role.permissions
        if held.permission_name == "tool:refund"
    )
    who = world.who(1)
    assert world.outcome(who) == "denied"
    state.assign(who.user.sub, [refund])
    world.clock.wait(6)
    assert world.outcome(who) == "granted"
    state.unassign(who.user.sub, [refund])
    world.clock.wait(60)
    assert world.outcome(who) == "denied"


FAULTS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "ratelimit_reset": 2},
    "500": {"status": 500},
    "503 with Retry-After": {"status": 503, "retry_after": 5},
    "dropped": {"drop": True},
    "truncated": {"truncate": True},
    "another page": {"content": "<html>maintenance</html>"},
    "no API": {"status": 404},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("kept", ["nothing", "fresh", "old refusal", "expired"])
@pytest.mark.parametrize("stale", [0, 600])
def test_whatever_the_tenant_answers_nobody_is_let_in_or_told_a_falsehood(
    server: TenantServer, fault: dict[str, Any], kept: str, stale: int
) -> None:
    world = World(server, AUTH0_PERMISSIONS_STALE_TTL=stale)
    clerk, other, stranger = world.who(0), world.who(1), world.who(3)
    if kept != "nothing":
        assert world.outcome(clerk) == "granted"
        assert world.outcome(other) == "denied"
        assert world.outcome(other, "greet", PLAIN) == "granted"
        world.clock.wait({"fresh": 1, "old refusal": 30, "expired": 301}[kept])
    server.state.faults.add(MANAGEMENT, **fault)
    world.calls()
    carried = kept in ("fresh", "old refusal") or (kept == "expired" and stale > 0)
    for _ in range(20):
        assert world.outcome(clerk) == ("granted" if carried else "unavailable")
        assert world.outcome(other) == ("denied" if kept == "fresh" else "unavailable")
        assert world.outcome(stranger) == "unavailable"
        assert world.outcome(stranger, "greet", PLAIN) == ("granted" if carried else "unavailable")
        assert world.outcome(stranger, "close", PLAIN) == "unavailable"
    assert sum(world.calls().values()) <= 8


@pytest.mark.parametrize("kept", ["nothing", "fresh"])
def test_an_api_that_is_deleted_is_no_ground_to_say_that_a_permission_lacks(
    server: TenantServer, kept: str
) -> None:
    world = World(server)
    if kept == "fresh":
        assert world.outcome(world.who(0)) == "granted"
    server.state.resource_servers.pop(API)
    assert world.outcome(world.who(0)) == ("granted" if kept == "fresh" else "unavailable")
    assert world.outcome(world.who(1)) == "unavailable"
    assert world.outcome(world.who(1), "greet", PLAIN) == "unavailable"
