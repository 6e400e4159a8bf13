from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from cachelib import SimpleCache

from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth0_api.access_token import AccessToken
from flask_mcp_auth0.auth0_api.token_supplier import TokenSupplier
from flask_mcp_auth0.errors import Auth0APIError
from flask_mcp_auth0.sealing import Sealer

from .doubles import Clock

NAME = ("https://tenant.example", "our-client", "https://tenant.example/api/v2/")


class Source:
    """Gives numbered tokens, or fails."""

    def __init__(self, clock: Clock, lifetime: int | None = 600) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.given = 0
        self.failure: Auth0APIError | None = None

    def __call__(self) -> AccessToken:
        self.given += 1
        if self.failure is not None:
            raise self.failure
        expires_at = None if self.lifetime is None else int(self.clock()) + self.lifetime
        return AccessToken(f"token-{self.given}", expires_at)


@pytest.fixture
def source(clock: Clock) -> Source:
    return Source(clock)


@pytest.fixture
def backend() -> SimpleCache:
    return SimpleCache()


@pytest.fixture
def make(source: Source, backend: SimpleCache, clock: Clock) -> Callable[..., TokenSupplier]:
    """Make the supplier of one worker; all of them share a cache."""

    def supplier(sealer: Sealer | None = None, name: tuple[str, ...] = NAME) -> TokenSupplier:
        cache = LookupCache(backend, clock=clock)
        return TokenSupplier(source, name, cache, sealer or Sealer(["k"]), clock=clock)

    return supplier


def test_the_token_is_renewed_a_minute_before_it_expires(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    supply = make()

    assert supply() == "token-1"
    clock.now += 539
    assert supply() == "token-1"
    clock.now += 1
    assert supply() == "token-2"
    assert source.given == 2


def test_a_token_that_lives_for_seconds_is_renewed_at_half_of_them(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    source.lifetime = 10
    supply = make()

    assert supply() == "token-1"
    clock.now += 4
    assert supply() == "token-1"
    clock.now += 1
    assert supply() == "token-2"


def test_a_token_of_unknown_life_is_used_for_some_minutes(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    source.lifetime = None
    supply = make()

    assert supply() == supply() == "token-1"
    clock.now += 300
    assert supply() == "token-2"


def test_workers_share_the_token_through_the_cache(
    make: Callable[..., TokenSupplier], source: Source
) -> None:
    assert make()() == make()() == "token-1"
    assert source.given == 1


def test_the_cache_never_holds_the_token_in_clear(
    make: Callable[..., TokenSupplier], backend: SimpleCache
) -> None:
    supply = make()
    supply()

    ((key, (_, stored)),) = backend._cache.items()
    assert b"token-1" not in stored
    assert "our-client" not in key
    assert "token-1" not in repr(vars(supply))


def test_without_a_key_to_seal_with_the_token_stays_in_the_process(
    make: Callable[..., TokenSupplier], backend: SimpleCache, source: Source
) -> None:
    first, second = make(Sealer([])), make(Sealer([]))

    assert (first(), first(), second()) == ("token-1", "token-1", "token-2")
    assert not backend._cache


def test_an_entry_that_others_put_there_is_not_believed(
    make: Callable[..., TokenSupplier], backend: SimpleCache
) -> None:
    make(Sealer(["somebody else's key"]))()

    assert make()() == "token-2"


def test_an_entry_sealed_for_another_client_is_not_believed(
    make: Callable[..., TokenSupplier], backend: SimpleCache
) -> None:
    make()()
    ((key, entry),) = list(backend._cache.items())
    other = make(name=("https://tenant.example", "another-client", "x"))
    other()
    ((other_key, _),) = [(k, v) for k, v in backend._cache.items() if k != key]
    backend._cache[other_key] = entry

    assert make(name=("https://tenant.example", "another-client", "x"))() == "token-3"


@pytest.mark.parametrize("value", [["a"], "text", [1, 2, 3, 4], None, {}, 7])
def test_an_entry_of_another_form_is_not_believed(
    make: Callable[..., TokenSupplier], clock: Clock, backend: SimpleCache, value: object
) -> None:
    supply = make()
    sealed = Sealer(["k"]).seal("management-token", value, context=supply._key)
    LookupCache(backend, clock=clock).set(supply._key, sealed, 500)

    assert supply() == "token-1"


def test_a_refused_token_is_replaced_for_every_worker(
    make: Callable[..., TokenSupplier], clock: Clock, source: Source
) -> None:
    one, two = make(), make()
    assert one() == two() == "token-1"
    clock.now += 40

    assert one.invalidate("token-1") is True
    assert one() == "token-2"
    assert two.invalidate("token-1") is True
    assert two() == "token-2"
    assert source.given == 2


def test_a_refused_token_does_not_come_back_from_a_cache_that_forgets_nothing(
    make: Callable[..., TokenSupplier], clock: Clock, backend: SimpleCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "delete", lambda key: False)
    supply = make()
    supply()
    clock.now += 40

    supply.invalidate("token-1")

    assert supply() == "token-2"


def test_a_new_token_that_is_refused_is_not_replaced_again_and_again(
    make: Callable[..., TokenSupplier], source: Source
) -> None:
    supply = make()
    supply()

    assert supply.invalidate("token-1") is False
    assert supply() == "token-1"
    assert source.given == 1


def test_refusing_a_token_of_long_ago_drops_nothing(
    make: Callable[..., TokenSupplier], source: Source
) -> None:
    supply = make()
    supply()

    assert supply.invalidate("token-0") is True
    assert supply() == "token-1"


def test_while_it_cannot_be_renewed_the_old_token_is_used_to_its_end(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    supply = make()
    supply()
    source.failure = Auth0APIError("down")
    clock.now += 550

    assert supply() == "token-1"
    clock.now += 49
    assert supply() == "token-1"
    clock.now += 1
    with pytest.raises(Auth0APIError, match="down"):
        supply()


def test_after_a_failure_nobody_asks_for_a_while_and_longer_after_each(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    source.failure = Auth0APIError("down", error="server_error", status_code=503)
    supply = make()
    pauses = []
    for _ in range(8):
        asked, started = source.given, clock.now
        while source.given == asked:
            with pytest.raises(Auth0APIError) as caught:
                supply()
            assert (caught.value.error, caught.value.status_code) == ("server_error", 503)
            if source.given == asked:
                clock.now += 0.5
        pauses.append(clock.now - started)

    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    assert clock.waited == []

    source.failure = None
    clock.now += 30
    assert supply() == "token-9"
    source.failure = Auth0APIError("down")
    clock.now += 600
    with pytest.raises(Auth0APIError):
        supply()
    clock.now += 1
    with pytest.raises(Auth0APIError):
        supply()
    assert source.given == 11


@pytest.mark.parametrize(("asked_for", "waited"), [(12, 12), (3600, 30)])
def test_auth0_s_own_wish_to_be_left_alone_is_respected_within_bounds(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock, asked_for: int, waited: int
) -> None:
    source.failure = Auth0APIError("slow down", status_code=429, retry_after=asked_for)
    supply = make()
    for step in (0, waited - 1, 1):
        clock.now += step
        with pytest.raises(Auth0APIError):
            supply()

    assert source.given == 2


def test_each_failure_is_an_exception_of_its_own(make: Callable[..., TokenSupplier], source: Source) -> None:
    source.failure = Auth0APIError("down")
    supply = make()
    raised = []
    for _ in range(2):
        with pytest.raises(Auth0APIError) as caught:
            supply()
        raised.append(caught.value)

    assert raised[0] is not raised[1]


def test_failures_are_logged_without_anything_secret(
    make: Callable[..., TokenSupplier], source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    source.failure = Auth0APIError("down")
    with caplog.at_level(logging.DEBUG), pytest.raises(Auth0APIError):
        make()()

    assert [record.getMessage() for record in caplog.records] == [
        "No token for the Management API (failure 1 in a row): down"
    ]


def test_threads_that_ask_at_once_cause_one_request(
    clock: Clock, backend: SimpleCache, source: Source
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly() -> AccessToken:
        asked.set()
        go_on.wait(10)
        return source()

    supply = TokenSupplier(slowly, NAME, LookupCache(backend, clock=clock), Sealer(["k"]), clock=clock)
    given: list[str] = []
    threads = [threading.Thread(target=lambda: given.append(supply())) for _ in range(8)]
    threads[0].start()
    asked.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert given == ["token-1"] * 8
    assert source.given == 1


def test_waiting_for_another_thread_s_request_is_bounded(
    make: Callable[..., TokenSupplier], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(key: str, function: object) -> AccessToken:
        raise TimeoutError

    supply = make()
    monkeypatch.setattr(supply._process.get().flight, "do", hang)

    with pytest.raises(Auth0APIError, match="does not answer"):
        supply()


def test_a_token_that_arrived_while_one_waited_is_not_asked_for_again(
    make: Callable[..., TokenSupplier], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    supply = make()
    flight = supply._process.get().flight
    run = flight.do

    def after_somebody_else(key: str, function: Callable[[], AccessToken]) -> AccessToken:
        run(key, function)
        return function()

    monkeypatch.setattr(flight, "do", after_somebody_else)

    assert supply() == "token-1"
    assert source.given == 1


def test_a_clock_that_is_put_back_neither_lengthens_a_pause_nor_keeps_a_refused_token(
    make: Callable[..., TokenSupplier], source: Source, clock: Clock
) -> None:
    supply = make()
    source.failure = Auth0APIError("down")
    with pytest.raises(Auth0APIError):
        supply()
    source.failure = None
    clock.now -= 86_400
    assert supply() == "token-2"
    clock.now -= 86_400
    assert supply.invalidate("token-2")
    assert supply() == "token-3"
