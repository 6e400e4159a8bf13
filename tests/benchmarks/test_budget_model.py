"""The model of the Management budget: its bounds, and what the code does under a clock that a test moves."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import replace

import pytest

from benchmarks.budget_model import PLANS, Demand, asked, asked_without_a_cache, main, table, users_within
from flask_mcp_auth0.auth import permissions
from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.decisions import Decider
from flask_mcp_auth0.auth.memory_cache import MemoryCache
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.auth.requirement import Requirement
from flask_mcp_auth0.settings import Settings

ISSUER = "https://tenant.example.com/"


class Clock:
    """The time of the simulation."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Reader:
    """Counts what is asked; users of an even number hold the permission."""

    def __init__(self) -> None:
        self.asked = 0

    def api_scopes(self) -> frozenset[str]:
        self.asked += 1
        return frozenset({"tool:ledger"})

    def user_permissions(self, user_id: str) -> frozenset[str]:
        self.asked += 1
        return frozenset({"tool:ledger"} if user_id.startswith("holder") else ())

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        raise NotImplementedError

    def role_permissions(self, role_id: str) -> frozenset[str]:
        raise NotImplementedError


def simulated(demand: Demand, hours: float) -> float:
    """Return how often the real look-up asks, a second, when users call at random for so many hours."""
    turn, clock, reader = random.Random(20261126), Clock(), Reader()
    settings = Settings.from_config(
        {
            "AUTH0_DOMAIN": "tenant.example.com",
            "MCP_BASE_URL": "https://app.example.com",
            "AUTH0_CLIENT_ID": "client",
            "AUTH0_CLIENT_SECRET": "secret",
            "AUTH0_PERMISSIONS_TTL": int(demand.ttl),
            "AUTH0_API_SCOPES_TTL": int(demand.api_ttl),
            "AUTH0_PERMISSIONS_SOURCE": demand.source,
        }
    )
    deciders = []
    for _ in range(demand.caches):
        cache = LookupCache(MemoryCache(threshold=100_000), clock=clock)
        deciders.append(Decider(settings, PermissionLookup(settings, cache, reader, clock), clock=clock))
    callers = []
    for number in range(int(demand.users)):
        holds = number >= demand.refused * demand.users
        user = User(f"{'holder' if holds else 'other'}|{number}")
        claim = ("tool:ledger",) if holds and demand.source != "management" else ()
        callers.append(
            AuthInfo("token", "client", (), claim, 10**10, user, ISSUER, has_permissions_claim=bool(claim))
        )
    mean = 60 / demand.calls
    calls = [(clock.now + turn.expovariate(1 / mean), number) for number in range(len(callers))]
    heapq.heapify(calls)
    ends_at = clock.now + hours * 3600
    began = clock.now + demand.ttl * 2
    before = 0
    while calls[0][0] < ends_at:
        clock.now, number = calls[0]
        if clock.now < began:
            before = reader.asked
        # A plain component first, as its protection by the tenant is what the API's definitions are asked for.
        requirement = Requirement() if turn.random() < 0.5 else Requirement(protected=True)
        decision = turn.choice(deciders).decide(callers[number], "tool", "ledger", requirement, {})
        assert decision.granted == callers[number].user.sub.startswith("holder")
        heapq.heapreplace(calls, (clock.now + turn.expovariate(1 / mean), number))
    return (reader.asked - before) / (ends_at - began)


@pytest.mark.parametrize(
    "demand",
    [
        Demand(users=200, calls=4),
        Demand(users=200, calls=0.5),
        Demand(users=200, calls=2, ttl=20, caches=4),
        Demand(users=200, calls=4, refused=0.5),
        Demand(users=200, calls=4, refused=0.25, source="auto"),
        Demand(users=200, calls=4, source="token"),
    ],
    ids=str,
)
def test_the_model_says_what_the_code_does(demand: Demand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions.random, "random", random.Random(1).random)
    measured, reckoned = simulated(demand, hours=1), asked(demand)
    assert measured == pytest.approx(reckoned, rel=0.06, abs=0.002)


def test_more_of_anything_asks_more_and_a_longer_life_less() -> None:
    base = Demand(users=100, calls=1, refused=0.1)
    for more in (
        replace(base, users=200),
        replace(base, calls=2),
        replace(base, refused=0.2),
        replace(base, caches=2),
        replace(base, ttl=30),
        replace(base, requests=2),
    ):
        assert asked(more) > asked(base)
    assert asked(replace(base, source="token")) < asked(replace(base, source="auto")) < asked(base)


def test_a_cache_never_asks_more_than_there_are_calls() -> None:
    for calls in (0.001, 0.1, 10, 1000):
        demand = Demand(users=10, calls=calls)
        assert asked(demand) < asked_without_a_cache(demand)


def test_nobody_asks_nothing() -> None:
    assert asked(Demand(users=0, calls=1)) == asked(Demand(users=10, calls=0)) == 0


@pytest.mark.parametrize("limit", PLANS.values())
def test_what_a_limit_carries_is_just_within_it(limit: float) -> None:
    demand = Demand(users=1, calls=1, refused=0.05)
    carried = users_within(limit, demand)
    assert asked(replace(demand, users=carried)) == pytest.approx(limit, rel=0.01)


def test_a_source_that_asks_for_no_user_carries_any_number() -> None:
    assert math.isinf(users_within(2, Demand(users=1, calls=1, source="token")))
    assert users_within(0.001, Demand(users=1, calls=1)) == 0


def test_the_command_prints_what_is_asked_and_what_plans_carry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["budget_model", "--users", "1000", "--calls", "2"])
    main()
    printed = capsys.readouterr().out
    assert printed.endswith(table(Demand(users=1000, calls=2)) + "\n")
    assert "1,000 users, 33 protected calls a second" in printed
