from __future__ import annotations

import gc
import json
import secrets
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flask_mcp_auth0.protocol import notifications, resource_subscriptions
from flask_mcp_auth0.protocol.notifications import (
    LIST_KINDS,
    Change,
    Filter,
    Hub,
    LogLevels,
    ResourceSubscriptions,
)
from flask_mcp_auth0.protocol.store import MAX_NAME, Store, StoreUnavailable
from flask_mcp_auth0.protocol.store_process import ProcessStore
from flask_mcp_auth0.protocol.store_redis import RedisStore
from flask_mcp_auth0.sealing import Sealer
from tests.fixtures_valkey import Valkey

SECRET = "a secret of the tests, long enough"
TOOLS, PROMPTS, RESOURCES = (Change(kind) for kind in LIST_KINDS)
ALL_LISTS = Filter(frozenset(LIST_KINDS))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class BrokenStore(ProcessStore):
    """A store that can be switched off, as a server that is away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.away = False
        self.gaps: list[Callable[[], None] | None] = []

    def members(self, name: str) -> frozenset[str]:
        if self.away:
            raise StoreUnavailable("away")
        return super().members(name)

    def get(self, key: str) -> Any | None:
        if self.away:
            raise StoreUnavailable("away")
        return super().get(key)

    def publish(self, topic: str, message: Any) -> None:
        super().publish(topic, message)
        if self.away:
            raise StoreUnavailable("away")

    def listen(
        self, topic: str, callback: Callable[[Any], None], on_gap: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        self.gaps.append(on_gap)
        return super().listen(topic, callback, on_gap)

    def come_back(self) -> None:
        self.away = False
        for on_gap in self.gaps:
            assert on_gap is not None
            on_gap()


def updated(uri: str) -> Change:
    return Change("resources/updated", uri)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(ProcessStore())
    yield hub
    hub.close()


@pytest.fixture
def redis_stores(valkey_url: str) -> Iterator[tuple[RedisStore, RedisStore]]:
    """Two stores on one server, as two workers have them."""
    prefix = f"test-{secrets.token_hex(4)}"
    stores = tuple(RedisStore(valkey_url, Sealer([SECRET]), prefix=prefix) for _ in range(2))
    yield stores  # type: ignore[misc]
    for store in stores:
        store.close()


@pytest.fixture(params=["process", "redis"])
def stores(request: pytest.FixtureRequest) -> tuple[Store, Store]:
    """Where one worker tells and where another one listens; the same store in a process of its own."""
    if request.param == "process":
        store = ProcessStore()
        return store, store
    pair: tuple[Store, Store] = request.getfixturevalue("redis_stores")
    return pair


# -- the hub --------------------------------------------------------------------------------------------


def test_a_subscriber_gets_what_it_asked_for_and_nothing_else(hub: Hub) -> None:
    wanted = Filter(frozenset({"tools/list_changed"}), frozenset({"docs://a"}))
    with hub.subscribe(wanted) as subscription:
        for change in (PROMPTS, TOOLS, updated("docs://b"), updated("docs://a"), RESOURCES):
            hub.publish(change)
        assert subscription.wait(0) == [TOOLS, updated("docs://a")]
        assert subscription.wait(0) == []


def test_equal_changes_that_wait_are_one(hub: Hub) -> None:
    with hub.subscribe(Filter(frozenset(LIST_KINDS), frozenset({"docs://a"}))) as subscription:
        for change in (TOOLS, updated("docs://a"), TOOLS, PROMPTS, updated("docs://a"), TOOLS):
            hub.publish(change)
        assert subscription.wait(0) == [TOOLS, updated("docs://a"), PROMPTS]
        hub.publish(TOOLS)
        assert subscription.wait(0) == [TOOLS]


def test_each_subscriber_gets_its_own(hub: Hub) -> None:
    with hub.subscribe(ALL_LISTS) as one, hub.subscribe(ALL_LISTS) as two:
        hub.publish(TOOLS)
        assert one.wait(0) == two.wait(0) == [TOOLS]


def test_what_was_published_before_is_not_delivered(hub: Hub) -> None:
    hub.publish(TOOLS)
    with hub.subscribe(ALL_LISTS) as subscription:
        assert subscription.wait(0) == []


def test_an_idle_wait_ends_with_nothing(hub: Hub) -> None:
    with hub.subscribe(ALL_LISTS) as subscription:
        assert subscription.wait(0.01) == []
        assert not subscription.closed


def test_a_change_wakes_the_waiting_thread(hub: Hub) -> None:
    with ThreadPoolExecutor(1) as pool, hub.subscribe(ALL_LISTS) as subscription:
        waiting = pool.submit(subscription.wait, 60)
        hub.publish(PROMPTS)
        assert waiting.result(timeout=30) == [PROMPTS]


def test_closing_wakes_the_waiting_thread(hub: Hub) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, two = hub.subscribe(ALL_LISTS), hub.subscribe(ALL_LISTS)
        waiting = [pool.submit(one.wait, 60), pool.submit(two.wait, 60)]
        one.close()
        assert waiting[0].result(timeout=30) == []
        assert one.closed
        assert not two.closed
        hub.close()
        assert waiting[1].result(timeout=30) == []
        assert two.closed


def test_a_closed_subscription_gets_nothing_more(hub: Hub) -> None:
    with hub.subscribe(ALL_LISTS) as subscription:
        hub.publish(TOOLS)
    hub.publish(PROMPTS)
    assert subscription.wait(0) == []
    assert subscription.closed


def test_too_many_waiting_changes_become_one_of_each(hub: Hub) -> None:
    uris = [f"docs://{number:03}" for number in range(300)]
    with hub.subscribe(Filter(frozenset({"tools/list_changed"}), frozenset(uris))) as subscription:
        for uri in uris:
            hub.publish(updated(uri))
        hub.publish(TOOLS)
        assert subscription.wait(0) == [TOOLS, *map(updated, uris)]
        assert subscription.wait(0) == []
        hub.publish(TOOLS)
        assert subscription.wait(0) == [TOOLS]


def test_after_a_gap_everything_asked_for_is_told() -> None:
    store = BrokenStore()
    hub = Hub(store)
    wanted = Filter(frozenset({"tools/list_changed", "prompts/list_changed"}), frozenset({"docs://a"}))
    with hub.subscribe(wanted) as subscription:
        hub.publish(TOOLS)
        store.come_back()
        assert subscription.wait(0) == [TOOLS, PROMPTS, updated("docs://a")]
        assert subscription.wait(0) == []


def test_an_outage_loses_a_hint_and_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    store = BrokenStore()
    hub = Hub(store)
    with hub.subscribe(ALL_LISTS) as subscription:
        store.away = True
        hub.publish(TOOLS)
        assert subscription.wait(0) == [TOOLS]
    assert "this process only" in caplog.text


@pytest.mark.parametrize(
    ("kind", "uri"),
    [("tools/list_changed", "docs://a"), ("resources/updated", None), ("tools/call", None), ("", "docs://a")],
)
def test_only_known_changes_can_be_told(kind: Any, uri: str | None) -> None:
    with pytest.raises(ValueError):
        Change(kind, uri)


def test_a_thousand_idle_subscribers_take_no_thread_and_little_memory(hub: Hub) -> None:
    # Threads of earlier tests may end meanwhile, so only new ones count.
    before = set(threading.enumerate())
    gc.collect()
    tracemalloc.start()
    subscriptions = [hub.subscribe(Filter(frozenset(LIST_KINDS))) for _ in range(1000)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(threading.enumerate()) <= before
    assert size < 5 * 1024 * 1024
    hub.publish(TOOLS)
    assert all(subscription.wait(0) == [TOOLS] for subscription in subscriptions)


def test_changes_reach_the_streams_of_another_worker(stores: tuple[Store, Store]) -> None:
    teller, listener = Hub(stores[0]), Hub(stores[1])
    with listener.subscribe(Filter(frozenset(LIST_KINDS), frozenset({"docs://a"}))) as subscription:
        teller.publish(updated("docs://a"))
        assert subscription.wait(30) == [updated("docs://a")]
        teller.publish(TOOLS)
        assert subscription.wait(30) == [TOOLS]


def test_the_first_subscriber_of_a_process_is_told_of_no_gap(
    redis_stores: tuple[RedisStore, RedisStore],
) -> None:
    hub = Hub(redis_stores[0])
    with hub.subscribe(ALL_LISTS) as subscription:
        Hub(redis_stores[1]).publish(TOOLS)
        assert subscription.wait(30) == [TOOLS]
        assert subscription.wait(0) == []


def test_after_an_outage_of_the_server_the_streams_are_told_to_look_again(valkey: Valkey) -> None:
    store = RedisStore(valkey.url, Sealer([SECRET]), prefix="outage")
    with Hub(store).subscribe(ALL_LISTS) as subscription:
        valkey.stop()
        valkey.start()
        assert subscription.wait(30) == [TOOLS, PROMPTS, RESOURCES]
    store.close()


def test_a_child_starts_with_no_subscribers_and_finds_its_own(valkey_url: str) -> None:
    source = """
import os, sys
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.protocol.store_opening import open_store
from flask_mcp_auth0.protocol.notifications import Change, Filter, Hub
url, secret = sys.argv[1:]
hub = Hub(open_store(url, Sealer([secret]), "fork"))
tools = Filter(frozenset({"tools/list_changed"}))
parents = hub.subscribe(tools)
reads, writes = os.pipe()
pid = os.fork()
if pid == 0:
    with hub.subscribe(tools) as subscription:
        os.write(writes, b"x")
        changes = subscription.wait(60)
    os._exit(0 if changes == [Change("tools/list_changed")] and parents.wait(0) == [] else 1)
os.read(reads, 1)
hub.publish(Change("tools/list_changed"))
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert parents.wait(60) == [Change("tools/list_changed")]
"""
    subprocess.run([sys.executable, "-c", source, valkey_url, SECRET], check=True, timeout=60)


def test_greenlets_share_one_listener(valkey_url: str) -> None:
    source = """
from gevent import monkey; monkey.patch_all()
import gevent, json, sys, threading
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.protocol.store_opening import open_store
from flask_mcp_auth0.protocol.notifications import Change, Filter, Hub
url, secret = sys.argv[1:]
store, other = (open_store(url, Sealer([secret]), "greenlets") for _ in range(2))
hub = Hub(store)
def stream():
    with hub.subscribe(Filter(frozenset({"tools/list_changed"}))) as subscription:
        ready.append(1)
        return subscription.wait(60)
ready = []
streams = [gevent.spawn(stream) for _ in range(500)]
while len(ready) < 500:
    gevent.sleep(0)
threads = threading.active_count()
Hub(other).publish(Change("tools/list_changed"))
gevent.joinall(streams, timeout=60)
print(json.dumps([threads, sum(job.value == [Change("tools/list_changed")] for job in streams)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", source, valkey_url, SECRET],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == [2, 500]


# -- resources/subscribe --------------------------------------------------------------------------------


def test_a_session_follows_what_it_subscribed_to() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    assert subscriptions.subscribe("s1", "docs://a", "ada")
    assert subscriptions.subscribe("s1", "docs://a", "ada")
    assert subscriptions.subscribe("s1", "docs://b", "ada")
    assert subscriptions.subscribe("s2", "docs://c", "ada")
    subscriptions.unsubscribe("s1", "docs://a")
    subscriptions.unsubscribe("s1", "never followed")
    assert subscriptions.uris("s1") == {"docs://b"}
    assert subscriptions.uris("s2") == {"docs://c"}
    assert subscriptions.uris("s3") == frozenset()


def test_a_session_follows_a_bounded_number_of_resources() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    for number in range(resource_subscriptions.LIMIT):
        assert subscriptions.subscribe("s", f"docs://{number}", "ada")
    assert not subscriptions.subscribe("s", "docs://one-too-many", "ada")
    assert subscriptions.subscribe("s", "docs://0", "ada")
    assert len(subscriptions.uris("s")) == resource_subscriptions.LIMIT


def test_what_a_session_follows_is_bounded_in_length() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    uris = [f"docs://{number:02}".ljust(MAX_NAME, "x") for number in range(20)]
    followed = [uri for uri in uris if subscriptions.subscribe("s", uri, "ada")]
    assert len("".join(followed)) == resource_subscriptions.MAX_CHARACTERS
    assert subscriptions.subscribe("s", followed[0], "ada")


def test_the_sessions_of_one_caller_that_follow_resources_are_bounded_and_nobody_elses_with_them() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    sessions = [f"s{number}" for number in range(resource_subscriptions.MAX_SESSIONS)]
    assert all(subscriptions.subscribe(session, "docs://a", "ada") for session in sessions)
    assert not subscriptions.subscribe("one too many", "docs://a", "ada")
    assert subscriptions.subscribe(sessions[0], "docs://b", "ada")
    assert subscriptions.subscribe("another's", "docs://a", "grace")


def test_old_sessions_are_not_kept_beside_as_many_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_subscriptions, "MAX_SESSIONS", 1)
    clock = Clock()
    store = ProcessStore(clock=clock)
    subscriptions = ResourceSubscriptions(store, clock=clock)
    store.add_member("resource-subscriptions:old", "docs://a", ttl=60)
    assert subscriptions.subscribe("new", "docs://a", "ada")
    assert set(subscriptions.follow("old", "ada")) == {"docs://a"}
    clock.now += 60
    assert subscriptions.uris("old") == frozenset()
    assert subscriptions.uris("new") == {"docs://a"}


@pytest.mark.parametrize("uri", ["", "x" * (MAX_NAME + 1)])
def test_a_uri_out_of_bounds_is_not_followed(uri: str) -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    assert not subscriptions.subscribe("s", uri, "ada")
    subscriptions.unsubscribe("s", uri)


def test_subscriptions_end_where_no_stream_keeps_them() -> None:
    clock = Clock()
    subscriptions = ResourceSubscriptions(ProcessStore(clock=clock), clock=clock)
    subscriptions.subscribe("idle", "docs://a", "ada")
    subscriptions.subscribe("streaming", "docs://a", "ada")
    hub = Hub(ProcessStore())
    with hub.subscribe(Filter(uris=subscriptions.follow("streaming", "ada"))) as subscription:
        for _ in range(10):
            clock.now += resource_subscriptions.TTL / 3
            subscription.wait(0)
    assert subscriptions.uris("idle") == frozenset()
    assert subscriptions.uris("streaming") == {"docs://a"}


def test_an_open_stream_takes_in_what_is_subscribed_at_another_worker(stores: tuple[Store, Store]) -> None:
    there, here = ResourceSubscriptions(stores[0]), ResourceSubscriptions(stores[1])
    teller, hub = Hub(stores[0]), Hub(stores[1])
    there.subscribe("s", "docs://before", "ada")
    with hub.subscribe(Filter(uris=here.follow("s", "ada"))) as subscription:
        teller.publish(updated("docs://before"))
        assert subscription.wait(30) == [updated("docs://before")]
        there.subscribe("s", "docs://a", "ada")
        there.subscribe("another session", "docs://b", "ada")
        teller.publish(updated("docs://b"))
        teller.publish(updated("docs://a"))
        assert subscription.wait(30) == [updated("docs://a")]
        there.unsubscribe("s", "docs://a")
        teller.publish(updated("docs://a"))
        teller.publish(updated("docs://before"))
        assert subscription.wait(30) == [updated("docs://before")]


def test_two_streams_of_one_session_follow_the_same() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    one, two = subscriptions.follow("s", "ada"), subscriptions.follow("s", "ada")
    subscriptions.subscribe("s", "docs://a", "ada")
    assert set(one) == set(two) == {"docs://a"}
    assert len(one) == 1


def test_what_a_session_follows_is_forgotten_with_its_last_stream() -> None:
    subscriptions = ResourceSubscriptions(ProcessStore())
    followed = subscriptions.follow("s", "ada")
    assert len(subscriptions._of_process.get()._sets) == 1
    del followed
    gc.collect()
    assert len(subscriptions._of_process.get()._sets) == 0


def test_after_a_gap_a_session_follows_what_the_store_says() -> None:
    store = BrokenStore()
    subscriptions, hub = ResourceSubscriptions(store), Hub(store)
    subscriptions.subscribe("s", "docs://a", "ada")
    with hub.subscribe(Filter(uris=subscriptions.follow("s", "ada"))) as subscription:
        # Another worker's step, the news of which is lost.
        store.add_member("resource-subscriptions:s", "docs://b")
        store.come_back()
        assert subscription.wait(0) == [updated("docs://a"), updated("docs://b")]
        hub.publish(updated("docs://b"))
        hub.publish(updated("docs://c"))
        assert subscription.wait(0) == [updated("docs://b")]


def test_while_it_is_not_known_what_a_session_follows_nothing_is_delivered() -> None:
    clock = Clock()
    store = BrokenStore(clock=clock)
    subscriptions, hub = ResourceSubscriptions(store, clock=clock), Hub(store)
    subscriptions.subscribe("s", "docs://a", "ada")
    store.away = True
    with hub.subscribe(
        Filter(frozenset({"tools/list_changed"}), subscriptions.follow("s", "ada"))
    ) as subscription:
        hub.publish(updated("docs://a"))
        hub.publish(TOOLS)
        assert subscription.wait(0) == [TOOLS]
        store.away = False
        clock.now += 1
        assert subscription.wait(0) == []
        hub.publish(updated("docs://a"))
        assert subscription.wait(0) == [updated("docs://a")]


def test_a_step_while_the_store_is_read_is_not_lost() -> None:
    store = ProcessStore()
    subscriptions = ResourceSubscriptions(store)

    class Slow(ProcessStore):
        def members(self, name: str) -> frozenset[str]:
            known = store.members(name)
            if not known:
                # Between the reading and its use, another worker takes a subscription in.
                store.add_member(name, "docs://a")
                self.publish("resource-subscriptions", ["s", "docs://a", True])
            return known

    assert set(ResourceSubscriptions(Slow()).follow("s", "ada")) == {"docs://a"}
    assert subscriptions.uris("s") == {"docs://a"}


# -- logging/setLevel -----------------------------------------------------------------------------------


def test_a_session_keeps_its_log_level(stores: tuple[Store, Store]) -> None:
    LogLevels(stores[0]).set("s", "warning", "ada")
    assert LogLevels(stores[1]).get("s") == "warning"
    assert LogLevels(stores[1]).get("another") is None


def test_the_sessions_of_one_caller_that_have_a_level_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MAX_LEVELS", 2)
    levels = LogLevels(ProcessStore())
    assert levels.set("s1", "error", "ada")
    assert levels.set("s2", "error", "ada")
    assert not levels.set("s3", "error", "ada")
    assert levels.set("s1", "debug", "ada")
    assert levels.set("s4", "error", "grace")
    assert [levels.get(session) for session in ("s1", "s2", "s3", "s4")] == ["debug", "error", None, "error"]


def test_without_the_store_no_log_level_is_known() -> None:
    store = BrokenStore()
    levels = LogLevels(store)
    levels.set("s", "error", "ada")
    store.away = True
    assert levels.get("s") is None
    store.away = False
    assert levels.get("s") == "error"
