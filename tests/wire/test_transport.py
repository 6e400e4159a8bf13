"""2026-07-28 over HTTP: the endpoint, its headers and its streams (basic/transports/streamable-http)."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import Served
from .raw import META, MODERN, Wire, answer, events, meta

pytestmark = pytest.mark.wire

HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022


def listing(**changes: Any) -> dict[str, Any]:
    """Return the body of a modern tools/list."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta()}, **changes}


def test_the_endpoint_answers_a_posted_request_with_json(wire: Wire) -> None:
    response = wire.modern("tools/list", id=7)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["id"] == 7
    assert response.json()["result"]["tools"]


def test_a_foreign_origin_is_refused_with_403(wire: Wire) -> None:
    for origin in ("https://evil.example.com", "http://localhost.evil.example.com", "null", "x"):
        response = wire.modern("tools/list", headers={"Origin": origin})

        assert response.status_code == 403, origin
        assert response.headers["Content-Type"] == "application/json"


def test_the_servers_own_origin_and_none_are_served(wire: Wire, standard: Served) -> None:
    assert wire.modern("tools/list", headers={"Origin": standard.server.origin}).status_code == 200
    assert wire.modern("tools/list").status_code == 200


def test_a_foreign_origin_is_refused_for_every_verb_and_revision(wire: Wire) -> None:
    foreign = {"Origin": "https://evil.example.com"}

    assert wire.http.get(wire.url, headers={**foreign, "Accept": "text/event-stream"}).status_code == 403
    initialize = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    assert wire.post(initialize, foreign).status_code == 403


def test_a_notification_is_accepted_without_a_body(wire: Wire) -> None:
    for method in ("notifications/cancelled", "notifications/unheard_of"):
        notification = {"jsonrpc": "2.0", "method": method, "params": {"requestId": 99, "_meta": meta()}}
        response = wire.post(notification, {"MCP-Protocol-Version": MODERN, "Mcp-Method": method})

        assert response.status_code == 202
        assert response.content == b""


def test_a_malformed_notification_is_an_http_error(wire: Wire) -> None:
    response = wire.post({"jsonrpc": "2.0", "method": 5}, {"MCP-Protocol-Version": MODERN})

    assert response.status_code == 400


def test_batches_and_responses_are_no_modern_bodies(wire: Wire) -> None:
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}
    for body in ([listing()], {"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete"}}, []):
        response = wire.post(body, headers)

        assert 400 <= response.status_code < 500
        assert "result" not in answer(response)


def test_concurrent_streams_carry_only_what_belongs_to_their_call(standard: Served) -> None:
    received: dict[str, list[dict[str, Any]]] = {}

    def call(token: str) -> None:
        with standard.wire() as wire:
            params = {"name": "test_tool_with_progress", "arguments": {}}
            response = wire.modern("tools/call", params, id=token, progress_token=token, stream=True)
            received[token] = list(events(response))

    threads = [threading.Thread(target=call, args=(f"token-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(received) == 4
    for token, stream in received.items():
        *progress, last = stream
        assert last["id"] == token
        assert [message["params"]["progressToken"] for message in progress] == [token] * len(progress)


def test_the_stream_of_a_response_carries_no_requests(wire: Wire) -> None:
    params = {"name": "test_streaming_elicitation", "arguments": {}}
    capable: dict[str, Any] = {"clientCapabilities": {"elicitation": {}}}
    response = wire.modern("tools/call", params, progress_token=1, stream=True, **capable)
    stream = list(events(response))

    assert [message.get("method") for message in stream] == ["notifications/progress", None]
    assert stream[-1]["result"]["resultType"] == "input_required"


def test_a_stream_is_well_formed_unbuffered_and_ends_with_its_answer(wire: Wire) -> None:
    params = {"name": "test_tool_with_progress", "arguments": {}}
    response = wire.modern("tools/call", params, progress_token="é", stream=True)
    text = response.content.decode("utf-8")

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "no-store" in response.headers["Cache-Control"]
    assert text.replace("\r\n", "\n").endswith("\n\n")
    fields = {line.partition(":")[0] for line in text.splitlines() if line}
    assert fields <= {"data", "event", "id", "retry", ""}
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if "data:" in block]
    decoded = [json.loads(block.split("data:", 1)[1]) for block in blocks]
    assert "result" in decoded[-1]
    assert all("method" in message for message in decoded[:-1])


def test_progress_arrives_while_the_call_runs(standard: Served) -> None:
    with standard.wire() as wire:
        params = {"name": "ours_slow", "arguments": {"seconds": 30}}
        response = wire.modern("tools/call", params, progress_token=1, stream=True)
        first = next(events(response))
        response.close()

    assert first["params"]["progress"] < 5


def test_a_silent_call_is_answered_with_json_and_one_that_speaks_only_to_those_who_take_streams(
    wire: Wire,
) -> None:
    params = {"name": "test_tool_with_progress", "arguments": {}}
    silent = wire.modern("tools/call", params)
    plain = wire.modern("tools/call", params, progress_token=1, headers={"Accept": "application/json"})

    assert silent.headers["Content-Type"] == "application/json"
    assert plain.headers["Content-Type"] == "application/json"
    assert plain.json()["result"]["isError"] is False


def test_a_client_that_takes_only_streams_gets_one(wire: Wire) -> None:
    params = {"name": "test_simple_text", "arguments": {}}
    response = wire.modern("tools/call", params, headers={"Accept": "text/event-stream"}, stream=True)

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert [message["result"]["content"][0]["type"] for message in events(response)] == ["text"]


def test_last_event_id_is_ignored(wire: Wire) -> None:
    response = wire.modern("tools/list", headers={"Last-Event-ID": "12"})

    assert response.status_code == 200
    assert response.json()["result"]["tools"]


def test_a_version_header_that_differs_from_the_body_is_a_mismatch(wire: Wire) -> None:
    for version in ("2025-11-25", "2026-07-29", "v999.0.0"):
        response = wire.modern("tools/list", headers={"MCP-Protocol-Version": version})

        assert response.status_code == 400
        assert response.json()["error"]["code"] == HEADER_MISMATCH
    response = wire.modern("tools/list", protocolVersion="v999.0.0")
    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


@pytest.mark.parametrize("version", ["v999.0.0", "2027-01-01", "", "2026-07-28 "])
def test_a_version_that_is_not_spoken_is_refused_with_those_that_are(wire: Wire, version: str) -> None:
    response = wire.modern(
        "server/discover", headers={"MCP-Protocol-Version": version}, protocolVersion=version
    )
    error = response.json()["error"]

    assert response.status_code == 400
    if version == version.strip() and version:
        assert error["code"] == UNSUPPORTED_VERSION
        assert error["data"]["requested"] == version
        assert error["data"]["supported"] == [MODERN]
    else:
        # HTTP strips the blanks of a field (RFC 9110 §5.5), so header and body differ, or the header is none.
        assert error["code"] in (HEADER_MISMATCH, UNSUPPORTED_VERSION)


@pytest.mark.parametrize(
    "method",
    [
        "unknown/method",
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tools/Call",
        "tasks/get",
        "",
    ],
)
def test_a_method_that_this_revision_does_not_have_is_not_found(wire: Wire, method: str) -> None:
    response = wire.modern(method, {"uri": "test://static-text", "level": "info"}, id="mine")

    assert response.status_code == 404
    assert response.json()["error"]["code"] == -32601
    assert response.json()["id"] == "mine"


def test_a_modern_body_without_a_version_header_is_refused(wire: Wire) -> None:
    response = wire.modern("tools/list", headers={"MCP-Protocol-Version": None})

    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


def test_a_body_of_an_earlier_revision_without_a_version_header_is_served(wire: Wire) -> None:
    response = wire.post({"jsonrpc": "2.0", "id": 1, "method": "ping"})

    assert (response.status_code, answer(response)["result"]) == (200, {})


@pytest.mark.parametrize("value", [None, "tools/call", "Tools/List", "tools/list2", ""])
def test_mcp_method_must_be_the_method_letter_by_letter(wire: Wire, value: str | None) -> None:
    response = wire.modern("tools/list", headers={"Mcp-Method": value})

    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


NAMED_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": "test_simple_text", "arguments": {}}),
    ("prompts/get", {"name": "test_simple_prompt"}),
    ("resources/read", {"uri": "test://static-text"}),
]


@pytest.mark.parametrize(("method", "params"), NAMED_CALLS)
@pytest.mark.parametrize("value", [None, "something_else", "TEST_SIMPLE_TEXT", "Test://static-text"])
def test_mcp_name_must_be_what_the_body_names(
    wire: Wire, method: str, params: dict[str, Any], value: str | None
) -> None:
    response = wire.modern(method, params, headers={"Mcp-Name": value})

    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


@pytest.mark.parametrize(("method", "params"), NAMED_CALLS)
def test_mcp_name_may_come_in_base64(wire: Wire, method: str, params: dict[str, Any]) -> None:
    encoded = base64.b64encode(str(params.get("name") or params.get("uri")).encode()).decode()
    response = wire.modern(method, params, headers={"Mcp-Name": f"=?base64?{encoded}?="})

    assert response.status_code == 200
    assert "result" in response.json()


@pytest.mark.parametrize(
    "value", ["=?base64?****?=", "=?base64?YQ?=", "=?base64?/w==?=", "=?BASE64?dGVzdF9zaW1wbGVfdGV4dA==?="]
)
def test_malformed_base64_in_mcp_name_is_refused(wire: Wire, value: str) -> None:
    response = wire.modern("tools/call", NAMED_CALLS[0][1], headers={"Mcp-Name": value})

    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


def region(
    wire: Wire, arguments: dict[str, Any], headers: dict[str, str | None]
) -> tuple[int, dict[str, Any]]:
    """Call the tool that mirrors its region."""
    params = {"name": "test_x_mcp_header", "arguments": arguments}
    response = wire.modern("tools/call", params, headers=headers)
    return response.status_code, response.json()


def test_a_mirrored_argument_agrees_with_its_header(wire: Wire) -> None:
    euro = base64.b64encode("€-west".encode()).decode()
    for value, header in (("eu", "eu"), ("€-west", f"=?base64?{euro}?="), ("", "")):
        status, body = region(wire, {"region": value}, {"Mcp-Param-Region": header})

        assert status == 200, body
        assert body["result"]["content"][0]["text"] == f"region={value}"


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        ({"region": "eu"}, "us"),
        ({"region": "eu"}, "EU"),
        ({"region": "eu"}, None),
        ({}, "eu"),
        ({"region": None}, "eu"),
        ({"region": "eu"}, "=?base64?!!!?="),
        ({"region": "eu"}, "=?base64?ZXU?="),
    ],
)
def test_a_mirrored_argument_that_disagrees_with_its_header_is_refused(
    wire: Wire, arguments: dict[str, Any], header: str | None
) -> None:
    status, body = region(wire, arguments, {"Mcp-Param-Region": header})

    assert (status, body["error"]["code"]) == (400, HEADER_MISMATCH)


def test_headers_of_parameters_that_are_not_mirrored_are_ignored(wire: Wire) -> None:
    status, body = region(wire, {}, {"Mcp-Param-Unknown": "x"})

    assert status == 200
    assert body["result"]["content"][0]["text"] == "region="


@pytest.mark.parametrize("character", ["\x01", "\x7f", "\x1f", "é", "€"])
def test_a_mirrored_header_with_characters_that_no_field_may_hold_is_refused(
    standard: Served, character: str
) -> None:
    value = f"eu{character}".encode()
    body = listing(method="tools/call")
    body["params"].update(name="test_x_mcp_header", arguments={"region": f"eu{character}"})
    headers: dict[str, bytes] = {
        "Content-Type": b"application/json",
        "Accept": b"application/json, text/event-stream",
        "Authorization": f"Bearer {standard.token()}".encode(),
        "MCP-Protocol-Version": MODERN.encode(),
        "Mcp-Method": b"tools/call",
        "Mcp-Name": b"test_x_mcp_header",
        "Mcp-Param-Region": value,
    }
    connection = http.client.HTTPConnection(urlsplit(standard.url).netloc, timeout=20)
    data = json.dumps(body).encode()
    connection.putrequest("POST", "/mcp")
    for name, content in headers.items():
        connection.putheader(name, content)
    connection.putheader("Content-Length", str(len(data)))
    connection.endheaders(data)
    response = connection.getresponse()

    assert response.status == 400
    connection.close()


@pytest.mark.parametrize("text", ["42", "42.0", "4.2e1", "042"])
def test_whole_numbers_in_headers_are_compared_as_numbers(wire: Wire, text: str) -> None:
    params = {"name": "ours_int_header", "arguments": {"count": 42}}
    response = wire.modern("tools/call", params, headers={"Mcp-Param-Count": text})

    if text in ("42", "42.0"):
        assert response.json()["result"]["content"][0]["text"] == "count=42"
    assert response.status_code in (200, 400)


@pytest.mark.parametrize("text", ["43", "forty-two", "", "4_2", "42 x", "nan", "0x2a"])
def test_another_number_in_a_header_is_refused(wire: Wire, text: str) -> None:
    params = {"name": "ours_int_header", "arguments": {"count": 42}}
    response = wire.modern("tools/call", params, headers={"Mcp-Param-Count": text})

    assert (response.status_code, response.json()["error"]["code"]) == (400, HEADER_MISMATCH)


def test_names_of_headers_have_no_case(wire: Wire) -> None:
    headers = {"mcp-protocol-version": MODERN, "MCP-METHOD": "tools/list"}
    headers |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    response = wire.http.post(wire.url, json=listing(), headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize("verb", ["GET", "DELETE", "PUT", "PATCH", "HEAD"])
def test_other_verbs_are_not_allowed(wire: Wire, verb: str) -> None:
    response = wire.http.request(verb, wire.url, headers={"Accept": "application/json"})

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_session_id_means_nothing_to_a_modern_request_and_is_not_sent_back(wire: Wire) -> None:
    response = wire.modern("tools/list", headers={"Mcp-Session-Id": "made-up"})

    assert response.status_code == 200
    assert "Mcp-Session-Id" not in response.headers


@pytest.mark.parametrize("name", ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version", "Mcp-Param-Region"])
def test_two_different_values_of_a_mirrored_header_are_refused(standard: Served, name: str) -> None:
    right = {
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "test_x_mcp_header",
        "Mcp-Param-Region": "eu",
    }
    body = listing(method="tools/call")
    body["params"].update(name="test_x_mcp_header", arguments={"region": "eu"})
    data = json.dumps(body).encode()
    for values in (("other", right[name]), (right[name], "other")):
        connection = http.client.HTTPConnection(urlsplit(standard.url).netloc, timeout=20)
        connection.putrequest("POST", "/mcp")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Accept", "application/json, text/event-stream")
        connection.putheader("Authorization", f"Bearer {standard.token()}")
        connection.putheader("Content-Length", str(len(data)))
        for header, value in right.items():
            for each in values if header == name else (value,):
                connection.putheader(header, each)
        connection.endheaders(data)
        response = connection.getresponse()
        answered = json.loads(response.read())
        connection.close()

        assert (response.status, answered["error"]["code"]) == (400, HEADER_MISMATCH)


def test_the_version_decides_about_the_era_and_not_the_method(wire: Wire) -> None:
    modern = wire.modern("initialize", {"protocolVersion": "2025-11-25"})
    result, _ = wire.initialize("2025-11-25")
    listed = wire.post(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"MCP-Protocol-Version": "2025-11-25"}
    )

    assert modern.status_code == 404
    assert result["protocolVersion"] == "2025-11-25"
    assert "resultType" not in answer(listed)["result"]
    assert META + "serverInfo" not in answer(listed)["result"].get("_meta", {})
