"""2026-07-28: messages, errors, ``_meta`` and discovery (basic/index, basic/versioning, server/discover)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .conftest import Served
from .raw import META, MODERN, Wire, answer, meta

pytestmark = pytest.mark.wire

HEADERS = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}

#: What JSON-RPC and MCP define; everything else from -32768 to -32000 is reserved.
DEFINED = {-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022}

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("server/discover", {}),
    ("tools/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("prompts/list", {}),
    ("resources/read", {"uri": "test://static-text"}),
    ("prompts/get", {"name": "test_simple_prompt"}),
    ("tools/call", {"name": "test_simple_text", "arguments": {}}),
    ("tools/call", {"name": "test_error_handling", "arguments": {}}),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/prompt", "name": "test_prompt_with_arguments"},
            "argument": {"name": "arg1", "value": "te"},
        },
    ),
]

MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": "there_is_none", "arguments": {}}),
    ("tools/call", {"name": "test_simple_text", "arguments": []}),
    ("tools/call", {"arguments": {}}),
    ("tools/call", {"name": "test_missing_capability", "arguments": {}}),
    ("resources/read", {"uri": "test://there-is-none"}),
    ("resources/read", {}),
    ("prompts/get", {"name": "there_is_none"}),
    ("prompts/get", {"name": "test_prompt_with_arguments", "arguments": {}}),
    ("tools/list", {"cursor": "made up"}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "there_is_none"}, "argument": {}}),
    ("unknown/method", {}),
    ("subscriptions/listen", {"notifications": 5}),
]


def post(wire: Wire, **changes: Any) -> tuple[int, dict[str, Any]]:
    """Post a tools/list with members of the message changed; ``...`` takes one out."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta()}, **changes}
    response = wire.post({name: value for name, value in body.items() if value is not ...}, HEADERS)
    return response.status_code, response.json()


@pytest.mark.parametrize("id", [0, -1, 2**53, "", "0", "é", "a" * 100])
def test_an_answer_carries_the_id_of_its_request_of_the_same_type(wire: Wire, id: int | str) -> None:
    for method in ("tools/list", "unknown/method"):
        answered = answer(wire.modern(method, id=id))

        assert answered["id"] == id
        assert type(answered["id"]) is type(id)


@pytest.mark.parametrize("id", [None, True, [], {}])
def test_an_id_that_is_neither_text_nor_number_is_refused(wire: Wire, id: Any) -> None:
    status, body = post(wire, id=id)

    assert status == 400
    assert body["error"]["code"] == -32600


@pytest.mark.parametrize(("method", "params"), REQUESTS)
def test_every_result_tells_its_type_and_the_server(wire: Wire, method: str, params: dict[str, Any]) -> None:
    response = wire.modern(method, params)
    result = answer(response)["result"]

    assert response.status_code == 200
    assert result["resultType"] == "complete"
    assert set(result["_meta"][META + "serverInfo"]) >= {"name", "version"}


@pytest.mark.parametrize(("method", "params"), MISTAKES)
def test_every_error_has_a_defined_code_and_a_message(
    wire: Wire, method: str, params: dict[str, Any]
) -> None:
    error = answer(wire.modern(method, params))["error"]

    assert error["code"] in DEFINED
    assert isinstance(error["message"], str)
    assert error["message"]
    assert "Traceback" not in str(error)


def test_nothing_is_remembered_from_one_request_to_the_next(wire: Wire) -> None:
    capable: dict[str, Any] = {"clientCapabilities": {"sampling": {}}}
    first = wire.call("test_missing_capability", **capable)
    second = wire.call("test_missing_capability")

    assert first["result"]["resultType"] == "input_required"
    assert second["error"]["code"] == -32021


def test_another_token_on_the_same_connection_is_another_caller(standard: Served) -> None:
    with standard.wire() as wire:
        ada = wire.call("ours_whoami")
        wire.http.headers["Authorization"] = f"Bearer {standard.token('auth0|grace')}"
        grace = wire.call("ours_whoami")

    assert ada["result"]["structuredContent"]["sub"] == "auth0|ada"
    assert grace["result"]["structuredContent"]["sub"] == "auth0|grace"


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
@pytest.mark.parametrize("missing", ["protocolVersion", "clientCapabilities"])
def test_a_request_without_what_meta_must_hold_is_refused(wire: Wire, method: str, missing: str) -> None:
    params = {"name": "test_simple_text", "arguments": {}} if method == "tools/call" else {}
    response = wire.modern(method, params, **dict[str, Any]({missing: None}))

    assert response.status_code == 400
    assert answer(response)["error"]["code"] == -32602


@pytest.mark.parametrize("params", [..., {}, {"_meta": {}}, {"_meta": 5}, {"_meta": []}])
def test_a_request_without_meta_is_refused(wire: Wire, params: Any) -> None:
    status, body = post(wire, params=params)

    assert status == 400
    assert body["error"]["code"] in (-32602, -32600)


def test_client_info_is_optional(wire: Wire) -> None:
    assert wire.modern("tools/list", clientInfo=None).status_code == 200


def test_an_undeclared_capability_is_named_in_the_error(wire: Wire) -> None:
    params = {"name": "test_missing_capability", "arguments": {}}
    response = wire.modern("tools/call", params, clientCapabilities={"elicitation": {}})
    error = answer(response)["error"]

    assert response.status_code == 400
    assert error["code"] == -32021
    assert error["data"]["requiredCapabilities"] == {"sampling": {}}


def test_messages_are_utf_8_in_both_directions(wire: Wire) -> None:
    text = "Łódź — 東京 🜁"
    params = {"name": "test_prompt_with_arguments", "arguments": {"arg1": text, "arg2": "x"}}
    response = wire.modern("prompts/get", params)

    assert text in json.loads(response.content.decode("utf-8"))["result"]["messages"][0]["content"]["text"]
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b'{"jsonrpc": "2.0"', b"\xff\xfe{}", b'{"a": NaN}'])
def test_a_body_that_is_not_json_is_a_parse_error_without_an_id(wire: Wire, body: bytes) -> None:
    response = wire.post(body, HEADERS)

    assert response.status_code == 400
    assert answer(response)["error"]["code"] == -32700
    assert answer(response).get("id") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"jsonrpc": "1.0"},
        {"jsonrpc": ...},
        {"method": 5},
        {"method": ...},
        {"method": None},
        {"params": 5},
        {"params": [1]},
        {"params": "x"},
    ],
)
def test_a_message_of_the_wrong_shape_is_refused(wire: Wire, changes: dict[str, Any]) -> None:
    status, body = post(wire, **changes)

    assert 400 <= status < 500
    assert body["error"]["code"] in (-32600, -32602)


@pytest.mark.parametrize("body", [b"5", b'"text"', b"null", b"true"])
def test_a_body_that_is_no_message_is_refused(wire: Wire, body: bytes) -> None:
    response = wire.post(body, HEADERS)

    assert response.status_code == 400
    assert answer(response)["error"]["code"] == -32600


def test_what_is_not_known_is_ignored(wire: Wire) -> None:
    strange = {"com.example/trace": {"deep": [1, None]}, "traceparent": "00-0-0-00", META + "unheardOf": 1}
    capabilities = {"telepathy": {"range": 5}, "experimental": {"x": {}}, "extensions": {"com.example/x": {}}}
    response = wire.modern(
        "tools/list", {"unknown": True, "_meta": strange}, clientCapabilities=capabilities, id="x"
    )

    assert response.status_code == 200
    assert answer(response)["result"]["tools"]


def test_discover_tells_what_there_is(wire: Wire) -> None:
    result = answer(wire.modern("server/discover"))["result"]

    assert result["supportedVersions"] == [MODERN]
    assert set(result["capabilities"]) >= {"tools", "resources", "prompts", "completions", "logging"}
    assert result["ttlMs"] >= 0
    assert result["cacheScope"] in ("public", "private")
    assert set(result["_meta"][META + "serverInfo"]) >= {"name", "version"}


def test_names_of_extensions_have_a_prefix(wire: Wire) -> None:
    capabilities = answer(wire.modern("server/discover"))["result"]["capabilities"]

    for name in capabilities.get("extensions", {}):
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9.-]*/[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?", name), name


@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
)
def test_lists_can_be_cached_and_are_private_where_they_depend_on_the_caller(wire: Wire, method: str) -> None:
    result = answer(wire.modern(method))["result"]

    assert isinstance(result["ttlMs"], int)
    assert result["ttlMs"] >= 0
    assert result["cacheScope"] in ("public", "private")


def test_what_was_read_can_be_cached_and_a_question_cannot(wire: Wire) -> None:
    read = answer(wire.modern("resources/read", {"uri": "test://static-text"}))["result"]
    capable: dict[str, Any] = {"clientCapabilities": {"elicitation": {}}}
    question = wire.call("test_input_required_result_elicitation", **capable)["result"]

    assert read["ttlMs"] >= 0
    # Whatever a function returns may depend on the caller.
    assert read["cacheScope"] == "private"
    assert not {"ttlMs", "cacheScope"} & set(question)


@pytest.mark.parametrize("cursor", ["made-up", "", "MQ==", "eyJvZmZzZXQiOjF9", 5, "é"])
@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
)
def test_a_cursor_that_was_not_given_out_is_refused(wire: Wire, method: str, cursor: Any) -> None:
    response = wire.modern(method, {"cursor": cursor})

    assert answer(response)["error"]["code"] == -32602
