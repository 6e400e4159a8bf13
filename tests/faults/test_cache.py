"""The cache that look-ups are kept in: down, slow, full, full of garbage, cleared."""

from __future__ import annotations

from typing import Any

import pytest

from flask_mcp_auth0.testing import Auth0Tenant

from ..fixtures_valkey import Valkey
from .conftest import Place
from .rows import fault, sees


class Broken:
    """A cache whose every operation raises."""

    def get(self, key: str) -> Any:
        raise ConnectionError("redis://:the-password@cache:6379 refused")

    def get_many(self, *keys: str) -> Any:
        return self.get("")

    def set(self, key: str, value: Any, timeout: int | None = None) -> Any:
        return self.get(key)

    def delete(self, key: str) -> Any:
        return self.get(key)


class Garbage(Broken):
    """A cache that has something for every key, but never what was kept."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self, key: str) -> Any:
        return self.value

    def get_many(self, *keys: str) -> Any:
        return [self.value] * len(keys)

    def set(self, key: str, value: Any, timeout: int | None = None) -> Any:
        return True

    def delete(self, key: str) -> Any:
        return True


@fault(
    "Every operation of the cache raises",
    sees="200, the answer",
    recovers="Auth0 is asked at every protected call; the cache is used again as soon as it works.",
)
def test_a_cache_that_is_down_is_a_miss(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.warm()
    working, place.state.cache._backend = place.state.cache._backend, Broken()
    sees(test_a_cache_that_is_down_is_a_miss, place.call("ledger"))
    denied = place.call("ledger", token=place.tenant.token("bob"))
    assert "You don't have permission" in denied.get_data(as_text=True)
    assert "the-password" not in caplog.text
    place.state.cache._backend = working
    sees(test_a_cache_that_is_down_is_a_miss, place.call("ledger"))


@fault(
    "The cache hangs: each operation ends with the time-out of its client",
    sees="200, the answer",
    recovers="One call in 5 s waits for the time-out, the others ask Auth0 at once; the cache is used again within 5 s "
    "of its return.",
)
def test_a_cache_that_hangs_holds_up_one_call_in_a_while(place: Place) -> None:
    place.warm()
    working = place.state.cache._backend

    class Hanging(Broken):
        asked = 0

        def get(self, key: str) -> Any:
            Hanging.asked += 1
            place.clock.advance(2)
            raise TimeoutError

    place.state.cache._backend = Hanging()
    for _ in range(5):
        sees(test_a_cache_that_hangs_holds_up_one_call_in_a_while, place.call("ledger"))
    denied = place.call("ledger", token=place.tenant.token("bob"))
    assert "You don't have permission" in denied.get_data(as_text=True)
    assert Hanging.asked == 1
    place.state.cache._backend = working
    place.clock.advance(5)
    sees(test_a_cache_that_hangs_holds_up_one_call_in_a_while, place.call("ledger"))
    asked = management_calls(place)
    assert asked
    sees(test_a_cache_that_hangs_holds_up_one_call_in_a_while, place.call("ledger"))
    assert management_calls(place) == asked


class Watched:
    """A cache that works, counts what it is asked, and takes as long as a test wants on the test's clock."""

    def __init__(self, place: Place, seconds: float = 0.0) -> None:
        self.asked = 0
        self._working, self._clock, self._seconds = place.state.cache._backend_now(), place.clock, seconds
        place.state.cache._backend = self

    def __getattr__(self, name: str) -> Any:
        def slowly(*args: Any, **kwargs: Any) -> Any:
            self.asked += 1
            self._clock.advance(self._seconds)
            return getattr(self._working, name)(*args, **kwargs)

        return slowly


@fault(
    "The cache takes seconds for every answer",
    sees="200, the answer",
    recovers="What it says is used. The second time in a row it is left alone for 5 s at a time, in which Auth0 is "
    "asked at once, and one call tries it again.",
)
def test_a_slow_cache_holds_up_one_call_in_a_while(place: Place) -> None:
    test = test_a_slow_cache_holds_up_one_call_in_a_while
    place.warm()
    slow = Watched(place, seconds=3)
    for _ in range(4):
        sees(test, place.call("ledger"))
    assert slow.asked == 2
    place.clock.advance(5)
    sees(test, place.call("ledger"))
    assert slow.asked == 3
    denied = place.call("ledger", token=place.tenant.token("bob"))
    assert "You don't have permission" in denied.get_data(as_text=True)


def with_redis(tenant: Auth0Tenant, valkey: Valkey) -> Place:
    """Return an app whose cache is set up as ``docs/howto/redis.md`` advises."""
    patience = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return Place(tenant, CACHE_TYPE="RedisCache", CACHE_REDIS_URL=valkey.url, CACHE_OPTIONS=patience)


@fault(
    "A Redis server, as the cache, takes connections and answers nothing",
    sees="200, the answer",
    recovers="As above: one call in 5 s waits for `socket_timeout`, [which you set](howto/redis.md#when-it-fails).",
)
def test_a_redis_that_answers_nothing_is_waited_for_once(tenant: Auth0Tenant, valkey: Valkey) -> None:
    test = test_a_redis_that_answers_nothing_is_waited_for_once
    place = with_redis(tenant, valkey).warm()
    watched = Watched(place)
    with valkey.suspended():
        for _ in range(3):
            sees(test, place.call("ledger"))
        assert watched.asked == 1
        assert place.state.cache.condition().failing
    place.clock.advance(5)
    sees(test, place.call("ledger"))
    assert watched.asked > 1
    assert not place.state.cache.condition().failing


@fault(
    "A Redis server, as the cache, is full and evicts nothing (`noeviction`)",
    sees="200, the answer",
    recovers="What lies there is used. Nothing new is kept, so Auth0 is asked at each call of whoever is new, "
    "until there is room. `/mcp/health` and the log tell of it.",
)
def test_a_full_redis_keeps_nothing_new(tenant: Auth0Tenant, valkey: Valkey) -> None:
    test = test_a_full_redis_keeps_nothing_new
    place = with_redis(tenant, valkey)
    with valkey.full():
        for _ in range(2):
            sees(test, place.call("ledger"))
        denied = place.call("ledger", token=place.tenant.token("bob"))
        assert "You don't have permission" in denied.get_data(as_text=True)
        assert place.state.cache.condition().failing
        assert not place.state.lookup.forget("auth0|ada"), "nobody else would learn of it"
    sees(test, place.call("ledger"))
    assert not place.state.cache.condition().failing
    assert place.state.lookup.forget("auth0|ada")


@fault(
    "A Redis server, as the cache, was warm when it filled up",
    sees="200, the answer",
    recovers="Whoever was looked up is served from it until their entries end.",
)
def test_a_redis_that_fills_up_serves_what_it_holds(tenant: Auth0Tenant, valkey: Valkey) -> None:
    place = with_redis(tenant, valkey).warm()
    with valkey.full():
        asked = management_calls(place)
        sees(test_a_redis_that_fills_up_serves_what_it_holds, place.call("ledger"))
        assert management_calls(place) == asked


@fault(
    "A cache of this process is too small for the callers (`SimpleCache`, `CACHE_THRESHOLD`)",
    sees="200, the answer",
    recovers="Some entries go before their time and are asked for again. Without a cache of the app's own there is "
    "room for 50,000.",
)
def test_a_cache_that_is_too_small_only_asks_more(tenant: Auth0Tenant) -> None:
    place = Place(tenant, CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=3)
    for number in range(8):
        may = bool(number % 2)
        tenant.user(f"user{number}", permissions=["tool:ledger"] if may else [])
        response = place.call("ledger", token=tenant.token(f"user{number}", permissions=[]))
        if may:
            sees(test_a_cache_that_is_too_small_only_asks_more, response)
        else:
            assert "You don't have permission" in response.get_data(as_text=True)
    assert len(place.state.cache._backend_now()._cache) <= 4


@fault(
    "The cache evicts the mark that a user's permissions are to be forgotten, and keeps the permissions",
    sees="200, the answer",
    recovers="They are used until they end (`AUTH0_PERMISSIONS_TTL`), as if nobody had told of the change.",
)
def test_an_evicted_mark_of_forgetting_costs_the_time_to_live(place: Place) -> None:
    place.warm()
    place.tenant.user("ada", permissions=[])
    assert place.state.lookup.forget("auth0|ada")
    marks = [key for key in place.state.cache._backend_now()._cache if ":user-generation:" in key]
    assert marks
    for key in marks:
        place.state.cache.delete(key)
    sees(test_an_evicted_mark_of_forgetting_costs_the_time_to_live, place.call("ledger"))
    place.clock.advance(61)
    assert "You don't have permission" in place.call("ledger").get_data(as_text=True)


def management_calls(place: Place) -> int:
    """Return how many calls of the Management API the tenant has seen."""
    return sum(count for what, count in place.tenant.state.counts.items() if "/api/v2/" in what)


_KEPT = '[1, 9999999999, ["", 1, 9999999998, ["tool:ledger"]]]'


@pytest.mark.parametrize("value", [b"\x80\x04garbage", "{", "[1]", 7, _KEPT, "[1, NaN, []]", {"a": object()}])
@fault(
    "The cache returns garbage, or another entry's value",
    sees="200, the answer",
    recovers="Whatever is not exactly as it was written is a miss; it never grants anything.",
)
def test_a_cache_that_returns_garbage_never_grants(place: Place, value: Any) -> None:
    place.state.cache._backend = Garbage(value)
    sees(test_a_cache_that_returns_garbage_never_grants, place.call())
    denied = place.call("ledger", token=place.tenant.token("bob"))
    assert denied.status_code == 200
    assert denied.get_json()["result"]["isError"] is True


@fault(
    "The cache is cleared",
    sees="200, the answer",
    recovers="At once, with one look-up for each user.",
)
def test_a_cleared_cache_is_filled_again(place: Place) -> None:
    place.warm()
    place.state.cache._backend.clear()
    sees(test_a_cleared_cache_is_filled_again, place.call("ledger"))
    denied = place.call("ledger", token=place.tenant.token("bob"))
    assert "You don't have permission" in denied.get_data(as_text=True)


@fault(
    "Cache and tenant are both down, keys in hand",
    sees="200, `isError`: Authorization is unavailable for now, so it cannot be checked whether you may use the "
    "'ledger' tool. Please try again later.",
    recovers="Plain tools work on; protected ones once either is back.",
)
def test_without_cache_and_tenant_protected_tools_are_unavailable(place: Place) -> None:
    place.warm()
    place.state.cache._backend = Broken()
    place.tenant.state.faults.add("*", drop=True)
    sees(test_without_cache_and_tenant_protected_tools_are_unavailable, place.call("ledger"))
