"""Tools: what is published of a function, and what becomes of its arguments, results and failures."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import gc
import json
import logging
from collections.abc import Generator
from typing import Annotated, Any, Literal

import mcp_types
import pytest
from flask import current_app, g, request
from pydantic import AfterValidator, BaseModel, Field
from typing_extensions import TypedDict
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0 import (
    Audio,
    AuthorizationUnavailable,
    Call,
    File,
    Image,
    PermissionDenied,
    RegistrationError,
    ToolError,
    current_call,
)
from flask_mcp_auth0.protocol.access import Refusal
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.protocol.server import Exchange
from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of, events, result_of


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Order(BaseModel):
    number: int
    placed: datetime.date


class Sizes(TypedDict):
    small: int


def definition(house: House, name: str) -> dict[str, Any]:
    tools = result_of(house.peer().modern("tools/list"))["tools"]
    return next(tool for tool in tools if tool["name"] == name)


def text_of(result: dict[str, Any]) -> str:
    assert result["content"][0]["type"] == "text"
    text: str = result["content"][0]["text"]
    return text


def test_a_definition_is_read_from_signature_and_docstring(house: House, register: Registrar) -> None:
    @register.tool(title="Book a table", annotations={"readOnlyHint": False}, meta={"com.example/x": 1})
    def book(
        day: datetime.date,
        seats: Annotated[int, Field(ge=1, le=12, description="how many of you")],
        where: Literal["in", "out"] = "in",
        color: Color = Color.RED,
        call: Call | None = None,
    ) -> str:
        """Book a table.

        Only for the evening.

        Args:
            day: when you come
            where: inside or outside
        """
        return "booked"

    found = definition(house, "book")
    assert found["title"] == "Book a table"
    assert found["description"] == "Book a table.\n\nOnly for the evening."
    assert found["annotations"] == {"readOnlyHint": False}
    assert found["_meta"] == {"com.example/x": 1}
    schema = found["inputSchema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["day", "seats"]
    assert schema["properties"]["day"] == {"type": "string", "format": "date", "description": "when you come"}
    assert schema["properties"]["seats"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 12,
        "description": "how many of you",
    }
    assert schema["properties"]["where"]["enum"] == ["in", "out"]
    assert "outputSchema" not in found


def test_the_running_call_is_injected_and_not_part_of_the_schema(house: House, register: Registrar) -> None:
    @register.tool
    def who(call: Call, greeting: str = "hi") -> str:
        assert call.request_id == current_call.request_id
        return f"{greeting} {(call.client_info or {}).get('name')}"

    assert list(definition(house, "who")["inputSchema"]["properties"]) == ["greeting"]
    assert text_of(house.peer().call("who")) == "hi peer"


def test_arguments_are_converted_to_the_declared_types(peer: Peer, register: Registrar) -> None:
    seen: list[Any] = []

    @register.tool
    def take(
        day: datetime.date, color: Color, point: Point, order: Order | None = None, schema: str = ""
    ) -> None:
        seen.extend([day, color, point, order, schema])

    peer.call("take", {"day": "2026-01-02", "color": "blue", "point": {"x": "1"}, "schema": "s"})
    assert seen == [datetime.date(2026, 1, 2), Color.BLUE, Point(1, 0), None, "s"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "number: this argument is required"),
        ({"number": "many"}, "number: Input should be a valid integer"),
        ({"number": 1, "extra": 2}, "extra: there is no such argument"),
        ({"number": 99}, "number: Input should be less than or equal to 10"),
        ({"number": [[[1]]]}, "number: Input should be a valid integer"),
    ],
)
def test_arguments_that_do_not_fit_are_told_to_the_model(
    peer: Peer, register: Registrar, arguments: dict[str, Any], told: str
) -> None:
    @register.tool
    def take(number: Annotated[int, Field(le=10)]) -> None:
        raise AssertionError("must not run")

    result = peer.call("take", arguments)
    assert result["isError"] is True
    assert text_of(result).startswith(f"Invalid arguments for the tool 'take': {told}")


def test_a_result_that_does_not_fit_cannot_forge_a_line_of_the_log(
    house: House, register: Registrar, caplog: pytest.LogCaptureFixture
) -> None:
    @register.tool
    def count(words: dict[str, str]) -> dict[str, int]:
        return words  # type: ignore[return-value]

    @register.tool(output_schema={"type": "object", "additionalProperties": {"type": "integer"}})
    def count_by_schema(words: dict[str, str]) -> Any:
        return words

    forged = "x\r\nINFO audit: all is well\x1b[31m\u2028"
    with caplog.at_level(logging.DEBUG, "flask_mcp_auth0"):
        for name in ("count", "count_by_schema"):
            assert house.peer().call(name, {"words": {forged: forged, "y" * 9_000: "z" * 9_000}})["isError"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) < 600
        assert "not" in record.getMessage()


def test_values_of_arguments_are_not_repeated_in_the_error(peer: Peer, register: Registrar) -> None:
    @register.tool
    def take(number: int) -> None: ...

    assert "hunter2" not in text_of(peer.call("take", {"number": "hunter2"}))


@pytest.mark.parametrize(
    "params", [{}, {"name": 7}, {"name": "greet", "arguments": [1]}, {"name": "greet", "arguments": "x"}]
)
def test_a_malformed_call_is_the_protocols_error(
    peer: Peer, register: Registrar, params: dict[str, Any]
) -> None:
    @register.tool
    def greet() -> str:
        return ""

    assert error_of(peer.modern("tools/call", params, headers={"Mcp-Name": "greet"}))["code"] == -32602


@pytest.mark.parametrize("name", ["missing", "Greet", "greet ", ""])
def test_an_unknown_tool_is_the_protocols_error(peer: Peer, register: Registrar, name: str) -> None:
    @register.tool
    def greet() -> str:
        return ""

    error = error_of(peer.legacy("tools/call", {"name": name}))
    assert error == {"code": -32602, "message": f"Unknown tool: {name}"}


def test_what_annotates_a_parameters_type_is_applied_once(house: House, register: Registrar) -> None:
    @register.tool
    def add(
        one: Annotated[int, AfterValidator(lambda value: value + 1)],
        two: Annotated[int, Field(ge=1), AfterValidator(lambda value: value + 1)] = 5,
    ) -> str:
        return f"{one} {two}"

    properties = definition(house, "add")["inputSchema"]["properties"]
    assert properties == {"one": {"type": "integer"}, "two": {"type": "integer", "minimum": 1, "default": 5}}
    assert text_of(house.peer().call("add", {"one": 1, "two": 1})) == "2 2"
    assert text_of(house.peer().call("add", {"one": 1})) == "2 5"


def test_a_schema_of_ones_own_is_published_and_enforced(house: House, register: Registrar) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        "additionalProperties": False,
    }

    @register.tool(input_schema=schema)
    def either(call: Call, **arguments: Any) -> str:
        return ",".join(sorted(arguments))

    assert definition(house, "either")["inputSchema"] == schema
    assert text_of(house.peer().call("either", {"a": "1"})) == "a"
    assert house.peer().call("either", {})["isError"] is True
    assert "c" in text_of(house.peer().call("either", {"a": "1", "c": 1}))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string"}, "must be an object schema"),
        ({"type": "object", "properties": 7}, "not a valid JSON Schema"),
        ({"type": "object", "$schema": "https://example.com/mine"}, "dialect"),
    ],
)
def test_a_schema_that_is_none_is_refused_at_registration(schema: dict[str, Any], reason: str) -> None:
    registrar = Registrar()

    @registrar.tool(input_schema=schema)
    def bad(**arguments: Any) -> str:
        return ""

    with pytest.raises(RegistrationError, match=reason):
        Registry(component for component, _ in registrar._registered())


def test_a_reference_to_the_network_is_never_fetched(peer: Peer, register: Registrar) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}}

    @register.tool(input_schema=schema)
    def refer(**arguments: Any) -> str:
        return "ran"

    result = peer.call("refer", {"a": 1})
    assert result["isError"] is True
    assert "cannot be applied" in text_of(result)


@pytest.mark.parametrize(
    ("annotation", "value", "structured", "text"),
    [
        (int, 3, {"result": 3}, "3"),
        (bool, True, {"result": True}, "true"),
        (list[int], [1, 2], {"result": [1, 2]}, "[1, 2]"),
        (dict[str, int], {"a": 1}, {"a": 1}, '{"a": 1}'),
        (Point, Point(1, 2), {"x": 1, "y": 2}, '{"x": 1, "y": 2}'),
        (
            Order,
            Order(number=1, placed=datetime.date(2026, 1, 2)),
            {"number": 1, "placed": "2026-01-02"},
            None,
        ),
        (Sizes, {"small": 1}, {"small": 1}, '{"small": 1}'),
        (int | None, None, {"result": None}, "null"),
        (list[Point], [Point(1)], {"result": [{"x": 1, "y": 0}]}, None),
    ],
)
def test_results_of_a_declared_type_are_structured(
    house: House, register: Registrar, annotation: Any, value: Any, structured: Any, text: str | None
) -> None:
    def give() -> Any:
        return value

    give.__annotations__["return"] = annotation
    register.tool(give)
    result = house.peer().call("give")
    assert result["structuredContent"] == structured
    assert text is None or text_of(result) == text
    assert definition(house, "give")["outputSchema"]["type"] == "object"


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", [{"type": "text", "text": "text"}]),
        (None, []),
        (Image(b"png"), [{"type": "image", "data": "cG5n", "mimeType": "image/png"}]),
        (Audio(b"wav"), [{"type": "audio", "data": "d2F2", "mimeType": "audio/wav"}]),
        (
            File("file:///a.csv", "x;y"),
            [
                {
                    "type": "resource",
                    "resource": {"uri": "file:///a.csv", "mimeType": "text/csv", "text": "x;y"},
                }
            ],
        ),
        (
            File("file:///a", b"\x00"),
            [
                {
                    "type": "resource",
                    "resource": {"uri": "file:///a", "mimeType": "application/octet-stream", "blob": "AA=="},
                }
            ],
        ),
        (
            ["a", Image(b"p")],
            [{"type": "text", "text": "a"}, {"type": "image", "data": "cA==", "mimeType": "image/png"}],
        ),
        ({"a": 1}, [{"type": "text", "text": '{"a": 1}'}]),
        (
            Order(number=1, placed=datetime.date(2026, 1, 2)),
            [{"type": "text", "text": '{"number": 1, "placed": "2026-01-02"}'}],
        ),
        (mcp_types.TextContent(text="t"), [{"type": "text", "text": "t"}]),
    ],
)
def test_results_of_no_declared_type_become_content(
    peer: Peer, register: Registrar, value: Any, content: Any
) -> None:
    @register.tool
    def give():  # type: ignore[no-untyped-def]
        return value

    result = peer.call("give")
    assert result["content"] == content
    assert result["isError"] is False
    assert "structuredContent" not in result


def test_a_result_of_the_protocols_own_type_is_passed_on(peer: Peer, register: Registrar) -> None:
    @register.tool
    def give() -> mcp_types.CallToolResult:
        return mcp_types.CallToolResult(content=[], is_error=True, meta={"com.example/a": 1})

    result = peer.call("give")
    assert (result["isError"], result["_meta"]["com.example/a"], result["resultType"]) == (
        True,
        1,
        "complete",
    )


def test_an_output_schema_of_ones_own_is_enforced(house: House, register: Registrar) -> None:
    @register.tool(output_schema={"type": "object", "required": ["a"]})
    def give(good: bool):  # type: ignore[no-untyped-def]
        return {"a": 1} if good else {}

    assert house.peer().call("give", {"good": True})["structuredContent"] == {"a": 1}
    assert house.peer().call("give", {"good": False})["isError"] is True


@pytest.mark.parametrize("value", ["three", float("nan"), object()])
def test_a_result_that_breaks_the_declaration_is_masked(
    peer: Peer, register: Registrar, caplog: pytest.LogCaptureFixture, value: Any
) -> None:
    @register.tool
    def give() -> int:
        return value  # type: ignore[no-any-return]

    result = peer.call("give")
    assert result["isError"] is True
    assert text_of(result) == "The tool failed; the server's log says why."
    assert "give" in caplog.text


def test_a_result_that_cannot_be_json_is_masked(peer: Peer, register: Registrar) -> None:
    @register.tool
    def give():  # type: ignore[no-untyped-def]
        return {1, object()}

    assert peer.call("give")["isError"] is True


def test_infinite_numbers_never_reach_the_wire(peer: Peer, register: Registrar) -> None:
    @register.tool(output_schema={"type": "object"})
    def give():  # type: ignore[no-untyped-def]
        return {"a": float("inf")}

    response = peer.modern("tools/call", {"name": "give"})
    assert error_of(response)["code"] == -32603
    assert b"Infinity" not in response.data


def test_an_exceptions_text_stays_in_the_log(
    peer: Peer, register: Registrar, caplog: pytest.LogCaptureFixture
) -> None:
    @register.tool
    def fail() -> str:
        raise ValueError("the password is hunter2")

    with caplog.at_level(logging.ERROR):
        result = peer.call("fail")
    assert result["isError"] is True
    assert "hunter2" not in str(result)
    assert "hunter2" in caplog.text


def test_the_text_of_a_tool_error_reaches_the_caller(house: House, register: Registrar) -> None:
    @register.tool
    def refuse() -> str:
        raise ToolError("There are no such orders.")

    result = house.peer().call("refuse")
    assert (result["isError"], text_of(result)) == (True, "There are no such orders.")
    assert house.outcomes == [("refuse", "error")]


@pytest.mark.parametrize("error", [PermissionDenied(), AuthorizationUnavailable("because")])
def test_a_refusal_from_within_is_answered_as_access_says(
    house: House, register: Registrar, error: Exception
) -> None:
    @register.tool
    def refuse() -> str:
        raise error

    assert text_of(house.peer().call("refuse")) == f"refused: {type(error).__name__}"
    assert house.outcomes == [("refuse", "refused")]


def test_a_refused_tool_does_not_run_and_its_arguments_are_not_looked_at(
    house: House, register: Registrar
) -> None:
    @register.tool
    def secret(number: int) -> str:
        raise AssertionError("must not run")

    house.door.refusals["secret"] = Refusal("denied", "You don't have permission to use the 'secret' tool.")
    result = house.peer().call("secret", {"number": "wrong", "more": 1})
    assert (result["isError"], text_of(result)) == (
        True,
        "You don't have permission to use the 'secret' tool.",
    )


def test_a_decision_by_arguments_is_given_them_as_the_function_will_get_them(
    house: House, register: Registrar
) -> None:
    @register.tool
    def refund(order: int, at: datetime.date, note: str = "none", *, call: Call) -> str:
        return f"{order!r} {note}"

    house.door.conditional.add("refund")
    assert text_of(house.peer().call("refund", {"order": "+7", "at": "2026-01-02"})) == "7 none"
    assert house.door.asked == [("refund", {"order": 7, "at": datetime.date(2026, 1, 2), "note": "none"})]


def test_arguments_are_made_once_for_the_decision_and_the_function(house: House, register: Registrar) -> None:
    made: list[int] = []

    def count(value: int) -> int:
        made.append(value)
        return value * len(made)

    def take(number: int) -> str:
        return str(number)

    take.__annotations__["number"] = Annotated[int, AfterValidator(count)]
    register.tool(take)
    house.door.conditional.add("take")
    assert text_of(house.peer().call("take", {"number": 5})) == "5"
    assert house.door.asked == [("take", {"number": 5})]


def test_arguments_that_do_not_fit_are_told_to_a_caller_who_holds_all_else(
    house: House, register: Registrar
) -> None:
    @register.tool
    def refund(order: int) -> str:
        raise AssertionError("must not run")

    house.door.conditional.add("refund")
    result = house.peer().call("refund", {"order": "seven"})
    assert result["isError"] is True
    assert text_of(result).startswith("Invalid arguments for the tool 'refund': order")
    house.door.refusals["refund"] = Refusal("denied", "No.")
    assert text_of(house.peer().call("refund", {"order": "seven"})) == "No."
    assert house.door.asked == []


def test_a_challenge_is_an_http_403(house: House, register: Registrar) -> None:
    @register.tool
    def step() -> str:
        return ""

    house.door.refusals["step"] = Refusal("challenge", "more", 'Bearer error="insufficient_scope"')
    response = house.peer().modern("tools/call", {"name": "step"})
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
    assert response.get_json()["error"] == "insufficient_scope"


def test_a_challenge_can_be_told_in_the_result(house: House, register: Registrar) -> None:
    @register.tool
    def step() -> str:
        return ""

    house.door.refusals["step"] = Refusal("challenge", "more", "Bearer x", challenge_as="result")
    result = house.peer().call("step")
    assert (result["isError"], result["_meta"]["mcp/www_authenticate"]) == (True, ["Bearer x"])


def test_a_call_without_a_token_is_an_http_401(house: House, register: Registrar) -> None:
    @register.tool
    def step() -> str:
        return ""

    house.door.refusals["step"] = Refusal("unauthenticated", "Log in.", "Bearer")
    assert house.peer().modern("tools/call", {"name": "step"}).status_code == 401


def test_a_hidden_tool_is_answered_as_an_unknown_one(house: House, register: Registrar) -> None:
    @register.tool
    def concealed(region: str) -> str:
        return ""

    house.door.refusals["concealed"] = Refusal("hidden", "")
    peer = house.peer()
    hidden = peer.modern("tools/call", {"name": "concealed"})
    unknown = peer.modern("tools/call", {"name": "concealeX"})
    assert hidden.status_code == unknown.status_code
    assert error_of(hidden) == {"code": -32602, "message": "Unknown tool: concealed"}
    assert error_of(unknown) == {"code": -32602, "message": "Unknown tool: concealeX"}


def test_an_outage_is_told_for_an_unknown_name_as_for_a_concealed_one(house: House) -> None:
    @house.registrar.tool
    def some() -> str:
        return ""

    house.door.refusals["unknown:tool"] = Refusal("unavailable", "later")
    assert text_of(house.peer().call("other")) == "later"


def test_a_tool_has_flasks_context_and_teardown_comes_after_it(house: House, register: Registrar) -> None:
    order: list[str] = []

    @house.app.before_request
    def _before() -> None:
        g.user = "alice"

    @house.app.teardown_request
    def _teardown(error: BaseException | None) -> None:
        order.append("teardown")

    @register.tool
    def context() -> str:
        order.append("tool")
        return f"{g.user} {request.path} {current_app.name}"

    assert text_of(house.peer().call("context")) == "alice /mcp house"
    assert order == ["tool", "teardown"]


def test_an_asynchronous_function_is_run_too(peer: Peer, register: Registrar) -> None:
    @register.tool
    async def later(call: Call) -> int:
        return len(call.protocol_version)

    assert peer.call("later")["structuredContent"] == {"result": 10}


def test_progress_and_messages_come_before_the_answer(house: House, register: Registrar) -> None:
    @register.tool
    def work(call: Call) -> str:
        call.progress(0, 2, "starting")
        call.log("info", {"step": 1})
        call.progress(0, 2, "does not grow")
        call.progress(1.5, 2)
        return "done"

    meta = {"progressToken": "p1", "io.modelcontextprotocol/logLevel": "info"}
    response = house.peer().modern("tools/call", {"name": "work"}, **meta)
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    messages = events(response)
    assert [message.get("method") for message in messages] == [
        "notifications/progress",
        "notifications/message",
        "notifications/progress",
        None,
    ]
    assert messages[0]["params"] == {"progressToken": "p1", "progress": 0, "total": 2, "message": "starting"}
    assert messages[1]["params"] == {"level": "info", "data": {"step": 1}}
    assert messages[2]["params"]["progress"] == 1.5
    assert text_of(messages[3]["result"]) == "done"


def test_a_progress_token_is_repeated_up_to_a_length_and_refused_beyond_it(
    house: House, register: Registrar
) -> None:
    ran: list[bool] = []

    @register.tool
    def work() -> Generator[int, None, str]:
        ran.append(True)
        yield from range(1, 4)
        return "done"

    peer = house.peer()
    messages = events(peer.modern("tools/call", {"name": "work"}, progressToken="p" * 1024))
    assert [message["params"]["progressToken"] for message in messages[:-1]] == ["p" * 1024] * 3
    response = peer.modern("tools/call", {"name": "work"}, progressToken="p" * 1025)
    assert error_of(response)["code"] == -32602
    legacy = peer.legacy("tools/call", {"name": "work", "_meta": {"progressToken": "p" * 1025}})
    assert error_of(legacy)["code"] == -32602
    assert ran == [True]
    assert len(response.data) + len(legacy.data) < 600


def test_nothing_is_sent_that_was_not_asked_for(peer: Peer, register: Registrar) -> None:
    @register.tool
    def work(call: Call) -> str:
        call.progress(1)
        call.log("emergency", "x")
        return "done"

    response = peer.modern("tools/call", {"name": "work"})
    assert response.mimetype == "application/json"


def test_messages_below_the_level_are_not_sent(peer: Peer, register: Registrar) -> None:
    @register.tool
    def work(call: Call) -> str:
        call.log("debug", "quiet")
        call.log("error", "loud")
        return "done"

    messages = events(
        peer.modern("tools/call", {"name": "work"}, **{"io.modelcontextprotocol/logLevel": "warning"})
    )
    assert [message["params"]["data"] for message in messages[:-1]] == ["loud"]


def test_a_client_that_takes_no_stream_gets_the_answer_alone(peer: Peer, register: Registrar) -> None:
    @register.tool
    def work(call: Call) -> str:
        call.progress(1)
        return "done"

    response = peer.modern("tools/call", {"name": "work"}, {"Accept": "application/json"}, progressToken=1)
    assert response.mimetype == "application/json"
    assert text_of(result_of(response)) == "done"


@pytest.mark.parametrize("progress", [True, False])
def test_what_a_call_has_made_goes_with_its_response(peer: Peer, register: Registrar, progress: bool) -> None:
    @register.tool
    def work(call: Call) -> str:
        if progress:
            call.progress(1, 2)
        return "done"

    gc.collect()
    before = {id(one) for one in gc.get_objects() if isinstance(one, Exchange)}
    gc.disable()
    try:
        peer.modern("tools/call", {"name": "work", "arguments": {}}, progressToken="t").close()
        assert {id(one) for one in gc.get_objects() if isinstance(one, Exchange)} <= before
    finally:
        gc.enable()


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "text/event-stream"])
def test_a_server_that_lends_no_write_still_gets_the_answer(
    peer: Peer, house: House, register: Registrar, accept: str
) -> None:
    @register.tool
    def slow(call: Call) -> str:
        call.progress(1, 2)
        call.check_cancelled()
        return f"done, {call.cancelled=}"

    body = peer.modern_request("tools/call", {"name": "slow", "arguments": {}}, progressToken="t")
    headers = {**peer.modern_headers(body), "Content-Type": "application/json", "Accept": accept}
    environ = EnvironBuilder("/mcp", method="POST", json=body, headers=headers).get_environ()
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        statuses.append(status)

    answered = b"".join(house.app.wsgi_app(environ, start_response))  # type: ignore[arg-type]

    result = json.loads(answered)["result"]
    assert result["content"][0]["text"] == "done, call.cancelled=False"
    assert statuses[-1] == "200 OK"


def test_what_a_generator_yields_is_progress_and_what_it_returns_the_result(
    house: House, register: Registrar
) -> None:
    @register.tool
    def count(to: int) -> Generator[tuple[int, int, str], None, int]:
        for step in range(1, to + 1):
            yield step, to, f"step {step}"
        return to * 10

    messages = events(
        house.peer().modern("tools/call", {"name": "count", "arguments": {"to": 2}}, progressToken=7)
    )
    assert [message["params"]["progress"] for message in messages[:-1]] == [1, 2]
    assert messages[-1]["result"]["structuredContent"] == {"result": 20}
    assert definition(house, "count")["outputSchema"]["properties"]["result"] == {"type": "integer"}


def test_a_generator_that_yields_something_else_is_masked(peer: Peer, register: Registrar) -> None:
    @register.tool
    def odd() -> Generator[object, None, str]:
        yield object()
        return ""

    assert peer.call("odd")["isError"] is True


def test_two_tools_of_one_name_are_refused_naming_both_places(register: Registrar) -> None:
    @register.tool
    def twice() -> str:
        return ""

    with pytest.raises(
        RegistrationError, match=r"two tools are called 'twice': .*test_tools.py:\d+ and .*test_tools.py:\d+"
    ):

        @register.tool(name="twice")
        def other() -> str:
            return ""


@pytest.mark.parametrize("name", ["with space", "ümlaut", "a" * 129, "a/b", 'quo"te'])
def test_a_name_that_clients_would_refuse_is_refused(name: str) -> None:
    registrar = Registrar()

    @registrar.tool(name=name)
    def bad() -> str:
        return ""

    with pytest.raises(RegistrationError, match="cannot be a tool's name"):
        Registry(component for component, _ in registrar._registered())


def test_functions_that_cannot_be_tools_are_refused_with_the_reason() -> None:
    def positional(a: int, /) -> str:
        return ""

    def variable(*numbers: int) -> str:
        return ""

    def strange(value: object = None, other: type[Registry] | None = None) -> str:
        return ""

    def unresolved(value: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
        return ""

    for function, reason in (
        (positional, "cannot be filled from named arguments"),
        (variable, "cannot be filled from named arguments"),
        (unresolved, "'Missing'"),
    ):
        registrar = Registrar()
        registrar.tool(function)
        with pytest.raises(RegistrationError, match=reason):
            Registry(component for component, _ in registrar._registered())
    with pytest.raises(RegistrationError, match="no name of its own"):
        Registrar().tool(lambda: "")
    with pytest.raises(RegistrationError, match="is not a function"):
        Registrar().tool("name")  # type: ignore[call-overload]


def test_a_decorated_function_stays_the_function_it_was(register: Registrar) -> None:
    def plain(number: int) -> int:
        return number * 2

    assert register.tool(plain) is plain
    assert register.tool(name="again")(plain) is plain
    assert plain(21) == 42
