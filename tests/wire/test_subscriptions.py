"""Changes that reach whoever listens, wherever they happen: both eras, and workers that share a store."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from typing import Any

import pytest

from .conftest import Kind, Pair, Served, Start
from .raw import META, answer, events

pytestmark = pytest.mark.wire

ID = META + "subscriptionId"
WATCHED = "test://watched-resource"
ALL = {
    "toolsListChanged": True,
    "promptsListChanged": True,
    "resourcesListChanged": True,
    "resourceSubscriptions": [WATCHED, "test://there-is-none"],
}


@pytest.mark.parametrize("id", [0, 1, "", "a"])
def test_the_acknowledgement_comes_first_and_grants_what_is_there(served: Served, id: int | str) -> None:
    if served.kind.one_at_a_time:
        pytest.skip("a worker that serves one request at a time holds no streams")
    with served.wire() as wire:
        with wire.modern("subscriptions/listen", {"notifications": ALL}, id=id, stream=True) as response:
            first = next(events(response))

        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert first["method"] == "notifications/subscriptions/acknowledged"
        assert first["params"]["notifications"] == {
            "toolsListChanged": True,
            "promptsListChanged": True,
            "resourcesListChanged": True,
            "resourceSubscriptions": [WATCHED],
        }
        assert first["params"]["_meta"][ID] == id
        assert type(first["params"]["_meta"][ID]) is type(id)


def test_only_what_was_asked_for_is_granted(pair: Pair) -> None:
    with pair.first.wire() as wire:
        for wanted in ({}, {"toolsListChanged": False}, {"promptsListChanged": True}):
            params = {"notifications": wanted}
            with wire.modern("subscriptions/listen", params, stream=True) as response:
                granted = next(events(response))["params"]["notifications"]

            assert granted == {name: True for name, value in wanted.items() if value}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"notifications": None},
        {"notifications": []},
        {"notifications": {"toolsListChanged": "yes"}},
        {"notifications": {"resourceSubscriptions": "test://watched-resource"}},
        {"notifications": {"resourceSubscriptions": [5]}},
        {"notifications": {"resourceSubscriptions": ["x"] * 10_000}},
    ],
)
def test_a_malformed_filter_is_refused(pair: Pair, params: dict[str, Any]) -> None:
    with pair.first.wire() as wire:
        assert answer(wire.modern("subscriptions/listen", params))["error"]["code"] == -32602


def test_changes_at_one_worker_reach_those_who_listen_at_another_and_want_them(pair: Pair) -> None:
    with pair.first.wire() as listener, pair.second.wire() as actor:
        wanted = {"toolsListChanged": True, "resourceSubscriptions": [WATCHED]}
        params = {"notifications": wanted}
        with listener.modern("subscriptions/listen", params, id="mine", stream=True) as response:
            stream = events(response)
            next(stream)
            actor.call("test_trigger_prompt_change")
            actor.call("ours_touch", {"uri": "test://static-text"})
            actor.call("ours_touch", {"uri": WATCHED})
            touched = next(stream)
            actor.call("test_trigger_tool_change")
            changed = next(stream)

        assert (touched["method"], touched["params"]["uri"]) == ("notifications/resources/updated", WATCHED)
        assert changed["method"] == "notifications/tools/list_changed"
        assert touched["params"]["_meta"][ID] == changed["params"]["_meta"][ID] == "mine"


def test_what_calls_emit_stays_off_the_stream_of_a_subscription(pair: Pair) -> None:
    with pair.first.wire() as wire, pair.first.wire() as other:
        params = {"notifications": {"toolsListChanged": True}}
        with wire.modern("subscriptions/listen", params, stream=True, logLevel="debug") as response:
            stream = events(response)
            next(stream)
            other.call("test_tool_with_logging", logLevel="debug")
            other.call("test_tool_with_progress", progress_token=1)
            other.call("test_trigger_tool_change")

            assert next(stream)["method"] == "notifications/tools/list_changed"


def test_a_silent_stream_is_kept_alive_with_comments(start: Start) -> None:
    impatient = start(Kind("gthread", 1, shared=False), app="tests.wire.guarded:create_impatient_app()")
    with impatient.wire() as wire:
        params = {"notifications": {"toolsListChanged": True}}
        with wire.modern("subscriptions/listen", params, stream=True) as response:
            lines = [line for line in itertools.islice(response.iter_lines(chunk_size=1), 10) if line]

    assert lines[0].startswith(b"event:")
    assert {line for line in lines if not line.startswith((b"event:", b"data:"))} == {b":"}


def test_a_subscription_ends_with_a_result_when_its_token_does(pair: Pair) -> None:
    token = pair.first.issuer.token(pair.first.audience, expires_in=1)
    with pair.first.wire(token) as wire:
        params = {"notifications": {"toolsListChanged": True}}
        received = list(events(wire.modern("subscriptions/listen", params, id="mine", stream=True)))

    assert [message.get("method") for message in received] == [
        "notifications/subscriptions/acknowledged",
        None,
    ]
    assert received[-1]["id"] == "mine"
    assert received[-1]["result"]["_meta"][ID] == "mine"


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_the_stream_of_a_get_carries_what_a_session_subscribed_to(pair: Pair, version: str) -> None:
    with pair.first.wire() as listener, pair.second.wire() as actor:
        result, session = listener.initialize(version)
        elsewhere = session.at(actor)
        with session.listen() as response:
            stream = events(response)
            assert answer(elsewhere.request("resources/subscribe", {"uri": WATCHED}))["result"] == {}
            elsewhere.call("ours_touch", {"uri": "test://static-text"})
            elsewhere.call("ours_touch", {"uri": WATCHED})
            touched = next(stream)
            elsewhere.call("test_trigger_tool_change")
            changed = next(stream)
            assert answer(elsewhere.request("resources/unsubscribe", {"uri": WATCHED}))["result"] == {}

        assert result["capabilities"]["resources"]["subscribe"] is True
        assert touched == {
            "jsonrpc": "2.0",
            "method": "notifications/resources/updated",
            "params": {"uri": WATCHED},
        }
        assert changed["method"] == "notifications/tools/list_changed"


def test_without_a_shared_store_several_workers_promise_no_changes(start: Start, pair: Pair) -> None:
    scattered = start(Kind(pair.first.kind.worker_class, 2, shared=False))
    with scattered.wire() as wire:
        capabilities = answer(wire.modern("server/discover"))["result"]["capabilities"]
        result, session = wire.initialize("2025-11-25")
        listen = wire.modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}})

        assert not capabilities["tools"].get("listChanged")
        assert not capabilities["resources"].get("subscribe")
        assert not result["capabilities"]["resources"].get("subscribe")
        assert (listen.status_code, answer(listen)["error"]["code"]) == (404, -32601)
        assert answer(session.request("resources/subscribe", {"uri": WATCHED}))["error"]["code"] == -32601
        assert session.listen().status_code == 405


def test_streams_are_bounded_and_the_next_one_is_told_so_while_calls_get_through(start: Start) -> None:
    served = start(Kind("gthread", 1, shared=False), MCP_MAX_STREAMS="2")
    params = {"notifications": {"toolsListChanged": True}}
    with ExitStack() as stack:
        streams = []
        for _ in range(2):
            wire = stack.enter_context(served.wire())
            # A generator that nobody holds takes its connection with it.
            streams.append(
                events(stack.enter_context(wire.modern("subscriptions/listen", params, stream=True)))
            )
            next(streams[-1])
        another = stack.enter_context(served.wire())
        refused = another.modern("subscriptions/listen", params)
        called = another.call("test_simple_text")

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert called["result"]["isError"] is False


def test_the_slot_of_a_listener_that_left_is_free_again_soon(start: Start) -> None:
    served = start(Kind("gthread", 1, shared=False), MCP_MAX_STREAMS="1")
    params = {"notifications": {"toolsListChanged": True}}
    with served.wire() as first, first.modern("subscriptions/listen", params, stream=True) as response:
        next(events(response))
    end = time.monotonic() + 5
    with served.wire() as second:
        statuses = []
        while time.monotonic() < end and 200 not in statuses:
            with second.modern("subscriptions/listen", params, stream=True) as response:
                statuses.append(response.status_code)

    assert 200 in statuses


def test_a_worker_that_serves_one_request_at_a_time_refuses_at_once_and_in_plain_words(start: Start) -> None:
    served = start(Kind("sync", 2, shared=True))
    with served.wire() as wire:
        capabilities = answer(wire.modern("server/discover"))["result"]["capabilities"]
        listen = wire.modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
        _, session = wire.initialize("2025-11-25", {"elicitation": {}})
        asked = session.call("test_elicitation", {"message": "Well?"})["result"]
        question = wire.call("test_elicitation", {"message": "Well?"}, clientCapabilities={"elicitation": {}})

        assert not capabilities["tools"].get("listChanged")
        assert (listen.status_code, answer(listen)["error"]["code"]) == (404, -32601)
        assert session.listen().status_code == 405
        assert asked["isError"] is True
        assert "one request at a time" in asked["content"][0]["text"]
        assert question["result"]["resultType"] == "input_required"


def test_progress_streams_from_a_worker_that_serves_one_request_at_a_time(start: Start) -> None:
    with start(Kind("sync", 2, shared=True)).wire() as wire:
        params = {"name": "test_tool_with_progress", "arguments": {}}
        received = list(events(wire.modern("tools/call", params, progress_token=1, stream=True)))

    assert len(received) == 4
