from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_mcp_auth0.auth0_api.access_token import AccessToken
from flask_mcp_auth0.auth0_api.exchange_cache import ExchangeCache
from flask_mcp_auth0.errors import Auth0APIError

from .doubles import Clock


def never() -> AccessToken:
    raise AssertionError("asked again")


def test_what_was_not_used_for_longest_makes_room(clock: Clock) -> None:
    cache = ExchangeCache(max_entries=2, clock=clock)
    for name in ("a", "b"):
        cache.get({"q": name}, lambda name=name: AccessToken(name, int(clock()) + 600))  # type: ignore[misc]

    cache.get({"q": "a"}, never)
    cache.get({"q": "c"}, lambda: AccessToken("c", int(clock()) + 600))

    assert cache.get({"q": "a"}, never).access_token == "a"
    assert cache.get({"q": "c"}, never).access_token == "c"
    with pytest.raises(AssertionError, match="asked again"):
        cache.get({"q": "b"}, never)


def test_an_expired_token_is_dropped_and_never_handed_out(clock: Clock) -> None:
    cache = ExchangeCache(leeway=0, clock=clock)
    cache.get({"q": 1}, lambda: AccessToken("old", int(clock()) + 60))
    clock.now += 60

    assert cache.get({"q": 1}, lambda: AccessToken("new", int(clock()) + 60)).access_token == "new"


def test_a_token_that_is_expired_when_it_arrives_is_not_kept(clock: Clock) -> None:
    cache = ExchangeCache(clock=clock)

    assert cache.get({"q": 1}, lambda: AccessToken("dead", int(clock()) - 5)).access_token == "dead"
    assert cache.get({"q": 1}, lambda: AccessToken("live", int(clock()) + 60)).access_token == "live"


def test_waiting_for_another_thread_s_exchange_is_bounded(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ExchangeCache(clock=clock)

    def hang(key: str, function: object) -> AccessToken:
        raise TimeoutError

    monkeypatch.setattr(cache._process.get().flight, "do", hang)

    with pytest.raises(Auth0APIError, match="does not answer"):
        cache.get({"q": 1}, never)


def test_a_token_that_arrived_while_one_waited_is_not_asked_for_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ExchangeCache(clock=clock)

    def after_somebody_else(key: str, function: Callable[[], AccessToken]) -> AccessToken:
        cache._keep(cache._process.get(), key, AccessToken("theirs", int(clock()) + 60), clock())
        return function()

    monkeypatch.setattr(cache._process.get().flight, "do", after_somebody_else)

    assert cache.get({"q": 1}, never).access_token == "theirs"
