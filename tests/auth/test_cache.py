from __future__ import annotations

import gc
import json
import logging
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from cachelib import SimpleCache
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import NullCache
from flask_caching.backends import SimpleCache as FlaskSimpleCache

from flask_mcp_auth0.auth.cache import LookupCache, SingleFlight, cache_key
from flask_mcp_auth0.auth.cache_conduct import CacheConduct
from flask_mcp_auth0.auth.cache_of_app import lookup_cache_of
from flask_mcp_auth0.auth.parsed_entries import ParsedEntries

from .doubles import Clock


class BrokenBackend:
    def get(self, key: str) -> Any:
        raise ConnectionError("redis://:secret@cache.example.com is down")

    def set(self, key: str, value: Any, timeout: int) -> None:
        raise ConnectionError("redis://:secret@cache.example.com is down")

    def delete(self, key: str) -> None:
        raise ConnectionError("redis://:secret@cache.example.com is down")


def test_a_key_shows_its_kind_and_nothing_personal() -> None:
    key = cache_key("user", "https://tenant.example.com/", "auth0|ada")
    assert key.startswith("mcp_auth0:user:")
    assert "ada" not in key
    assert "tenant" not in key


def test_a_separator_within_a_part_makes_another_key() -> None:
    assert cache_key("kind", "a", "b:c") != cache_key("kind", "a:b", "c") != cache_key("kind", "a", "b", "c")


def test_a_value_comes_back_until_its_time_is_over(clock: Clock) -> None:
    cache = LookupCache(SimpleCache(), clock=clock)
    assert cache.set("key", {"a": [1, "b"]}, 100)
    clock.advance(89)
    assert cache.get("key") == {"a": [1, "b"]}
    clock.advance(11)
    assert cache.get("key") is None


def test_entries_made_together_do_not_end_together(clock: Clock) -> None:
    backend = SimpleCache(threshold=1000)
    cache = LookupCache(backend, clock=clock, timer=clock)
    for number in range(100):
        cache.set(f"key {number}", number, 100)
    ends = {json.loads(str(backend.get(f"key {number}")))[1] - clock.now for number in range(100)}
    assert len(ends) > 50
    assert 90 <= min(ends) <= max(ends) <= 100


def test_a_value_that_is_for_no_time_is_not_kept_for_ever(clock: Clock) -> None:
    backend = SimpleCache()
    assert not LookupCache(backend, clock=clock, timer=clock).set("key", 1, 0)
    assert backend.get("key") is None


def test_a_deleted_value_is_gone(clock: Clock) -> None:
    cache = LookupCache(SimpleCache(), clock=clock)
    cache.set("key", 1, 100)
    cache.delete("key")
    assert cache.get("key") is None


@pytest.mark.parametrize(
    "entry",
    [
        ["tool:refund"],
        {"v": 1},
        b"\x80\x04\x95",
        "not json",
        "[]",
        "[1, 99999999999]",
        '[2, 99999999999, ["tool:refund"]]',
        '[true, 99999999999, ["tool:refund"]]',
        '[1, "99999999999", ["tool:refund"]]',
        '[1, true, ["tool:refund"]]',
        '[1, Infinity, ["tool:refund"]]',
        '[1, NaN, ["tool:refund"]]',
        f"[1, 1{'0' * 400}, 1]",
        f"[1, -1{'0' * 400}, 1]",
        '{"1": 2}',
        "[" * 100_000,
        7,
        None,
    ],
)
def test_an_entry_of_another_shape_is_a_miss(entry: Any, clock: Clock) -> None:
    backend = SimpleCache()
    backend.set("key", entry)
    cache = LookupCache(backend, clock=clock, timer=clock)
    assert cache.get("key") is None
    assert list(cache.get_many("key", "other")) == [None, None]


def test_text_that_a_cache_server_gave_as_bytes_is_read(clock: Clock) -> None:
    backend = SimpleCache()
    backend.set("key", b'[1,99999999999,"x"]')
    assert LookupCache(backend, clock=clock, timer=clock).get("key") == "x"


def test_a_failing_cache_is_a_miss_and_is_reported_without_its_address(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    cache = LookupCache(BrokenBackend(), clock=clock, timer=clock)
    with caplog.at_level(logging.WARNING):
        assert cache.get("key") is None
        assert list(cache.get_many("a", "b")) == [None, None]
        assert not cache.set("key", 1, 10)
        cache.delete("key")
    assert [record.getMessage() for record in caplog.records] == [
        "The cache failed to read (ConnectionError); look-ups go on without it."
    ]
    clock.advance(61)
    cache.get("key")
    assert len(caplog.records) == 2


class Hanging(SimpleCache):
    """A cache server that does not answer, so that every operation ends with a time-out."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.asked = 0
        self.hangs = True

    def wait(self) -> None:
        self.asked += 1
        if self.hangs:
            self.clock.advance(self.seconds)
            raise TimeoutError

    def get(self, key: str) -> Any:
        self.wait()
        return super().get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        self.wait()
        return super().set(key, value, timeout)

    def delete(self, key: str) -> Any:
        self.wait()
        return super().delete(key)


@pytest.mark.parametrize("first", ["get", "get_many", "set", "delete"])
def test_a_cache_that_hangs_is_waited_for_once_in_a_while(clock: Clock, first: str) -> None:
    backend = Hanging(clock, 2.0)
    cache = LookupCache(backend, clock=clock, timer=clock)
    operations: dict[str, Callable[[], Any]] = {
        "get": lambda: cache.get("key"),
        "get_many": lambda: cache.get_many("key", "key"),
        "set": lambda: cache.set("key", 1, 60),
        "delete": lambda: cache.delete("key"),
    }
    operations[first]()
    assert backend.asked == 1
    assert [operation() for operation in operations.values()] == [None, [None, None], False, None]
    assert backend.asked == 1
    clock.advance(5)
    assert cache.get("key") is None
    assert cache.get("key") is None
    assert backend.asked == 2


def test_a_cache_that_hung_is_used_again_when_it_answers(clock: Clock) -> None:
    backend = Hanging(clock, 2.0)
    cache = LookupCache(backend, clock=clock, timer=clock)
    cache.get("key")
    backend.hangs = False
    assert not cache.set("key", 1, 60)
    clock.advance(5)
    assert cache.set("key", 1, 60)
    assert cache.get("key") == 1
    assert not cache.condition().failing


def test_while_one_caller_tries_a_cache_that_hung_the_others_leave_it_alone(clock: Clock) -> None:
    backend = Hanging(clock, 2.0)
    cache = LookupCache(backend, clock=clock, timer=clock)
    cache.get("key")
    clock.advance(5)
    seen: list[Any] = []
    backend.wait = lambda: seen.append(LookupCache.get(cache, "other") if not seen else None)  # type: ignore[method-assign]
    cache.get("key")
    assert seen == [None]


def test_a_cache_that_fails_at_once_is_tried_every_time(clock: Clock) -> None:
    backend = Hanging(clock, 0.01)
    cache = LookupCache(backend, clock=clock, timer=clock)
    for _ in range(3):
        cache.get("key")
    assert backend.asked == 3


def test_a_clock_that_is_set_forward_or_back_says_nothing_of_the_cache(clock: Clock) -> None:
    timer = Clock()
    backend = Hanging(clock, 3600.0)
    cache = LookupCache(backend, clock=clock, timer=timer)
    cache.get("key")
    cache.get("key")
    assert backend.asked == 2
    clock.advance(-9000)
    backend.hangs = False
    assert cache.set("key", 1, 60)


class Slow(SimpleCache):
    """A cache server that answers, and takes its time."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.asked = 0

    def get(self, key: str) -> Any:
        self.asked += 1
        self.clock.advance(self.seconds)
        return super().get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        self.asked += 1
        self.clock.advance(self.seconds)
        return super().set(key, value, timeout)


def test_a_cache_that_answers_slowly_is_left_alone_and_what_it_said_is_used(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Slow(clock, 0.5)
    cache = LookupCache(backend, clock=clock, timer=clock)
    assert cache.set("key", 1, 1000)
    backend.seconds = 3.0
    assert [cache.get("key"), cache.get("key")] == [1, 1]
    assert cache.condition().failing
    asked = backend.asked
    assert [cache.get("key"), cache.set("key", 2, 1000)] == [None, False]
    assert backend.asked == asked
    assert [record.getMessage() for record in caplog.records] == [
        "The cache failed to read (slow); look-ups go on without it."
    ]
    clock.advance(5)
    assert [cache.get("key"), cache.get("key")] == [1, None], "it is still slow"
    clock.advance(5)
    backend.seconds = 0.5
    assert [cache.get("key"), cache.get("key")] == [1, 1]
    assert not cache.condition().failing


def test_a_cache_that_writes_slowly_is_left_alone(clock: Clock) -> None:
    backend = Slow(clock, 3.0)
    cache = LookupCache(backend, clock=clock, timer=clock)
    assert cache.set("key", 1, 1000)
    assert cache.set("key", 2, 1000)
    assert cache.get("key") is None
    assert backend.asked == 2


def test_a_process_that_stood_still_does_not_blame_the_cache(clock: Clock) -> None:
    conduct = CacheConduct(clock, clock)
    on_their_way = [conduct.start() for _ in range(5)]
    clock.advance(3)
    for started in on_their_way:
        assert started is not None
        conduct.worked("read", started)
    started = conduct.start()
    assert started is not None
    assert not conduct.condition().failing
    clock.advance(0.001)
    conduct.worked("read", started)
    started = conduct.start()
    assert started is not None
    clock.advance(3)
    conduct.worked("read", started)
    assert conduct.start() is not None, "what was quick between the two counts"


def test_a_value_that_is_no_json_is_not_kept(clock: Clock) -> None:
    cache = LookupCache(SimpleCache(), clock=clock)
    assert not cache.set("key", object(), 10)
    assert cache.get("key") is None


@pytest.mark.parametrize("refusal", [False, MemoryError()])
def test_a_cache_that_refuses_what_is_written_is_failing_though_it_can_be_read(
    clock: Clock, refusal: Any
) -> None:
    class Full(SimpleCache):
        full = True

        def set(self, key: str, value: Any, timeout: Any = None) -> Any:
            if not self.full:
                return super().set(key, value, timeout)
            if isinstance(refusal, Exception):
                raise refusal
            return refusal

    backend = Full()
    cache = LookupCache(backend, clock=clock, timer=clock)
    assert not cache.set("key", 1, 10)
    assert cache.get("key") is None
    cache.delete("key")
    assert cache.condition().failing
    backend.full = False
    assert cache.set("key", 1, 10)
    assert not cache.condition().failing


def test_a_backend_that_returns_another_number_of_values_is_a_miss(clock: Clock) -> None:
    class Short(SimpleCache):
        def get_many(self, *keys: str) -> list[Any]:
            return ['[1,99999999999,"x"]']

    assert list(LookupCache(Short(), clock=clock).get_many("a", "b")) == [None, None]


def test_the_apps_own_cache_is_used_even_if_it_is_initialised_later() -> None:
    app = Flask(__name__)
    cache = lookup_cache_of(app)
    own = Cache(config={"CACHE_TYPE": "SimpleCache"})
    own.init_app(app)
    cache.set("key", [1], 60)
    assert app.extensions["cache"][own].get("key") is not None


def test_without_a_cache_there_is_room_for_thousands_of_users() -> None:
    cache = lookup_cache_of(Flask(__name__))
    for number in range(5_000):
        cache.set(f"user {number}", number, 60)
    assert cache.get("user 0") == 0
    assert cache.get("user 4999") == 4999


def test_a_cache_that_keeps_nothing_is_replaced_by_our_own() -> None:
    app = Flask(__name__)
    app.extensions["cache"] = {object(): NullCache()}
    cache = lookup_cache_of(app)
    cache.set("key", 1, 60)
    assert cache.get("key") == 1


def test_a_real_cache_beside_one_that_keeps_nothing_is_found() -> None:
    app = Flask(__name__)
    real = FlaskSimpleCache()
    app.extensions["cache"] = {object(): NullCache(), "real": real}
    lookup_cache_of(app).set("key", 1, 60)
    assert real.get("key") is not None


def test_two_apps_do_not_share_what_they_keep() -> None:
    one, other = lookup_cache_of(Flask("one")), lookup_cache_of(Flask("other"))
    one.set("key", 1, 60)
    assert other.get("key") is None


def in_threads(count: int, run: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    ready = threading.Barrier(count)

    def work() -> None:
        ready.wait(10)
        try:
            results.append(run())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


class Counted:
    """A function that waits until all others wait for it, and counts its runs."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        self.runs = 0
        self.go_on = threading.Event()

    def __call__(self) -> Any:
        self.runs += 1
        self.go_on.wait(10)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def waiting_for(flight: SingleFlight, key: str) -> int:
    """How many callers wait for somebody else's run."""
    one = flight._process.get().by_key.get(key)
    return 0 if one is None else len(one.done._cond._waiters)  # type: ignore[attr-defined]


def share(flight: SingleFlight, function: Counted, count: int) -> list[Any]:
    def release() -> None:
        deadline = threading.Event()
        for _ in range(2_000):
            if waiting_for(flight, "key") == count - 1:
                break
            deadline.wait(0.005)
        function.go_on.set()

    releaser = threading.Thread(target=release)
    releaser.start()
    results = in_threads(count, lambda: flight.do("key", function))
    releaser.join(30)
    return results


def test_concurrent_callers_share_one_run() -> None:
    function = Counted("answer")
    assert share(SingleFlight(), function, 50) == ["answer"] * 50
    assert function.runs == 1


def test_concurrent_callers_share_one_failure() -> None:
    function = Counted(KeyError("x"))
    results = share(SingleFlight(), function, 20)
    assert [type(result) for result in results] == [KeyError] * 20
    assert function.runs == 1


def test_a_run_that_is_over_is_not_remembered() -> None:
    flight = SingleFlight()
    answers = iter([1, 2])
    assert flight.do("key", lambda: next(answers)) == 1
    assert flight.do("key", lambda: next(answers)) == 2


def test_other_keys_do_not_wait() -> None:
    flight = SingleFlight()
    assert flight.do("outer", lambda: flight.do("inner", lambda: 1)) == 1


def test_a_caller_does_not_wait_for_ever() -> None:
    flight = SingleFlight(max_wait=0.0)
    with pytest.raises(TimeoutError):
        flight.do("key", lambda: flight.do("key", lambda: 1))


def test_a_worker_that_is_stopped_does_not_stop_those_who_share_its_run() -> None:
    flight = SingleFlight()
    inside, stop = threading.Event(), threading.Event()

    def stopped() -> None:
        inside.set()
        stop.wait(10)
        raise SystemExit

    def lead() -> None:
        with pytest.raises(SystemExit):
            flight.do("key", stopped)

    leader = threading.Thread(target=lead)
    leader.start()
    inside.wait(10)
    results: list[int] = []
    follower = threading.Thread(target=lambda: results.append(flight.do("key", lambda: 7)))
    follower.start()
    for _ in range(2_000):
        if waiting_for(flight, "key"):
            break
        inside.wait(0)
    stop.set()
    follower.join(10)
    leader.join(10)
    assert results == [7]


class Parser:
    """Tells whether what it was asked to parse is still held by anybody."""

    def __init__(self) -> None:
        self.count = 0
        self.results: weakref.WeakSet[Parsed] = weakref.WeakSet()

    def __call__(self, text: str) -> Parsed:
        self.count += 1
        parsed = Parsed(text)
        self.results.add(parsed)
        return parsed

    def held(self) -> int:
        gc.collect()
        return sum(len(parsed.text) for parsed in self.results)


class Parsed:
    def __init__(self, text: str) -> None:
        self.text = text


def test_an_entry_that_did_not_change_is_parsed_once() -> None:
    parser = Parser()
    entries = ParsedEntries(parser)
    first = entries.read("key", "one")
    assert all(entries.read("key", "".join(("o", "ne"))) is first for _ in range(5))
    assert parser.count == 1


def test_of_each_key_the_latest_entry_alone_is_held() -> None:
    parser = Parser()
    entries = ParsedEntries(parser, limit=1_000_000)
    for minute in range(200):
        for user in range(5):
            assert entries.read(f"user-{user}", f"{minute}".ljust(10_000)).text.startswith(f"{minute}")
    assert parser.held() == 5 * 10_000


def test_what_is_held_of_many_keys_is_bounded_by_its_size() -> None:
    parser = Parser()
    entries = ParsedEntries(parser, limit=100_000)
    for user in range(500):
        entries.read("busy", "asked for all the time")
        entries.read(f"user-{user}", f"{user}".ljust(10_000))
    assert parser.held() <= 200_000
    assert parser.count == 501
    entries.read("huge", "x" * 100_001)
    assert parser.held() <= 200_000


def test_an_entry_under_the_same_key_in_another_text_is_another() -> None:
    entries = ParsedEntries(Parser())
    assert entries.read("key", "one").text == "one"
    assert entries.read("key", "two").text == "two"
    assert entries.read("other", "one").text == "one"


def test_users_with_many_permissions_are_held_once_however_often_they_are_looked_up(clock: Clock) -> None:
    cache = LookupCache(SimpleCache(), clock=clock)
    gc.collect()
    tracemalloc.start()
    try:
        for minute in range(40):
            for user in range(10):
                cache.set(f"user-{user}", [f"{minute}:{number:05}" for number in range(500)], 60)
                cache.get_many(f"user-{user}")
            if minute == 4:
                before, _ = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 500_000
