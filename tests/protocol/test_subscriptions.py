"""Streams of changes: what is granted, what arrives, and when they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Literal

import pytest
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0.protocol.access import Refusal
from flask_mcp_auth0.protocol.notifications import Change, Subscription
from flask_mcp_auth0.protocol.streams import Room, StreamSlots, suitable_room
from flask_mcp_auth0.protocol.versions import SUBSCRIPTION_ID_META_KEY
from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of, result_of

pytestmark = pytest.mark.usefixtures("threaded")


@pytest.fixture(autouse=True)
def _things(register: Registrar) -> None:
    register.tool(name="greet")(lambda: "hi")
    register.resource("house://it", name="it")(lambda: "")
    register.resource("house://secret", name="secret")(lambda: "")


class Stream:
    """Runs one request and hands each event to a function, which may publish changes or end the stream."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.messages: list[dict[str, Any]] = []
        self.status = ""
        self.headers: dict[str, str] = {}
        self.keep_alives = 0
        self._steps: list[Callable[[], None]] = []
        original = Subscription.wait

        def wait(subscription: Subscription, timeout: float) -> list[Change]:
            if self._steps:
                self._steps.pop(0)()
                return original(subscription, 0.01)
            subscription.close()
            return []

        monkeypatch.setattr(Subscription, "wait", wait)

    def run(self, builder: EnvironBuilder, *steps: Callable[[], None]) -> list[dict[str, Any]]:
        self._steps = list(steps)

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.status, self.headers = status, dict(headers)
            return self._write

        environ = builder.get_environ()
        environ["wsgi.multithread"] = True
        for chunk in self.house.app.wsgi_app(environ, start_response):
            self._write(chunk)
        return self.messages

    def _write(self, data: bytes) -> None:
        if data.startswith(b":"):
            self.keep_alives += 1
        for line in data.decode().splitlines():
            if line.startswith("data: "):
                self.messages.append(json.loads(line[6:]))


@pytest.fixture
def stream(house: House, monkeypatch: pytest.MonkeyPatch) -> Stream:
    return Stream(house, monkeypatch)


def listen(peer: Peer, wanted: Any, accept: str = "text/event-stream") -> EnvironBuilder:
    body = peer.modern_request("subscriptions/listen", {"notifications": wanted})
    headers = {**peer.modern_headers(body), "Accept": accept}
    return EnvironBuilder("/mcp", method="POST", json=body, headers=headers)


def test_what_was_asked_for_is_acknowledged_and_delivered(house: House, peer: Peer, stream: Stream) -> None:
    wanted = {
        "toolsListChanged": True,
        "promptsListChanged": True,
        "resourceSubscriptions": ["house://it", "house://no"],
    }
    hub = house.server.hub
    messages = stream.run(
        listen(peer, wanted),
        lambda: hub.publish(Change("tools/list_changed")),
        lambda: hub.publish(Change("resources/list_changed")),
        lambda: hub.publish(Change("resources/updated", "house://it")),
        lambda: hub.publish(Change("resources/updated", "house://other")),
    )
    meta = {SUBSCRIPTION_ID_META_KEY: 1}
    assert messages[0]["method"] == "notifications/subscriptions/acknowledged"
    assert messages[0]["params"] == {
        "notifications": {"toolsListChanged": True, "resourceSubscriptions": ["house://it"]},
        "_meta": meta,
    }
    assert messages[1] == {
        "jsonrpc": "2.0",
        "method": "notifications/tools/list_changed",
        "params": {"_meta": meta},
    }
    assert messages[2]["params"] == {"uri": "house://it", "_meta": meta}
    assert messages[3]["id"] == 1
    assert messages[3]["result"]["_meta"][SUBSCRIPTION_ID_META_KEY] == 1
    assert len(messages) == 4
    assert stream.headers["X-Accel-Buffering"] == "no"


def test_a_resource_that_the_caller_may_not_read_is_not_granted(
    house: House, peer: Peer, stream: Stream
) -> None:
    house.door.refusals["secret"] = Refusal("denied", "")
    messages = stream.run(listen(peer, {"resourceSubscriptions": ["house://secret"]}))
    assert messages[0]["params"]["notifications"] == {}


def test_a_uri_that_is_too_long_to_be_read_is_not_granted(
    register: Registrar, peer: Peer, stream: Stream
) -> None:
    @register.resource("house://files/{+path}")
    def file(path: str) -> str:
        return ""

    uris = ["house://files/" + "a" * 3000, "house://files/a"]
    messages = stream.run(listen(peer, {"resourceSubscriptions": uris}))
    assert messages[0]["params"]["notifications"] == {"resourceSubscriptions": ["house://files/a"]}


def test_whether_a_resource_is_granted_is_decided_by_its_variables_as_the_function_gets_them(
    house: House, register: Registrar, peer: Peer, stream: Stream
) -> None:
    @register.resource("house://orders/{number}")
    def order(number: int) -> str:
        return ""

    house.door.conditional.add("order")
    uris = ["house://orders/007", "house://orders/seven"]
    messages = stream.run(listen(peer, {"resourceSubscriptions": uris}))
    assert messages[0]["params"]["notifications"] == {"resourceSubscriptions": ["house://orders/007"]}
    assert house.door.asked == [("order", {"number": 7})]


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {"toolsListChanged": "yes"},
        {"resourceSubscriptions": [7]},
        {"resourceSubscriptions": ["x"] * 101},
    ],
)
def test_a_malformed_filter_is_invalid(peer: Peer, wanted: Any) -> None:
    assert error_of(peer.modern("subscriptions/listen", {"notifications": wanted}))["code"] == -32602


def test_it_needs_a_client_that_takes_a_stream(peer: Peer) -> None:
    response = peer.modern("subscriptions/listen", {"notifications": {}}, {"Accept": "application/json"})
    assert error_of(response)["code"] == -32602


def test_it_needs_a_token(house: House) -> None:
    house.door.known = False
    response = house.peer().modern("subscriptions/listen", {"notifications": {}})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer scope="openid"')


def test_a_worker_that_cannot_keep_it_does_not_know_the_method(house: House, peer: Peer) -> None:
    body = peer.modern_request("subscriptions/listen", {"notifications": {}})
    response = peer.post(body, peer.modern_headers(body), environ_overrides={"wsgi.multithread": False})
    assert (response.status_code, error_of(response)["code"]) == (404, -32601)


def test_it_ends_when_the_token_does(house: House, peer: Peer, stream: Stream) -> None:
    house.door.ends = 1.0
    messages = stream.run(listen(peer, {"toolsListChanged": True}), lambda: None)
    assert [message.get("method", "result") for message in messages] == [
        "notifications/subscriptions/acknowledged",
        "result",
    ]


def test_the_get_stream_of_a_session_brings_what_it_subscribed_to(
    house: House, peer: Peer, stream: Stream
) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]
    peer.legacy("resources/subscribe", {"uri": "house://it"}, session=session)
    hub = house.server.hub
    builder = EnvironBuilder(
        "/mcp", method="GET", headers={"Accept": "text/event-stream", "Mcp-Session-Id": session}
    )
    messages = stream.run(
        builder,
        lambda: hub.publish(Change("prompts/list_changed")),
        lambda: hub.publish(Change("resources/updated", "house://it")),
        lambda: hub.publish(Change("resources/updated", "house://secret")),
    )
    assert messages == [
        {"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"},
        {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "house://it"}},
    ]
    assert stream.keep_alives >= 1


@pytest.mark.parametrize("kind", ["denied", "hidden", "unavailable"])
def test_news_of_a_resource_end_when_the_caller_may_no_longer_read_it(
    house: House, peer: Peer, stream: Stream, kind: Literal["denied", "hidden", "unavailable"]
) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]
    assert result_of(peer.legacy("resources/subscribe", {"uri": "house://it"}, session=session)) == {}
    get = EnvironBuilder(
        "/mcp", method="GET", headers={"Accept": "text/event-stream", "Mcp-Session-Id": session}
    )
    post = listen(peer, {"resourceSubscriptions": ["house://it"]})

    def news() -> None:
        house.server.hub.publish(Change("resources/updated", "house://it"))

    def taken_away() -> None:
        house.door.refusals["it"] = Refusal(kind, "no")
        news()

    for builder in (get, post):
        house.door.refusals.clear()
        stream.messages.clear()
        methods = [message.get("method") for message in stream.run(builder, news, taken_away)]
        assert methods.count("notifications/resources/updated") == 1


def test_the_get_stream_needs_a_session_of_the_caller(house: House, peer: Peer) -> None:
    headers = {"Accept": "text/event-stream", "Mcp-Session-Id": "forged"}
    assert peer.client.get("/mcp", headers=headers).status_code == 404


def test_when_all_slots_are_taken_the_next_is_told_at_once(house: House, peer: Peer) -> None:
    house.server.streams = StreamSlots(1)
    room = Room(streams=1, all=3)
    assert house.server.streams.take(room)
    response = peer.modern("subscriptions/listen", {"notifications": {}})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert "as many streams" in error_of(response)["message"]
    house.server.streams.give_back()
    assert house.server.streams.take(room)


def test_streams_and_questions_leave_threads_for_calls() -> None:
    slots, room = StreamSlots(0), Room(streams=2, all=3)
    with slots.waiting("ada", room) as first, slots.waiting("ada", room) as second:
        assert (first, second) == (True, True)
        assert slots.take(room)
        assert not slots.take(room)
        with slots.waiting("grace", room) as third:
            assert not third
    assert slots.take(room)
    assert not slots.take(room)
    with slots.waiting("grace", room) as last:
        assert last


def test_one_callers_questions_leave_room_for_those_of_others() -> None:
    slots, room = StreamSlots(0), Room(streams=4, all=6)
    with ExitStack() as stack:
        asked = [stack.enter_context(slots.waiting("ada", room)) for _ in range(5)]
        assert asked == [True] * 3 + [False] * 2
        assert stack.enter_context(slots.waiting("grace", room))


def test_where_the_number_of_streams_is_set_a_question_fits_beside_them() -> None:
    slots, room = StreamSlots(4), Room(streams=1, all=1)
    assert all(slots.take(room) for _ in range(4))
    assert not slots.take(room)
    with slots.waiting("ada", room) as first, slots.waiting("ada", room) as second:
        assert (first, second) == (True, False)


class Cfg:
    def __init__(self, worker_class_str: str, threads: int = 1, worker_connections: int = 1000) -> None:
        self.worker_class_str = worker_class_str
        self.threads = threads
        self.worker_connections = worker_connections


class Gunicorn:
    """What gunicorn's ``start_response`` is bound to."""

    def __init__(self, cfg: Cfg) -> None:
        self.cfg = cfg

    def start_response(self) -> None: ...


@pytest.mark.parametrize(
    ("cfg", "streams", "all_that_waits"),
    [
        (Cfg("gthread", threads=8), 4, 6),
        (Cfg("gthread", threads=4), 2, 3),
        (Cfg("gthread", threads=2), 1, 1),
        (Cfg("gthread", threads=1), 1, 1),
        (Cfg("gevent"), 500, 750),
        (Cfg("gevent", worker_connections=4000), 1000, 3000),
        (Cfg("gevent", worker_connections=50), 25, 37),
    ],
)
def test_half_of_a_workers_threads_stay_free_for_calls(cfg: Cfg, streams: int, all_that_waits: int) -> None:
    assert suitable_room(Gunicorn(cfg).start_response) == Room(streams, all_that_waits)


def test_where_nothing_is_known_of_the_worker_few_streams_are_held() -> None:
    assert suitable_room(lambda: None) == Room(streams=4, all=6)
