"""The revisions that shake hands: 2025-11-25, 2025-06-18 and 2025-03-26, over bare HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Pair, Served
from .raw import Wire, answer, events, messages

pytestmark = pytest.mark.wire

REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25"]
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize("version", REVISIONS)
def test_a_version_that_is_spoken_is_agreed_on(wire: Wire, version: str) -> None:
    result, _ = wire.initialize(version)

    assert result["protocolVersion"] == version
    assert set(result["serverInfo"]) >= {"name", "version"}
    assert {"tools", "resources", "prompts", "logging"} <= set(result["capabilities"])
    assert "resultType" not in result
    assert "ttlMs" not in result


@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "2099-01-01", "", "x"])
def test_for_any_other_version_the_newest_one_is_offered(wire: Wire, version: str) -> None:
    result, _ = wire.initialize(version)

    assert result["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize(
    "params", [{}, {"protocolVersion": 5}, {"protocolVersion": "2025-11-25", "capabilities": 5}]
)
def test_a_malformed_handshake_never_breaks_anything(wire: Wire, params: dict[str, Any]) -> None:
    response = wire.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})

    assert response.status_code < 500
    assert {"result", "error"} & set(answer(response))


def test_a_session_id_is_visible_ascii(wire: Wire) -> None:
    _, session = wire.initialize("2025-11-25")

    assert session.session_id
    assert all(0x21 <= ord(character) <= 0x7E for character in session.session_id)


def test_a_session_that_is_made_up_or_somebody_elses_is_not_found(standard: Served) -> None:
    with standard.wire() as ada, standard.wire(standard.token("auth0|mallory")) as mallory:
        _, session = ada.initialize("2025-11-25")
        assert session.session_id
        for wire, session_id in (
            (mallory, session.session_id),
            (ada, "made-up"),
            (ada, session.session_id[:-6] + "AAAAAA"),
            (ada, "x" * 5000),
        ):
            headers = {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": session_id}
            assert wire.post(PING, headers).status_code == 404


def test_a_session_from_one_worker_is_known_at_another(pair: Pair) -> None:
    with pair.first.wire() as first, pair.second.wire() as second:
        _, session = first.initialize("2025-11-25", {"elicitation": {}})
        response = session.at(second).request("tools/list")

        assert response.status_code == 200
        assert answer(response)["result"]["tools"]


def test_requests_need_nothing_but_the_version_header(wire: Wire) -> None:
    for version in ("2025-06-18", "2025-11-25"):
        response = wire.post({**PING, "method": "tools/list"}, {"MCP-Protocol-Version": version})

        assert response.status_code == 200
        assert answer(response)["result"]["tools"]


@pytest.mark.parametrize("version", ["2024-11-05", "1", "2025-11-26", "v2025-11-25", ""])
def test_a_version_header_that_is_not_spoken_is_refused(wire: Wire, version: str) -> None:
    response = wire.post(PING, {"MCP-Protocol-Version": version})

    assert response.status_code == 400


def test_a_session_is_served_by_what_it_negotiated_whatever_supported_version_the_header_names(
    wire: Wire,
) -> None:
    _, session = wire.initialize("2025-11-25")
    ping = session.request("ping", headers={"MCP-Protocol-Version": "2025-03-26"})
    batch = session.post([PING], {"MCP-Protocol-Version": "2025-03-26"})

    assert (ping.status_code, answer(ping)["result"]) == (200, {})
    assert batch.status_code == 400


def test_without_a_version_header_the_oldest_revision_is_spoken(wire: Wire) -> None:
    batch = [PING, {**PING, "id": 2}]

    assert [one["id"] for one in messages(wire.post(batch))] == [1, 2]


@pytest.mark.parametrize("version", REVISIONS)
def test_delete_is_not_allowed(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    response = wire.http.delete(wire.url, headers=session.headers)

    assert response.status_code == 405
    assert session.request("ping").status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_get_that_does_not_ask_for_a_stream_is_not_allowed(wire: Wire, accept: str) -> None:
    _, session = wire.initialize("2025-11-25")
    response = wire.http.get(wire.url, headers={**session.headers, "Accept": accept})

    assert response.status_code in (405, 406)


@pytest.mark.parametrize("version", REVISIONS)
def test_ping_and_the_log_level_are_answered_with_an_empty_result(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)

    assert answer(session.request("ping"))["result"] == {}
    assert answer(session.request("logging/setLevel", {"level": "warning"}))["result"] == {}
    assert answer(session.request("logging/setLevel", {"level": "loud"}))["error"]["code"] == -32602


def test_the_log_level_of_a_session_holds_at_every_worker(pair: Pair) -> None:
    with pair.first.wire() as first, pair.second.wire() as second:
        _, session = first.initialize("2025-11-25")
        counts = []
        for level in ("error", "debug"):
            session.request("logging/setLevel", {"level": level})
            params = {"name": "test_tool_with_logging", "arguments": {}}
            counts.append(len(messages(session.at(second).request("tools/call", params, stream=True))))

    assert counts == [1, 4]


@pytest.mark.parametrize("version", REVISIONS)
def test_progress_comes_on_the_stream_of_the_call(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    params = {"name": "test_tool_with_progress", "arguments": {}, "_meta": {"progressToken": 5}}
    *progress, last = events(session.request("tools/call", params, stream=True))
    sent = [one for one in progress if one["method"] == "notifications/progress"]

    assert [one["params"]["progress"] for one in sent] == [0, 50, 100]
    assert ["message" in one["params"] for one in sent] == [True] * 3
    assert last["result"]["content"]


def test_a_batch_is_answered_call_by_call_in_the_oldest_revision(wire: Wire) -> None:
    _, session = wire.initialize("2025-03-26")
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}},
        {"jsonrpc": "2.0", "id": "two", "method": "tools/call", "params": {"name": "test_simple_text"}},
        {"jsonrpc": "2.0", "id": 3, "method": "unknown/method"},
        {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "ours_needs_scope"}},
        5,
    ]
    answers = {one["id"]: one for one in messages(session.post(batch))}

    assert set(answers) == {1, "two", 3, 4, None}
    assert answers[1]["result"] == {}
    assert answers["two"]["result"]["content"]
    assert answers[3]["error"]["code"] == -32601
    assert "error" in answers[4] or answers[4]["result"]["isError"] is True
    assert answers[None]["error"]["code"] == -32600


def test_a_batch_of_notifications_is_accepted_without_a_body(wire: Wire) -> None:
    _, session = wire.initialize("2025-03-26")
    response = session.post([{"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}] * 2)

    assert (response.status_code, response.content) == (202, b"")


def test_a_batch_with_a_stream_in_it_carries_every_answer(wire: Wire) -> None:
    _, session = wire.initialize("2025-03-26")
    progress = {"name": "test_tool_with_progress", "_meta": {"progressToken": "p"}}
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": progress},
        {"jsonrpc": "2.0", "id": 3, "method": "ping"},
    ]
    received = messages(session.post(batch, stream=True))

    assert sorted(one["id"] for one in received if "id" in one) == [1, 2, 3]
    assert len([one for one in received if one.get("method") == "notifications/progress"]) == 3


@pytest.mark.parametrize("batch", [[], [PING] * 10_000])
def test_a_batch_of_nothing_or_of_too_much_is_refused(wire: Wire, batch: list[Any]) -> None:
    _, session = wire.initialize("2025-03-26")
    response = session.post(batch)

    assert 400 <= response.status_code < 500


def test_a_handshake_cannot_be_part_of_a_batch(wire: Wire) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "initialize",
        "params": {"protocolVersion": "2025-03-26"},
    }
    answers = {one["id"]: one for one in messages(wire.post([PING, initialize]))}

    assert "error" in answers[2]


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_later_revisions_have_no_batches(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)

    assert session.post([PING]).status_code == 400


@pytest.mark.parametrize("version", REVISIONS)
def test_an_unknown_method_is_told_with_the_id_of_the_request(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    for method in ("unknown/method", "server/discover", "subscriptions/listen"):
        answered = answer(session.request(method, id="mine"))

        assert (answered["id"], answered["error"]["code"]) == ("mine", -32601)


@pytest.mark.parametrize("version", REVISIONS)
def test_an_unknown_resource_has_the_code_of_its_time(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    error = answer(session.request("resources/read", {"uri": "test://there-is-none"}))["error"]

    assert error["code"] == -32002
    assert error["data"]["uri"] == "test://there-is-none"


@pytest.mark.parametrize("version", REVISIONS)
def test_results_have_the_form_of_their_revision(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version, {"elicitation": {}})
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list"):
        result = answer(session.request(method))["result"]
        assert not {"resultType", "ttlMs", "cacheScope"} & set(result)
    whoami = session.call("ours_whoami")["result"]

    assert ("structuredContent" in whoami) == (version != "2025-03-26")
    assert '"auth0|ada"' in whoami["content"][0]["text"]
    assert not {"resultType", "_meta"} & set(whoami)


@pytest.mark.parametrize("version", REVISIONS)
def test_every_kind_of_content_reaches_an_earlier_client(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    read = answer(session.request("resources/read", {"uri": "test://static-binary"}))["result"]
    prompt = answer(session.request("prompts/get", {"name": "test_prompt_with_image"}))["result"]
    blocks = session.call("test_multiple_content_types")["result"]["content"]

    assert read["contents"][0]["blob"]
    assert prompt["messages"][0]["content"]["type"] == "image"
    assert [block["type"] for block in blocks] == ["text", "image", "resource"]


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_wrong_arguments_are_told_in_a_result_or_an_error(wire: Wire, version: str) -> None:
    _, session = wire.initialize(version)
    answered = session.call("ours_slow", {"seconds": "long"})

    assert answered.get("error", {}).get("code") == -32602 or answered["result"]["isError"] is True


def cancelled(wire: Wire) -> int:
    """Return how many calls noticed that they were cancelled."""
    result = answer(wire.modern("resources/read", {"uri": "ours://cancelled"}))["result"]
    return int(result["contents"][0]["text"])


@pytest.mark.parametrize("id", [77, "77"])
def test_a_cancellation_may_arrive_at_another_worker(served: Served, id: int | str) -> None:
    if served.kind.one_at_a_time:
        pytest.skip("a worker that serves one request at a time may be the one that is busy with the call")
    with served.wire() as wire, served.wire() as other:
        before = cancelled(other)
        _, session = wire.initialize("2025-11-25")
        params = {"name": "ours_slow", "arguments": {"seconds": 30}, "_meta": {"progressToken": 1}}
        stream = events(session.request("tools/call", params, id=id, stream=True))
        next(stream)
        session.at(other).notify("notifications/cancelled", {"requestId": id, "reason": "enough"})

        assert any(cancelled(other) > before for _ in range(2000))


@pytest.mark.parametrize("params", [None, {}, {"requestId": None}, {"requestId": 999}, {"requestId": []}])
def test_a_cancellation_of_nothing_is_ignored(wire: Wire, params: dict[str, Any] | None) -> None:
    _, session = wire.initialize("2025-11-25")

    assert session.notify("notifications/cancelled", params).status_code == 202
    assert session.request("ping").status_code == 200


def test_a_lost_connection_is_no_cancellation(standard: Served) -> None:
    with standard.wire() as wire, standard.wire() as other:
        before = cancelled(other)
        _, session = wire.initialize("2025-11-25")
        params = {"name": "ours_slow", "arguments": {"seconds": 0.5}, "_meta": {"progressToken": 1}}
        response = session.request("tools/call", params, stream=True)
        next(events(response))
        response.close()
        session.at(other).call("ours_slow", {"seconds": 0.7})

        assert cancelled(other) == before
