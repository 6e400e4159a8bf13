from __future__ import annotations

import json
import logging
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from flask_mcp_auth0.errors import Auth0MCPError, ConfigurationError
from flask_mcp_auth0.protocol.store import (
    MAX_NAME,
    MAX_QUEUE,
    MAX_VALUE,
    Store,
    StoreUnavailable,
)
from flask_mcp_auth0.protocol.store_opening import open_store
from flask_mcp_auth0.protocol.store_process import ProcessStore
from flask_mcp_auth0.protocol.store_redis import RedisStore
from flask_mcp_auth0.protocol.store_redis_bus import Bus
from flask_mcp_auth0.sealing import Sealer
from tests.fixtures_valkey import Valkey

SECRET = "a secret of the tests, long enough"

#: What another process runs: ``store``, ``argv`` and ``say`` are there.
PRELUDE = """
import json, os, sys
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.protocol.store_opening import open_store
url, secret, prefix, *argv = sys.argv[1:]
store = open_store(url, Sealer([secret]), prefix)
def say(value):
    # In one piece: several children write to the same pipe.
    os.write(1, (json.dumps(value) + "\\n").encode())
"""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Program:
    """Another process that uses the store; what it says is read line by line."""

    def __init__(self, source: str, *arguments: str, before: str = "") -> None:
        command = [sys.executable, "-c", before + PRELUDE + source, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def heard(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=30)
            raise AssertionError(f"the program said nothing:\n{errors}")
        return json.loads(line)

    def end(self) -> None:
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefix() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def redis_store(valkey_url: str, prefix: str) -> Iterator[RedisStore]:
    store = RedisStore(valkey_url, Sealer([SECRET]), prefix=prefix)
    yield store
    store.close()


@pytest.fixture
def server(valkey_url: str) -> Iterator[redis.Redis]:
    """Somebody who can read and write everything in the server, without our key."""
    client = redis.Redis.from_url(valkey_url)
    yield client
    client.close()


@pytest.fixture(params=["process", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "process":
        return ProcessStore()
    store: Store = request.getfixturevalue("redis_store")
    return store


# -- what both forms do ---------------------------------------------------------------------------------


def test_a_value_comes_back_as_json(store: Store) -> None:
    store.set("k", {"a": [1, "é", None, True]}, 60)
    assert store.get("k") == {"a": [1, "é", None, True]}


def test_what_was_never_kept_is_none(store: Store) -> None:
    assert store.get("k") is None


def test_a_value_that_was_handed_out_can_be_changed_without_changing_the_store(store: Store) -> None:
    store.set("k", ["a"], 60)
    store.get("k").append("b")  # type: ignore[union-attr]
    assert store.get("k") == ["a"]


def test_a_deleted_value_is_gone(store: Store) -> None:
    store.set("k", 1, 60)
    store.delete("k")
    store.delete("never there")
    assert store.get("k") is None


def test_only_the_first_add_is_kept(store: Store) -> None:
    assert store.add("spent", 1, 60)
    assert not store.add("spent", 2, 60)
    assert store.get("spent") == 1


def test_of_many_adds_at_once_exactly_one_wins(store: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: store.add("spent", number, 60), range(64)))
    assert won.count(True) == 1


def test_false_and_zero_are_values(store: Store) -> None:
    store.set("k", False, 60)
    assert store.get("k") is False
    assert not store.add("k", 0, 60)


def test_a_set_holds_each_member_once(store: Store) -> None:
    assert store.members("disabled") == frozenset()
    assert store.add_member("disabled", "tool:a")
    assert store.add_member("disabled", "tool:a")
    assert store.add_member("disabled", "tool:b")
    assert store.members("disabled") == {"tool:a", "tool:b"}
    store.remove_member("disabled", "tool:a")
    store.remove_member("disabled", "tool:a")
    assert store.members("disabled") == {"tool:b"}
    store.remove_member("disabled", "tool:b")
    assert store.members("disabled") == frozenset()


def test_a_full_set_refuses_a_new_member_but_knows_the_old_ones(store: Store) -> None:
    assert store.add_member("s", "a", limit=2)
    assert store.add_member("s", "b", limit=2)
    assert not store.add_member("s", "c", limit=2)
    assert store.add_member("s", "b", limit=2)
    assert store.members("s") == {"a", "b"}
    assert not store.add_member("empty", "a", limit=0)


def test_keeping_a_set_that_is_not_there_makes_none(store: Store) -> None:
    store.keep_members("s", 60)
    assert store.members("s") == frozenset()


def test_a_queue_gives_each_value_once_and_in_order(store: Store) -> None:
    assert store.push("q", "first", 60)
    assert store.push("q", {"second": 2}, 60)
    assert store.pop("q", 0) == "first"
    assert store.pop("q", 0) == {"second": 2}
    assert store.pop("q", 0) is None


def test_a_full_queue_refuses(store: Store) -> None:
    for number in range(MAX_QUEUE):
        assert store.push("q", number + 1, 60)
    assert not store.push("q", "one too many", 60)
    assert store.pop("q", 0) == 1


def test_pop_wakes_when_a_value_arrives(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(store.pop, "q", 60)
        store.push("other", "not for this one", 60)
        store.push("q", "here", 60)
        assert answer.result(timeout=30) == "here"


def test_one_value_wakes_one_of_many_waiters(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(store.pop, "q", 60) for _ in range(4)]
        for number in (1, 2, 3, 4):
            store.push("q", number, 60)
        assert sorted(answer.result(timeout=30) for answer in answers) == [1, 2, 3, 4]


def test_pop_gives_up_when_nothing_arrives(store: Store) -> None:
    assert store.pop("q", 0.02) is None


def test_listeners_hear_their_topic_until_they_stop(store: Store) -> None:
    heard: list[Any] = []
    stop = store.listen("changes", heard.append)
    store.publish("changes", {"kind": "tools"})
    store.publish("else", "not this")
    stop()
    stop()
    store.publish("changes", "too late")
    assert heard == [{"kind": "tools"}]


def test_a_listener_that_fails_keeps_nothing_from_the_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: Any) -> None:
        raise RuntimeError("listener")

    heard: list[Any] = []
    stops = [store.listen("t", fail), store.listen("t", heard.append)]
    store.publish("t", 1)
    assert heard == [1]
    assert "a listener of the store failed" in caplog.text
    for stop in stops:
        stop()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda store: store.set("", 1, 60),
        lambda store: store.set("k" * (MAX_NAME + 1), 1, 60),
        lambda store: store.set("k", "x" * MAX_VALUE, 60),
        lambda store: store.set("k", None, 60),
        lambda store: store.set("k", object(), 60),
        lambda store: store.set("k", 1, 0),
        lambda store: store.add("k", 1, float("nan")),
        lambda store: store.get(""),
        lambda store: store.push("q", None, 60),
        lambda store: store.pop("", 0),
        lambda store: store.add_member("s", ""),
        lambda store: store.add_member("s", "m", ttl=-1),
        lambda store: store.publish("", 1),
        lambda store: store.publish("t", None),
    ],
)
def test_what_is_out_of_bounds_is_refused(store: Store, attempt: Callable[[Store], object]) -> None:
    with pytest.raises(ValueError):
        attempt(store)


# -- in the process -------------------------------------------------------------------------------------


def test_values_sets_and_queues_end(clock: Clock) -> None:
    store = ProcessStore(clock=clock)
    store.set("k", 1, 10)
    store.add_member("s", "a", ttl=10)
    store.add_member("for ever", "a")
    store.push("q", 1, 10)
    clock.now += 9.9
    assert store.get("k") == 1
    assert store.members("s") == {"a"}
    store.keep_members("s", 10)
    clock.now += 0.1
    assert store.get("k") is None
    assert store.add("k", 2, 10)
    assert store.pop("q", 0) is None
    assert store.members("s") == {"a"}
    clock.now += 10
    assert store.members("s") == frozenset()
    assert store.members("for ever") == {"a"}


def test_a_push_and_a_new_member_let_the_whole_live_longer(clock: Clock) -> None:
    store = ProcessStore(clock=clock)
    store.push("q", "a", 10)
    store.add_member("s", "a", ttl=10)
    clock.now += 9
    store.push("q", "b", 10)
    store.add_member("s", "b", ttl=10)
    clock.now += 9
    assert store.members("s") == {"a", "b"}
    assert [store.pop("q", 0), store.pop("q", 0)] == ["a", "b"]


def test_a_full_store_refuses_rather_than_forgets(clock: Clock) -> None:
    store = ProcessStore(clock=clock, max_entries=2)
    store.add("a", 1, 10)
    store.add("b", 1, 10)
    with pytest.raises(StoreUnavailable):
        store.add("c", 1, 10)
    store.set("b", 2, 10)
    assert (store.get("a"), store.get("b"), store.get("c")) == (1, 2, None)
    clock.now += 10
    assert store.add("c", 1, 10)


def test_the_last_quarter_of_the_room_is_for_what_must_not_be_refused(clock: Clock) -> None:
    store = ProcessStore(clock=clock, max_entries=8)
    for number in range(6):
        store.set(f"k{number}", 1, 10)
    for refused in (
        lambda: store.set("another", 1, 10),
        lambda: store.push("q", 1, 10),
        lambda: store.add_member("kept for a while", "a", ttl=10),
    ):
        with pytest.raises(StoreUnavailable):
            refused()
    assert store.add("spent", 1, 10)
    assert store.add_member("switched off", "a")
    assert store.add_member("switched off", "b")


def test_the_last_quarter_of_the_size_is_held_back_too(clock: Clock) -> None:
    store = ProcessStore(clock=clock, max_size=2000)
    store.set("k", "x" * 1300, 10)
    with pytest.raises(StoreUnavailable):
        store.set("another", "x" * 200, 10)
    assert store.add("spent", "x" * 10, 10)
    assert store.add_member("switched off", "a")


def test_a_store_is_bounded_in_size_too(clock: Clock) -> None:
    store = ProcessStore(clock=clock, max_size=1300)
    store.push("q", "x" * 500, 10)
    with pytest.raises(StoreUnavailable):
        store.push("q", "x" * 500, 10)
    with pytest.raises(StoreUnavailable):
        store.set("k", "x" * 500, 10)
    assert store.add_member("s", "m" * 100)
    with pytest.raises(StoreUnavailable):
        store.add_member("s", "n" * 500)
    assert store.members("s") == {"m" * 100}
    store.pop("q", 0)
    store.set("k", "x" * 500, 10)


def test_room_is_given_back(clock: Clock) -> None:
    store = ProcessStore(clock=clock, max_size=1000)
    for _ in range(100):
        store.set("k", "x" * 300, 10)
        store.push("q", "x" * 100, 10)
        store.pop("q", 0)
        store.add_member("s", "x" * 100)
        store.remove_member("s", "x" * 100)
    store.delete("k")
    store.set("k", "x" * 600, 10)


def test_ended_entries_do_not_pile_up(clock: Clock) -> None:
    store = ProcessStore(clock=clock)
    for number in range(10_000):
        store.set(f"k{number}", number, 1)
        clock.now += 0.01
    assert len(store._of_process.get().entries) < 3000


def test_the_process_store_is_not_shared() -> None:
    assert open_store(None, Sealer([])).shared is False


def test_a_child_inherits_what_was_kept_and_has_locks_of_its_own() -> None:
    # The lock is held at the fork, as it would be if another thread were in the midst of an operation.
    source = """
import os
from flask_mcp_auth0.protocol.store_process import ProcessStore
store = ProcessStore()
store.add_member("disabled", "a")
store.set("k", {"a": 1}, 60)
store.push("q", 1, 60)
stop = store.listen("t", lambda message: None)
with store._of_process.get():
    pid = os.fork()
    if pid == 0:
        stop()
        store.add_member("disabled", "b")
        assert store.members("disabled") == {"a", "b"}
        assert store.get("k") == {"a": 1}
        assert store.pop("q", 0) == 1
        store.publish("t", 1)
        os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert store.members("disabled") == {"a"}
assert store.pop("q", 0) == 1
"""
    subprocess.run([sys.executable, "-c", source], check=True, timeout=30)


# -- on a server ----------------------------------------------------------------------------------------


def test_what_is_kept_ends_on_the_server(redis_store: RedisStore, server: redis.Redis, prefix: str) -> None:
    redis_store.set("k", 1, 10)
    redis_store.add("a", 1, 0.0001)
    redis_store.push("q", 1, 10)
    redis_store.add_member("s", "m", ttl=10)
    redis_store.add_member("for ever", "m")
    for name in ("v:k", "q:q", "s:s"):
        assert 9000 < server.pttl(f"{prefix}:{name}") <= 10_000
    assert server.pttl(f"{prefix}:v:a") in (-2, 0, 1)
    assert server.pttl(f"{prefix}:s:for ever") == -1
    redis_store.keep_members("s", 100)
    assert 99_000 < server.pttl(f"{prefix}:s:s") <= 100_000
    redis_store.add_member("s", "m")
    assert server.pttl(f"{prefix}:s:s") == -1


def test_nothing_kept_can_be_read_on_the_server(
    redis_store: RedisStore, server: redis.Redis, prefix: str
) -> None:
    redis_store.set("k", "readable", 60)
    redis_store.push("q", "readable", 60)
    redis_store.add_member("s", "readable")
    kept = [
        server.get(f"{prefix}:v:k"),
        server.lrange(f"{prefix}:q:q", 0, -1),
        server.hgetall(f"{prefix}:s:s"),
    ]
    assert all(kept)
    assert "readable" not in repr(kept)


@pytest.mark.parametrize("forged", [b"", b'"plain JSON"', b"\xff\xfe", b"\x80\x04pickle", b"A" * 100])
def test_what_somebody_else_wrote_is_absent(
    redis_store: RedisStore,
    server: redis.Redis,
    prefix: str,
    forged: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.set(f"{prefix}:v:k", forged)
    server.hset(f"{prefix}:s:s", "field", forged)
    server.rpush(f"{prefix}:q:q", forged)
    redis_store.push("q", "ours", 60)
    with caplog.at_level(logging.WARNING):
        assert redis_store.get("k") is None
        assert redis_store.members("s") == frozenset()
        assert redis_store.pop("q", 0) == "ours"
    assert caplog.text.count("not ours") == 3


def test_a_sealed_value_cannot_be_moved_to_another_key(
    redis_store: RedisStore, server: redis.Redis, prefix: str
) -> None:
    redis_store.set("a", "secret of a", 60)
    sealed = server.get(f"{prefix}:v:a")
    assert isinstance(sealed, bytes)
    server.set(f"{prefix}:v:b", sealed)
    server.rpush(f"{prefix}:q:a", sealed)
    server.hset(f"{prefix}:s:a", "field", sealed)
    assert redis_store.get("b") is None
    assert redis_store.pop("a", 0) is None
    assert redis_store.members("a") == frozenset()


def test_a_value_sealed_with_another_secret_is_absent(valkey_url: str, prefix: str) -> None:
    theirs = RedisStore(valkey_url, Sealer(["another secret altogether"]), prefix=prefix)
    ours = RedisStore(valkey_url, Sealer([SECRET]), prefix=prefix)
    theirs.set("k", 1, 60)
    assert ours.get("k") is None
    assert theirs.get("k") == 1
    theirs.close()
    ours.close()


def test_after_a_change_of_secrets_older_values_can_still_be_read(valkey_url: str, prefix: str) -> None:
    older = RedisStore(valkey_url, Sealer([SECRET]), prefix=prefix)
    newer = RedisStore(valkey_url, Sealer(["the newest secret of all", SECRET]), prefix=prefix)
    older.set("k", 1, 60)
    assert newer.get("k") == 1
    older.close()
    newer.close()


def test_a_key_of_another_type_is_absent(
    redis_store: RedisStore, server: redis.Redis, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.rpush(f"{prefix}:v:k", "x")
    server.set(f"{prefix}:s:s", "x")
    server.set(f"{prefix}:q:q", "x")
    assert redis_store.get("k") is None
    assert redis_store.members("s") == frozenset()
    assert redis_store.pop("q", 0) is None
    assert "not ours" in caplog.text


def test_prefixes_keep_applications_apart(valkey_url: str, redis_store: RedisStore) -> None:
    other = RedisStore(valkey_url, Sealer([SECRET]), prefix="another")
    heard: list[Any] = []
    stop = other.listen("t", heard.append)
    redis_store.set("k", 1, 60)
    redis_store.publish("t", 1)
    assert other.get("k") is None
    other.publish("t", "own")
    assert heard == ["own"]
    stop()
    other.close()


def test_an_answer_pushed_in_another_process_wakes_the_waiter(
    redis_store: RedisStore, valkey_url: str, prefix: str
) -> None:
    other = Program('store.push(argv[0], {"answer": 42}, 60)', valkey_url, SECRET, prefix, "q")
    assert redis_store.pop("q", 60) == {"answer": 42}
    other.end()


def test_a_waiter_in_another_process_is_woken(redis_store: RedisStore, valkey_url: str, prefix: str) -> None:
    source = """
stop = store.listen("go", lambda message: None)
say("listening")
say(store.pop("q", 60))
"""
    other = Program(source, valkey_url, SECRET, prefix)
    assert other.heard() == "listening"
    redis_store.push("q", "for you", 60)
    assert other.heard() == "for you"
    other.end()


def test_listeners_in_another_process_hear_what_is_published(
    redis_store: RedisStore, valkey_url: str, prefix: str
) -> None:
    source = """
import threading
done = threading.Event()
def heard(message):
    say(message)
    done.set()
store.listen("changes", heard)
say("listening")
assert done.wait(60)
"""
    programs = [Program(source, valkey_url, SECRET, prefix) for _ in range(2)]
    for program in programs:
        assert program.heard() == "listening"
    redis_store.publish("changes", ["tools/list_changed"])
    for program in programs:
        assert program.heard() == ["tools/list_changed"]
        program.end()


def test_of_two_processes_only_one_spends(redis_store: RedisStore, valkey_url: str, prefix: str) -> None:
    source = "say([store.add(str(number), 1, 60) for number in range(200)])"
    programs = [Program(source, valkey_url, SECRET, prefix) for _ in range(2)]
    one, two = (program.heard() for program in programs)
    assert all(a != b for a, b in zip(one, two, strict=True))
    for program in programs:
        program.end()


def test_a_child_has_connections_and_a_listener_of_its_own(
    redis_store: RedisStore, valkey_url: str, prefix: str
) -> None:
    source = """
import os
heard = []
store.listen("t", heard.append)
store.set("k", "parent", 60)
children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        for _ in range(50):
            store.set(f"child {number}", number, 60)
            assert store.get(f"child {number}") == number
        done = []
        store.listen("t", done.append)
        say("ready")
        value = store.pop(f"q{number}", 60)
        say(value)
        os._exit(0 if heard == [] else 1)
    children.append(pid)
for _ in range(50):
    assert store.get("k") == "parent"
assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
"""
    program = Program(source, valkey_url, SECRET, prefix)
    assert [program.heard() for _ in range(3)] == ["ready"] * 3
    for number in range(3):
        redis_store.push(f"q{number}", f"for {number}", 60)
    assert sorted(program.heard() for _ in range(3)) == ["for 0", "for 1", "for 2"]
    program.end()


def test_greenlets_wait_without_a_thread_or_a_connection_each(
    redis_store: RedisStore, valkey_url: str, prefix: str
) -> None:
    source = """
import gevent, threading
from redis import Redis
jobs = [gevent.spawn(store.pop, f"q{number}", 60) for number in range(200)]
heard = []
store.listen("t", heard.append)
say("waiting")
gevent.joinall(jobs, timeout=60)
say(sorted(job.value for job in jobs))
say(len(Redis.from_url(url).client_list()))
say(heard)
"""
    program = Program(
        source, valkey_url, SECRET, prefix, before="from gevent import monkey; monkey.patch_all()\n"
    )
    assert program.heard() == "waiting"
    redis_store.publish("t", "hello")
    for number in range(200):
        redis_store.push(f"q{number}", number + 1, 60)
    assert program.heard() == list(range(1, 201))
    assert program.heard() < 60
    assert program.heard() == ["hello"]
    program.end()


def test_waiting_threads_hold_no_connection_each(
    redis_store: RedisStore, server: redis.Redis, prefix: str
) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(redis_store.pop, f"q{number}", 60) for number in range(50)]
        for number in range(50):
            redis_store.push(f"q{number}", number + 1, 60)
        assert [answer.result(timeout=30) for answer in answers] == list(range(1, 51))
    assert len(server.client_list()) < 45


def test_a_stopped_server_is_an_outage_and_its_return_ends_it(valkey: Valkey, prefix: str) -> None:
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    store.set("k", 1, 60)
    valkey.stop()
    for attempt in (
        lambda: store.get("k"),
        lambda: store.set("k", 1, 60),
        lambda: store.add("k", 1, 60),
        lambda: store.delete("k"),
        lambda: store.members("s"),
        lambda: store.add_member("s", "m"),
        lambda: store.push("q", 1, 60),
        lambda: store.pop("q", 0),
        lambda: store.publish("t", 1),
    ):
        with pytest.raises(StoreUnavailable):
            attempt()  # type: ignore[no-untyped-call]
    valkey.start()
    store.set("k", 2, 60)
    assert store.get("k") == 2
    store.close()


def test_a_waiter_sits_out_an_outage(valkey: Valkey, prefix: str) -> None:
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    other = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(store.pop, "q", 60)
        valkey.stop()
        valkey.start()
        other.push("q", "after all", 60)
        assert answer.result(timeout=30) == "after all"
    store.close()
    other.close()


def test_a_listener_is_told_of_a_gap_and_hears_again(
    valkey: Valkey, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    other = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    gap, heard = threading.Event(), threading.Event()
    stop = store.listen("t", lambda _: heard.set(), gap.set)
    assert not gap.is_set()
    valkey.stop()
    valkey.start()
    assert gap.wait(30)
    other.publish("t", 1)
    assert heard.wait(30)
    assert "listening again" in caplog.text
    stop()
    store.close()
    other.close()


def test_listening_begins_during_an_outage_too(valkey: Valkey, prefix: str) -> None:
    valkey.stop()
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    gap, heard = threading.Event(), []
    store.listen("t", heard.append, gap.set)
    with pytest.raises(StoreUnavailable):
        store.publish("t", "to this process at least")
    assert heard == ["to this process at least"]
    valkey.start()
    assert gap.wait(30)
    store.close()


def test_forged_messages_are_not_delivered(redis_store: RedisStore, server: redis.Redis, prefix: str) -> None:
    heard: list[Any] = []
    heard_ours = threading.Event()
    stops = [redis_store.listen("t", heard.append), redis_store.listen("end", lambda _: heard_ours.set())]
    other = RedisStore(_url_of(server), Sealer([SECRET]), prefix=prefix)
    forger = RedisStore(_url_of(server), Sealer(["another secret altogether"]), prefix=prefix)
    server.publish(f"{prefix}:bus", b'{"from": "x", "topic": "t", "message": 1}')
    server.publish(f"{prefix}:bus", b"\xff")
    forger.publish("t", "forged")
    other.publish("end", 1)
    assert heard_ours.wait(30)
    assert heard == []
    for stop in stops:
        stop()
    other.close()
    forger.close()


def test_a_server_that_does_not_answer_is_left_alone_for_a_moment(
    valkey: Valkey, prefix: str, clock: Clock
) -> None:
    url = valkey.url + "?socket_timeout=0.05"
    store = RedisStore(url, Sealer([SECRET]), prefix=prefix, clock=clock)
    store.set("k", 1, 60)
    with redis.Redis.from_url(valkey.url) as server:
        server.execute_command("CLIENT", "PAUSE", 60_000, "ALL")
        with pytest.raises(StoreUnavailable, match=r"in time$"):
            store.get("k")
        with pytest.raises(StoreUnavailable, match="a moment ago"):
            store.get("k")
        valkey.stop()
        valkey.start()
        with pytest.raises(StoreUnavailable, match="a moment ago"):
            store.get("k")
        clock.now += 1
        store.set("k", 2, 60)
        assert store.get("k") == 2
    store.close()


def test_a_server_that_refuses_is_an_outage(valkey: Valkey, prefix: str) -> None:
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix=prefix)
    store.set("k", 1, 60)
    with redis.Redis.from_url(valkey.url) as server:
        server.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match="refused"):
            store.set("k", 2, 60)
    store.close()


def test_a_closed_store_comes_back_when_it_is_used(redis_store: RedisStore) -> None:
    redis_store.close()
    redis_store.set("k", 1, 60)
    heard: list[Any] = []
    stop = redis_store.listen("t", heard.append)
    redis_store.close()
    redis_store.close()
    assert redis_store.get("k") == 1
    stop()


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@localhost:port/0", "redis://:hunter2@h/0?no_such_option=1", "http://hunter2/"]
)
def test_a_malformed_url_is_a_configuration_error_that_repeats_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url, Sealer([SECRET]))
    assert "MCP_STORE_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_unix_socket_is_a_url_too() -> None:
    store = open_store("unix:///no/such/socket", Sealer([SECRET]))
    with pytest.raises(StoreUnavailable):
        store.get("k")


def test_a_shared_store_needs_a_key() -> None:
    with pytest.raises(ConfigurationError, match="MCP_SECRET_KEYS"):
        open_store("redis://localhost/0", Sealer([]))


def test_without_redis_py_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"flask-mcp-auth0\[redis\]"):
        open_store("redis://localhost/0", Sealer([SECRET]))


class Channel:
    """What redis-py gives to a subscriber, with what arrives on it written down before."""

    def __init__(self, *arrivals: dict[str, Any] | None) -> None:
        self.arrivals = list(arrivals)
        self.pings = 0
        self.closed = False

    def get_message(self, timeout: float) -> dict[str, Any] | None:
        return self.arrivals.pop(0) if self.arrivals else None

    def ping(self) -> None:
        self.pings += 1

    def close(self) -> None:
        self.closed = True


def test_a_connection_that_answers_no_probe_is_given_up() -> None:
    begun = {"type": "subscribe", "data": 1}
    alive = Channel(begun, None, {"type": "pong", "data": b""}, None, None)
    channels = [alive, Channel(begun)]
    again = threading.Event()
    connected: list[int] = []

    def on_connected() -> None:
        connected.append(1)
        if len(connected) == 2:
            again.set()

    bus = Bus(lambda: channels.pop(0), lambda data: None, on_connected, (OSError,))
    bus.start(wait=30)
    assert again.wait(30)
    assert alive.pings == 2
    assert alive.closed
    thread = bus.stop()
    assert thread is not None
    thread.join(30)


def test_listening_survives_what_nobody_expected(caplog: pytest.LogCaptureFixture) -> None:
    begun, news = {"type": "subscribe", "data": 1}, {"type": "message", "data": b"x"}
    channels = [Channel(begun, news), Channel(begun, news)]
    heard: list[bytes] = []
    done = threading.Event()

    def on_message(data: bytes) -> None:
        heard.append(data)
        if len(heard) == 1:
            raise LookupError("unexpected")
        done.set()

    bus = Bus(lambda: channels.pop(0), on_message, lambda: None, (OSError,))
    bus.start()
    assert done.wait(30)
    assert "listening to the shared store failed" in caplog.text
    thread = bus.stop()
    assert thread is not None
    thread.join(30)


def test_an_outage_is_one_of_the_packages_errors() -> None:
    assert issubclass(StoreUnavailable, Auth0MCPError)


def test_a_redis_store_shows_no_address_and_is_shared(redis_store: RedisStore) -> None:
    assert "127.0.0.1" not in repr(redis_store)
    assert redis_store.shared


def _url_of(server: redis.Redis) -> str:
    options = server.connection_pool.connection_kwargs
    return f"redis://{options['host']}:{options['port']}/0"
