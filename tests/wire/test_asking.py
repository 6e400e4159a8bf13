"""Asking the user: by ``input_required`` in 2026-07-28, by requests on the call's stream before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .conftest import Kind, Pair, Served, Start
from .raw import Handshaken, Wire, answer, events

pytestmark = pytest.mark.wire

ABLE: dict[str, Any] = {"clientCapabilities": {"elicitation": {}, "sampling": {}, "roots": {}}}
ADA: dict[str, Any] = {"action": "accept", "content": {"name": "Ada"}}
YES = {"action": "accept", "content": {"ok": True}}


def first_round(wire: Wire, tool: str, **options: Any) -> dict[str, Any]:
    """Call a tool that asks, and return the result with its questions."""
    result: dict[str, Any] = wire.call(tool, **{**ABLE, **options})["result"]
    assert result["resultType"] == "input_required"
    return result


def again(wire: Wire, tool: str, state: str | None, responses: Any, **options: Any) -> dict[str, Any]:
    """Call again with answers."""
    params: dict[str, Any] = {"name": tool, "arguments": {}, "inputResponses": responses}
    if state is not None:
        params["requestState"] = state
    return answer(wire.modern("tools/call", params, **{**ABLE, **options}))


def text(answered: dict[str, Any]) -> str:
    """Return the text of a finished call."""
    assert answered["result"]["resultType"] == "complete", answered
    found: str = answered["result"]["content"][0]["text"]
    return found


def test_a_question_has_its_key_its_form_and_a_state(wire: Wire) -> None:
    result = first_round(wire, "test_input_required_result_elicitation")
    question = result["inputRequests"]["user_name"]

    assert question["method"] == "elicitation/create"
    assert question["params"]["message"] == "What is your name?"
    assert question["params"]["requestedSchema"]["properties"]["name"]["type"] == "string"
    assert question["params"]["requestedSchema"]["required"] == ["name"]
    assert isinstance(result["requestState"], str)


def test_a_state_from_one_worker_is_good_at_another(pair: Pair) -> None:
    tool = "test_input_required_result_request_state"
    with pair.first.wire() as first, pair.second.wire() as second:
        state = first_round(first, tool)["requestState"]

        assert "state-ok" in text(again(second, tool, state, {"confirm": YES}))


def test_a_state_is_spent_for_all_workers_once_it_was_used(pair: Pair) -> None:
    tool = "test_input_required_result_request_state"
    with pair.first.wire() as first, pair.second.wire() as second:
        state = first_round(first, tool)["requestState"]
        text(again(second, tool, state, {"confirm": YES}))

        for wire in (first, second):
            assert again(wire, tool, state, {"confirm": YES})["error"]["code"] == -32602


def test_answers_of_earlier_rounds_are_kept_in_the_state(wire: Wire) -> None:
    tool = "test_input_required_result_multi_round"
    one = first_round(wire, tool)
    two = again(wire, tool, one["requestState"], {"step1": ADA})["result"]
    blue = {"action": "accept", "content": {"color": "blue"}}
    done = text(again(wire, tool, two["requestState"], {"step2": blue}))

    assert list(one["inputRequests"]) == ["step1"]
    assert list(two["inputRequests"]) == ["step2"]
    assert one["requestState"] != two["requestState"]
    assert "Ada" in done
    assert "blue" in done


def test_several_questions_are_asked_at_once(wire: Wire) -> None:
    tool = "test_input_required_result_multiple_inputs"
    result = first_round(wire, tool)
    content = {"type": "text", "text": "Good day"}
    sampled = {"role": "assistant", "content": content, "model": "m", "stopReason": "endTurn"}
    responses = {"user_name": ADA, "greeting": sampled, "client_roots": {"roots": [{"uri": "file:///srv"}]}}
    partly = again(wire, tool, result["requestState"], {"user_name": ADA})["result"]

    assert {one["method"] for one in result["inputRequests"].values()} == {
        "elicitation/create",
        "sampling/createMessage",
        "roots/list",
    }
    assert set(partly["inputRequests"]) == {"greeting", "client_roots"}
    del responses["user_name"]
    assert text(again(wire, tool, partly["requestState"], responses)) == "Good day, Ada (1 roots)"


@pytest.mark.parametrize("change", ["-TAMPERED", "", "x" * 100_000])
def test_a_changed_state_is_refused(wire: Wire, change: str) -> None:
    tool = "test_input_required_result_tampered_state"
    state = first_round(wire, tool)["requestState"]
    changed = state + change if change else state[:-8] + ("A" * 8 if state[-8:] != "A" * 8 else "B" * 8)

    assert again(wire, tool, changed, {"confirm": YES})["error"]["code"] == -32602


def test_a_state_is_good_only_for_the_caller_the_function_and_the_arguments_it_was_made_for(
    standard: Served,
) -> None:
    tool = "test_input_required_result_tampered_state"
    with standard.wire() as ada, standard.wire(standard.token("auth0|mallory")) as mallory:
        state = first_round(ada, tool)["requestState"]

        assert again(mallory, tool, state, {"confirm": YES})["error"]["code"] == -32602
        other = again(ada, "test_input_required_result_request_state", state, {"confirm": YES})
        assert other["error"]["code"] == -32602
        params = {
            "name": tool,
            "arguments": {"x": 1},
            "requestState": state,
            "inputResponses": {"confirm": YES},
        }
        assert (
            "error" in (changed := answer(ada.modern("tools/call", params, **ABLE)))
            or changed["result"]["isError"]
        )


@pytest.mark.parametrize("state", [5, [], {}, "", "made-up", True])
def test_a_state_that_is_none_is_refused(wire: Wire, state: Any) -> None:
    tool = "test_input_required_result_tampered_state"

    assert again(wire, tool, state, {"confirm": YES})["error"]["code"] == -32602


def test_answers_without_a_state_are_taken_only_where_the_tool_says_so(wire: Wire) -> None:
    willing = again(wire, "test_input_required_result_elicitation", None, {"user_name": ADA, "more": ADA})
    strict = again(wire, "test_input_required_result_request_state", None, {"confirm": YES})

    assert text(willing) == "Hello, Ada!"
    assert strict["result"]["resultType"] == "input_required"


@pytest.mark.parametrize(
    "responses",
    [
        {"user_name": 12345},
        {"user_name": None},
        {"user_name": {"action": "accept"}},
        {"user_name": {"action": "accept", "content": {"name": 5}}},
        {"user_name": {"action": "perhaps", "content": {"name": "Ada"}}},
        {"other": ADA},
        {},
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(wire: Wire, responses: dict[str, Any]) -> None:
    answered = again(wire, "test_input_required_result_elicitation", None, responses)

    assert answered["result"]["resultType"] == "input_required"
    assert "user_name" in answered["result"]["inputRequests"]


@pytest.mark.parametrize("responses", [None, 5, [], "x"])
def test_answers_that_are_no_object_are_refused(wire: Wire, responses: Any) -> None:
    answered = again(wire, "test_input_required_result_elicitation", None, responses)

    assert answered["error"]["code"] == -32602


def test_a_no_is_an_answer(wire: Wire) -> None:
    tool = "test_input_required_result_elicitation"
    for action in ("decline", "cancel"):
        assert text(again(wire, tool, None, {"user_name": {"action": action}})) == "Hello, stranger!"


def test_nothing_is_asked_for_that_the_client_did_not_declare(wire: Wire) -> None:
    tool = "test_input_required_result_capabilities"
    sampling = wire.call(tool, clientCapabilities={"sampling": {}})["result"]["inputRequests"]
    both = wire.call(tool, **ABLE)["result"]["inputRequests"]
    urls_only = wire.modern(
        "tools/call",
        {"name": "test_input_required_result_elicitation", "arguments": {}},
        clientCapabilities={"elicitation": {"url": {}}},
    )

    assert {one["method"] for one in sampling.values()} == {"sampling/createMessage"}
    assert {one["method"] for one in both.values()} == {"elicitation/create"}
    assert urls_only.status_code == 400
    assert answer(urls_only)["error"]["data"]["requiredCapabilities"] == {"elicitation": {"form": {}}} or (
        answer(urls_only)["error"]["data"]["requiredCapabilities"] == {"elicitation": {}}
    )


def test_a_prompt_may_ask_too(wire: Wire) -> None:
    name = {"name": "test_input_required_result_prompt"}
    asked = answer(wire.modern("prompts/get", name, **ABLE))["result"]
    context = {"user_context": {"action": "accept", "content": {"context": "ships"}}}
    params = {**name, "requestState": asked["requestState"], "inputResponses": context}
    done = answer(wire.modern("prompts/get", params, **ABLE))["result"]

    assert asked["resultType"] == "input_required"
    assert done["messages"][0]["content"]["text"] == "Think about ships."


def test_lists_never_ask(wire: Wire) -> None:
    for method in (
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "server/discover",
    ):
        assert answer(wire.modern(method, **ABLE))["result"]["resultType"] == "complete"


CAPABILITIES: dict[str, Any] = {"elicitation": {}, "sampling": {}}


def asked(
    session: Handshaken, tool: str, arguments: dict[str, Any]
) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Call a tool that asks; return the question and the rest of the stream."""
    response = session.request("tools/call", {"name": tool, "arguments": arguments}, stream=True)
    assert response.headers["Content-Type"].startswith("text/event-stream"), response.text
    stream = events(response)
    return next(stream), stream


def reply(session: Handshaken, question: dict[str, Any], result: dict[str, Any]) -> int:
    """Answer a question and return the HTTP status."""
    return session.post({"jsonrpc": "2.0", "id": question["id"], "result": result}).status_code


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_an_answer_may_arrive_at_another_worker_than_the_one_that_asked(pair: Pair, version: str) -> None:
    with pair.first.wire() as first, pair.second.wire() as second:
        _, session = first.initialize(version, CAPABILITIES)
        question, stream = asked(session, "test_elicitation", {"message": "Well?"})
        said = {"action": "accept", "content": {"username": "yes", "email": "ada@example.com"}}
        status = reply(session.at(second), question, said)

        assert question["method"] == "elicitation/create"
        assert question["params"]["message"] == "Well?"
        assert status == 202
        assert "yes" in next(stream)["result"]["content"][0]["text"]


def test_an_answer_is_taken_once_and_only_from_the_caller_who_was_asked(pair: Pair) -> None:
    with (
        pair.first.wire() as ada,
        pair.second.wire(pair.second.token("auth0|mallory")) as mallory,
    ):
        _, session = ada.initialize("2025-11-25", CAPABILITIES)
        _, other = mallory.initialize("2025-11-25", CAPABILITIES)
        question, stream = asked(session, "test_elicitation", {"message": "Well?"})
        said = {"action": "accept", "content": {"username": "yes", "email": "ada@example.com"}}

        assert 400 <= reply(other, question, said) < 500
        assert reply(session, question, said) == 202
        assert "yes" in next(stream)["result"]["content"][0]["text"]
        assert 400 <= reply(session, question, said) < 500


def test_a_model_is_asked_on_the_stream_of_the_call(pair: Pair) -> None:
    with pair.first.wire() as wire:
        _, session = wire.initialize("2025-11-25", CAPABILITIES)
        question, stream = asked(session, "test_sampling", {"prompt": "Say hello"})
        content = {"type": "text", "text": "hello"}
        reply(session, question, {"role": "assistant", "content": content, "model": "m"})

        assert question["method"] == "sampling/createMessage"
        assert question["params"]["maxTokens"] == 100
        assert next(stream)["result"]["content"][0]["text"] == "LLM response: hello"


def test_a_refusal_of_the_client_to_answer_is_no_answer(pair: Pair) -> None:
    with pair.first.wire() as wire:
        _, session = wire.initialize("2025-11-25", CAPABILITIES)
        question, stream = asked(session, "test_elicitation", {"message": "Well?"})
        error = {"code": -1, "message": "the user closed the window"}
        status = session.post({"jsonrpc": "2.0", "id": question["id"], "error": error}).status_code

        assert status == 202
        assert "action=cancel" in next(stream)["result"]["content"][0]["text"]


def test_unanswered_questions_of_one_caller_leave_threads_for_calls_and_for_the_questions_of_others(
    start: Start,
) -> None:
    served = start(Kind("gthread", 1, shared=False))
    said = {"action": "accept", "content": {"username": "yes", "email": "ada@example.com"}}
    with ExitStack() as stack:
        wires = [stack.enter_context(served.wire()) for _ in range(9)]
        other = stack.enter_context(served.wire(served.token("auth0|grace")))
        _, session = wires[0].initialize("2025-11-25", CAPABILITIES)
        waiting = []
        # Half of what may wait on 16 threads.
        for wire in wires[:6]:
            waiting.append(asked(session.at(wire), "test_elicitation", {"message": "Well?"}))
            assert waiting[-1][0]["method"] == "elicitation/create"
        refused = session.at(wires[6]).call("test_elicitation", {"message": "Well?"})["result"]
        _, theirs = other.initialize("2025-11-25", CAPABILITIES)
        waiting.append(asked(theirs, "test_elicitation", {"message": "Well?"}))
        called = wires[7].call("test_simple_text")
        answers = []
        for question, stream in waiting:
            reply(theirs if stream is waiting[-1][1] else session.at(wires[8]), question, said)
            answers.append(next(stream)["result"]["isError"])

    assert refused["isError"] is True
    assert "as many answers as it can" in refused["content"][0]["text"]
    assert called["result"]["isError"] is False
    assert answers == [False] * 7


@pytest.mark.parametrize("capabilities", [{}, {"sampling": {}}])
def test_a_client_that_cannot_be_asked_is_told_so_at_once(pair: Pair, capabilities: dict[str, Any]) -> None:
    with pair.first.wire() as wire:
        _, session = wire.initialize("2025-11-25", capabilities)
        answered = session.call("test_elicitation", {"message": "Well?"})

        assert "elicitation" in str(answered.get("error") or answered["result"]["content"])
        assert "error" in answered or answered["result"]["isError"] is True


@pytest.mark.parametrize("id", ["made-up", 1, 0])
def test_an_answer_that_nobody_waits_for_is_an_http_error(wire: Wire, id: Any) -> None:
    _, session = wire.initialize("2025-11-25")
    response = session.post({"jsonrpc": "2.0", "id": id, "result": {}})

    assert 400 <= response.status_code < 500
