"""2026-07-28: tools, resources, prompts, completion, progress and logging, as the fixture app has them."""

from __future__ import annotations

import base64
import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..conformance.samples import PNG
from ..conformance.tools import ADDRESS_SCHEMA
from .conftest import Served
from .raw import MODERN, Wire, answer, events, meta

pytestmark = pytest.mark.wire


def streamed(
    wire: Wire, tool: str, arguments: dict[str, Any] | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Call a tool and return everything that the response carries."""
    params = {"name": tool, "arguments": arguments or {}}
    response = wire.modern("tools/call", params, stream=True, **options)
    if response.headers["Content-Type"] == "application/json":
        return [response.json()]
    return list(events(response))


def test_tools_are_listed_the_same_way_every_time(standard: Served) -> None:
    listings = []
    for _ in range(3):
        with standard.wire() as wire:
            listings.append(answer(wire.modern("tools/list"))["result"]["tools"])
            wire.call("test_error_handling")

    assert listings[0] == listings[1] == listings[2]
    assert next(tool["name"] for tool in listings[0]) == "test_simple_text"


def test_every_tool_is_described_and_has_an_object_schema(wire: Wire) -> None:
    tools = answer(wire.modern("tools/list"))["result"]["tools"]
    names = [tool["name"] for tool in tools]

    assert len(names) == len(set(names))
    for tool in tools:
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", tool["name"])
        assert tool["description"]
        assert tool["inputSchema"]["type"] == "object"


def test_a_schema_of_the_applications_own_is_published_as_it_is(wire: Wire) -> None:
    tools = {tool["name"]: tool for tool in answer(wire.modern("tools/list"))["result"]["tools"]}

    assert tools["json_schema_2020_12_tool"]["inputSchema"] == ADDRESS_SCHEMA


def test_conditions_of_a_schema_of_the_applications_own_are_enforced(wire: Wire) -> None:
    right = wire.call("json_schema_2020_12_tool", {"contactMethod": "phone", "phone": "1"})["result"]
    for arguments in ({}, {"contactMethod": "phone", "email": "a@b.c"}, {"phone": "1", "unknown": 1}):
        wrong = wire.call("json_schema_2020_12_tool", arguments)["result"]
        assert wrong["isError"] is True
    assert right["isError"] is False


def test_a_mirrored_parameter_says_so_in_the_schema(wire: Wire) -> None:
    tools = {tool["name"]: tool for tool in answer(wire.modern("tools/list"))["result"]["tools"]}

    assert tools["test_x_mcp_header"]["inputSchema"]["properties"]["region"]["x-mcp-header"] == "Region"
    assert tools["ours_int_header"]["inputSchema"]["properties"]["count"]["x-mcp-header"] == "Count"
    assert tools["ours_int_header"]["inputSchema"]["properties"]["count"]["type"] == "integer"


@pytest.mark.parametrize("name", ["there_is_none", "TEST_SIMPLE_TEXT", "test_simple_text ", ""])
def test_an_unknown_tool_is_a_protocol_error(wire: Wire, name: str) -> None:
    answered = wire.call(name)

    assert answered["error"]["code"] == -32602
    assert "result" not in answered


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": 5, "arguments": {}},
        {"name": None},
        {"name": "test_simple_text", "arguments": []},
        {"name": "test_simple_text", "arguments": "x"},
        {"name": ["test_simple_text"], "arguments": {}},
    ],
)
def test_a_malformed_call_is_a_protocol_error(wire: Wire, params: dict[str, Any]) -> None:
    error = answer(wire.modern("tools/call", params))["error"]

    assert error["code"] in (-32602, -32600)


@pytest.mark.parametrize(
    "arguments", [{}, {"seconds": "long"}, {"seconds": -1}, {"seconds": 61}, {"seconds": 0, "call": 1}]
)
def test_wrong_arguments_are_told_in_a_result_that_names_them(wire: Wire, arguments: dict[str, Any]) -> None:
    result = wire.call("ours_slow", arguments)["result"]

    assert result["isError"] is True
    assert re.search("seconds|call", result["content"][0]["text"])


def test_what_a_tool_refuses_is_a_result_with_its_text(wire: Wire) -> None:
    result = wire.call("test_error_handling")["result"]

    assert result["isError"] is True
    assert result["content"] == [
        {"type": "text", "text": "This tool intentionally returns an error for testing"}
    ]


def test_what_goes_wrong_in_a_tool_shows_nothing_of_it(wire: Wire) -> None:
    result = wire.call("ours_broken")["result"]

    assert result["isError"] is True
    assert "secret" not in str(result)
    assert "Traceback" not in str(result)
    assert "ours.py" not in str(result)


def test_structured_content_is_there_as_text_too(wire: Wire) -> None:
    tools = {tool["name"]: tool for tool in answer(wire.modern("tools/list"))["result"]["tools"]}
    result = wire.call("ours_whoami")["result"]

    assert set(tools["ours_whoami"]["outputSchema"]["required"]) == set(result["structuredContent"])
    assert result["structuredContent"]["sub"] == "auth0|ada"
    assert '"auth0|ada"' in result["content"][0]["text"]


def test_content_is_a_list_of_blocks_of_every_kind(wire: Wire) -> None:
    kinds = {
        tool: [block["type"] for block in wire.call(tool)["result"]["content"]]
        for tool in (
            "test_simple_text",
            "test_image_content",
            "test_audio_content",
            "test_embedded_resource",
            "test_multiple_content_types",
        )
    }

    assert kinds == {
        "test_simple_text": ["text"],
        "test_image_content": ["image"],
        "test_audio_content": ["audio"],
        "test_embedded_resource": ["resource"],
        "test_multiple_content_types": ["text", "image", "resource"],
    }


def test_resources_and_templates_are_listed_apart(wire: Wire) -> None:
    resources = [one["uri"] for one in answer(wire.modern("resources/list"))["result"]["resources"]]
    templates = answer(wire.modern("resources/templates/list"))["result"]["resourceTemplates"]

    assert resources[0] == "test://static-text"
    assert "ours://cancelled" in resources
    assert [one["uriTemplate"] for one in templates] == ["test://template/{id}/data"]
    assert all(one["name"] for one in templates)


def test_a_template_gives_its_variables_to_the_function(wire: Wire) -> None:
    result = answer(wire.modern("resources/read", {"uri": "test://template/a%20b/data"}))["result"]

    assert result["contents"][0]["uri"] == "test://template/a%20b/data"
    assert '"id":"a b"' in result["contents"][0]["text"]


def test_binary_contents_are_base64(wire: Wire) -> None:
    result = answer(wire.modern("resources/read", {"uri": "test://static-binary"}))["result"]
    listed = answer(wire.modern("resources/list"))["result"]["resources"]

    assert base64.b64decode(result["contents"][0]["blob"], validate=True) == PNG
    assert result["contents"][0]["mimeType"] == "image/png"
    assert {one["uri"]: one.get("size") for one in listed}["test://static-binary"] == len(PNG)


@pytest.mark.parametrize(
    "uri",
    [
        "test://there-is-none",
        "TEST://static-text",
        "test://static-text/",
        "test://template/a/b/data",
        "../x",
        "",
    ],
)
def test_an_unknown_resource_is_an_error_that_names_it(wire: Wire, uri: str) -> None:
    error = answer(wire.modern("resources/read", {"uri": uri}))["error"]

    assert error["code"] == -32602
    assert error["data"]["uri"] == uri


@pytest.mark.parametrize("params", [{}, {"uri": 5}, {"uri": None}, {"uri": ["test://static-text"]}])
def test_a_read_without_a_uri_is_refused(wire: Wire, params: dict[str, Any]) -> None:
    assert answer(wire.modern("resources/read", params))["error"]["code"] in (-32602, -32600)


@pytest.mark.parametrize(
    "uri", ["test://template/../data", "test://template/%2e%2e/data", "test://template/a%2fb/data"]
)
def test_a_variable_of_a_template_stays_one_segment(wire: Wire, uri: str) -> None:
    answered = answer(wire.modern("resources/read", {"uri": uri}))

    if "result" in answered:
        # Decoded, but handed over as the one value that it is, never as a path that was walked.
        assert '"id":"' in answered["result"]["contents"][0]["text"]
    else:
        assert answered["error"]["code"] == -32602


def test_prompts_are_listed_with_their_arguments(wire: Wire) -> None:
    prompts = {one["name"]: one for one in answer(wire.modern("prompts/list"))["result"]["prompts"]}
    arguments = prompts["test_prompt_with_arguments"]["arguments"]

    assert all(one["description"] for one in prompts.values())
    assert [(one["name"], one["required"]) for one in arguments] == [("arg1", True), ("arg2", True)]
    assert arguments[0]["description"] == "the first argument"


@pytest.mark.parametrize("name", ["there_is_none", "Test_simple_prompt", ""])
def test_an_unknown_prompt_is_refused(wire: Wire, name: str) -> None:
    assert answer(wire.modern("prompts/get", {"name": name}))["error"]["code"] == -32602


@pytest.mark.parametrize("arguments", [{}, {"arg1": "x"}, {"arg1": "x", "arg2": 5}, []])
def test_a_prompt_without_its_arguments_is_refused(wire: Wire, arguments: Any) -> None:
    params = {"name": "test_prompt_with_arguments", "arguments": arguments}

    assert answer(wire.modern("prompts/get", params))["error"]["code"] == -32602


def complete(wire: Wire, ref: Any, argument: Any) -> dict[str, Any]:
    """Ask for completions."""
    return answer(wire.modern("completion/complete", {"ref": ref, "argument": argument}))


def test_values_are_completed(wire: Wire) -> None:
    ref = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    completion = complete(wire, ref, {"name": "arg1", "value": "test"})["result"]["completion"]
    nothing = complete(wire, ref, {"name": "arg2", "value": "test"})["result"]["completion"]

    assert completion["values"] == ["test", "testing", "tested"]
    assert nothing["values"] == []


def test_at_most_a_hundred_values_are_given_and_more_are_announced(wire: Wire) -> None:
    ref = {"type": "ref/resource", "uri": "test://template/{id}/data"}
    completion = complete(wire, ref, {"name": "id", "value": "1"})["result"]["completion"]

    assert len(completion["values"]) == 100
    assert completion["hasMore"] is True


@pytest.mark.parametrize(
    ("ref", "argument"),
    [
        ({"type": "ref/prompt", "name": "there_is_none"}, {"name": "arg1", "value": ""}),
        (
            {"type": "ref/prompt", "name": "test_prompt_with_arguments"},
            {"name": "there_is_none", "value": ""},
        ),
        ({"type": "ref/resource", "uri": "test://there/{is}/none"}, {"name": "is", "value": ""}),
        ({"type": "ref/tool", "name": "test_simple_text"}, {"name": "x", "value": ""}),
        ({"type": "ref/prompt", "name": "test_prompt_with_arguments"}, {"name": "arg1", "value": 5}),
        (None, None),
        ([], {}),
    ],
)
def test_completion_of_what_is_not_there_is_refused(wire: Wire, ref: Any, argument: Any) -> None:
    assert complete(wire, ref, argument)["error"]["code"] == -32602


@pytest.mark.parametrize("token", ["text", 0, 12, "", "12"])
def test_progress_grows_under_the_token_that_was_given_and_ends_with_the_answer(
    wire: Wire, token: Any
) -> None:
    *progress, last = streamed(wire, "test_tool_with_progress", progress_token=token)
    values = [message["params"]["progress"] for message in progress]

    assert values == [0, 50, 100]
    assert all(message["method"] == "notifications/progress" for message in progress)
    for message in progress:
        assert message["params"]["progressToken"] == token
        assert type(message["params"]["progressToken"]) is type(token)
    assert last["result"]["isError"] is False


def test_there_is_no_progress_without_a_token(wire: Wire) -> None:
    assert len(streamed(wire, "test_tool_with_progress")) == 1


def test_there_is_no_log_without_a_level(wire: Wire) -> None:
    for tool in ("test_tool_with_logging", "test_logging_tool"):
        assert len(streamed(wire, tool)) == 1


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("info", 3), ("notice", 0), ("emergency", 0)])
def test_only_messages_of_the_level_asked_for_are_logged(wire: Wire, level: str, count: int) -> None:
    *logged, last = streamed(wire, "test_tool_with_logging", logLevel=level)

    assert [message["method"] for message in logged] == ["notifications/message"] * count
    assert [message["params"]["data"] for message in logged] == [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ][:count]
    assert all(set(message["params"]) <= {"level", "data", "logger", "_meta"} for message in logged)
    assert last["result"]["isError"] is False


@pytest.mark.parametrize("level", ["loud", "INFO", 3, []])
def test_an_unknown_log_level_is_refused(wire: Wire, level: Any) -> None:
    answered = streamed(wire, "test_tool_with_logging", logLevel=level)

    assert [message["error"]["code"] for message in answered] == [-32602]


def test_a_closed_stream_cancels_its_call(served: Served) -> None:
    with served.wire() as wire:
        before = cancelled(wire)
        params = {"name": "ours_slow", "arguments": {"seconds": 30}}
        response = wire.modern("tools/call", params, progress_token=1, stream=True)
        next(events(response))
        response.close()

        assert any(cancelled(wire) > before for _ in range(2000))


def test_a_call_that_has_said_nothing_yet_is_cancelled_by_closing_the_connection(served: Served) -> None:
    with served.wire() as wire:
        before = cancelled(wire)
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "ours_slow", "arguments": {"seconds": 30}, "_meta": meta()},
        }
        headers = {
            "Authorization": f"Bearer {served.token()}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": "ours_slow",
        }
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
        connection.request("POST", "/mcp", json.dumps(body), headers)
        connection.close()

        assert any(cancelled(wire) > before for _ in range(2000))


def cancelled(wire: Wire) -> int:
    """Return how many calls noticed that they were cancelled."""
    result = answer(wire.modern("resources/read", {"uri": "ours://cancelled"}))["result"]
    return int(result["contents"][0]["text"])
