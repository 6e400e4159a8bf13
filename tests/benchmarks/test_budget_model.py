"""The model of the Management budget: its bounds, and what the code does under a clock that a test moves."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import replace

import pytest

from benchmarks.budget_model import (
    PLANS,
    Demand,
    Limit,
    asked,
    asked_without_a_cache,
    main,
    short_when_cold,
    table,
    users_within,
)
from flask_mcp_auth0.auth import permissions
from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.decisions import Decider
from flask_mcp_auth0.auth.memory_cache import MemoryCache
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.auth.requirement import Requirement
from flask_mcp_auth0.local_tenant import ratelimit
from flask_mcp_auth0.settings import Settings

ISSUER = "https://tenant.example.com/"


class Clock:
    """The time of the simulation."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Reader:
    """Counts what is asked; everybody may use the ledger, by themselves or by their roles, and nobody the vault."""

    def __init__(self, roles: int, roles_each: int) -> None:
        self.asked = 0
        self.roles = roles
        self.roles_each = roles_each

    def api_scopes(self) -> frozenset[str]:
        self.asked += 1
        return frozenset({"tool:ledger", "tool:vault"})

    def user_permissions(self, user_id: str) -> frozenset[str]:
        self.asked += 1
        return frozenset({"tool:ledger"})

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        self.asked += 1
        first = int(user_id)
        return frozenset(f"role {(first + more) % self.roles}" for more in range(self.roles_each))

    def role_permissions(self, role_id: str) -> frozenset[str]:
        self.asked += 1
        return frozenset({"tool:ledger"})


def simulated(demand: Demand, hours: float) -> float:
    """Return how often the real look-up asks, a second, when users call at random for so many hours."""
    turn, clock = random.Random(20261126), Clock()
    reader = Reader(demand.roles, int(demand.roles_each))
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
        claim = () if demand.source == "management" else ("tool:ledger",)
        callers.append(
            AuthInfo(
                "token",
                "client",
                (),
                claim,
                10**10,
                User(str(number)),
                ISSUER,
                organization="org_1" if demand.roles else None,
                has_permissions_claim=bool(claim),
            )
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
        tool = "vault" if number < demand.refused * demand.users else "ledger"
        # Half of them by the tenant's definitions alone, as those are asked for as well.
        requirement = Requirement() if turn.random() < 0.5 else Requirement(protected=True)
        decision = turn.choice(deciders).decide(callers[number], "tool", tool, requirement, dict)
        assert decision.granted == (tool == "ledger")
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
        Demand(users=200, calls=1, roles=40, roles_each=3),
        Demand(users=200, calls=1, caches=2, roles=5, refused=0.2),
    ],
    ids=str,
)
def test_the_model_says_what_the_code_does(demand: Demand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions.random, "random", random.Random(1).random)
    measured, reckoned = simulated(demand, hours=1), asked(demand)
    assert measured == pytest.approx(reckoned, rel=0.02, abs=0.002)


def test_more_of_anything_asks_more_and_a_longer_life_less() -> None:
    base = Demand(users=100, calls=1, refused=0.1)
    for more in (
        replace(base, users=200),
        replace(base, calls=2),
        replace(base, refused=0.2),
        replace(base, caches=2),
        replace(base, ttl=30),
        replace(base, pages=2),
        replace(base, api_ttl=60),
        replace(base, roles=10),
        replace(base, roles=20, roles_each=2),
    ):
        assert asked(more) > asked(base)
    assert asked(replace(base, source="token")) < asked(replace(base, source="auto")) < asked(base)


def test_a_cache_never_asks_more_than_there_are_calls() -> None:
    for calls in (0.001, 0.1, 10, 1000):
        demand = Demand(users=10, calls=calls)
        assert asked(demand) < asked_without_a_cache(demand)


def test_nobody_asks_nothing() -> None:
    assert asked(Demand(users=0, calls=1)) == asked(Demand(users=10, calls=0)) == 0


def test_a_user_is_asked_about_once_in_a_life_at_most_and_at_each_call_at_most() -> None:
    for calls in (0.01, 1, 100, 10_000):
        demand = Demand(users=50, calls=calls, api_ttl=math.inf)
        assert asked(demand) < min(50 / (0.95 * 60), 50 * calls / 60)
    for caches in (2, 8, 64):
        several = Demand(users=50, calls=2, caches=caches, api_ttl=math.inf)
        assert asked(several) < min(caches * asked(replace(several, caches=1)), 50 * 2 / 60)


def test_the_roles_of_an_organization_cost_what_they_are_not_what_their_members_are() -> None:
    plain = Demand(users=10_000, calls=1)
    assert 0 < asked(replace(plain, roles=20)) - asked(plain) < 20 / (0.95 * plain.ttl)


@pytest.mark.parametrize("limit", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("refused", [0, 0.05, 1])
def test_what_a_limit_carries_is_just_within_it(limit: Limit, refused: float) -> None:
    demand = Demand(users=1, calls=1, refused=refused)
    carried = users_within(limit.per_second, demand)
    assert asked(replace(demand, users=carried)) == pytest.approx(limit.per_second, rel=1e-6)


def test_a_source_that_asks_for_no_user_carries_any_number() -> None:
    assert math.isinf(users_within(2, Demand(users=1, calls=1, source="token")))
    assert math.isinf(users_within(2, Demand(users=1, calls=1, source="auto")))
    assert users_within(0.001, Demand(users=1, calls=1)) < 1


@pytest.mark.parametrize("users", [10, 200, 2_000])
@pytest.mark.parametrize("limit", PLANS.values(), ids=PLANS)
def test_a_cold_start_is_short_of_what_a_bucket_of_the_plan_lacks(limit: Limit, users: int) -> None:
    demand = Demand(users=users, calls=3)
    moments = [-20 * math.log(1 - number / users) for number in range(users)]  # as an average start has them
    short, level, before = 0.0, float(limit.burst), 0.0
    for now in moments:  # a bucket that may be overdrawn: nobody is turned away before the worst
        level = min(limit.burst, level + (now - before) * limit.per_second) - 1
        short, before = max(short, -level), now
    assert short_when_cold(limit, demand) == pytest.approx(short, rel=0.02, abs=2)
    assert short_when_cold(limit, replace(demand, source="token")) == 0


def test_the_plans_are_those_that_the_local_tenant_enforces() -> None:
    names = {"free": "Free", "essentials": "Essentials, Professional", "enterprise": "Enterprise, production"}
    names |= {"enterprise-non-production": "Enterprise, other"}
    assert ratelimit.PLANS.keys() == names.keys()
    for name, plan in ratelimit.PLANS.items():
        rate = plan.everything or plan.endpoints["GET /api/v2/users"]
        assert PLANS[names[name]] == Limit(rate.per_second, rate.burst)


def test_the_command_prints_what_is_asked_and_what_plans_carry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["budget_model", "--users", "1000", "--calls", "2"])
    main()
    printed = capsys.readouterr().out
    assert printed.endswith(table(Demand(users=1000, calls=2)) + "\n")
    assert "1,000 users, 33 protected calls a second" in printed

    monkeypatch.setattr("sys.argv", ["budget_model", "--users", "1000", "--calls", "2", "--limit", "12"])
    main()
    yours = capsys.readouterr().out.splitlines()[-1].split()
    # 12 a second are enough for a thousand who call twice a minute, once all of them have been asked about.
    assert yours[:3] == ["yours", "12.00", "yes"]
    assert float(yours[-1]) > 0
