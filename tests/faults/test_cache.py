"""The cache that look-ups are kept in: down, full of garbage, cleared."""

from __future__ import annotations

from typing import Any

import pytest

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
    counts = place.tenant.state.counts
    asked = sum(count for what, count in counts.items() if "/api/v2/" in what)
    assert asked
    sees(test_a_cache_that_hangs_holds_up_one_call_in_a_while, place.call("ledger"))
    assert sum(count for what, count in counts.items() if "/api/v2/" in what) == asked


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
