"""Prompts and completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import mcp_types
import pytest

from flask_mcp_auth0 import Call, Image, PermissionDenied, RegistrationError, ToolError, ask
from flask_mcp_auth0.protocol.access import Refusal
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of, result_of


def get(peer: Peer, name: str, arguments: Mapping[str, str] | None = None) -> dict[str, Any]:
    return result_of(peer.modern("prompts/get", {"name": name, "arguments": dict(arguments or {})}))


def complete(peer: Peer, reference: Mapping[str, str], name: str, value: str, **params: Any) -> Any:
    params |= {"ref": reference, "argument": {"name": name, "value": value}}
    return result_of(peer.modern("completion/complete", params))["completion"]


def test_a_definition_lists_its_arguments(peer: Peer, register: Registrar) -> None:
    @register.prompt(title="Review")
    def review(code: str, style: Literal["kind", "strict"] = "kind", call: Call | None = None) -> str:
        """Review code.

        Args:
            code: what to look at
        """
        return f"{style}: {code}"

    (found,) = result_of(peer.modern("prompts/list"))["prompts"]
    assert found == {
        "name": "review",
        "title": "Review",
        "description": "Review code.",
        "arguments": [
            {"name": "code", "description": "what to look at", "required": True},
            {"name": "style", "required": False},
        ],
    }
    result = get(peer, "review", {"code": "x = 1", "style": "strict"})
    assert result["messages"] == [{"role": "user", "content": {"type": "text", "text": "strict: x = 1"}}]
    assert result["description"] == "Review code."


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (["a", "b"], [("user", "text"), ("user", "text")]),
        ([{"role": "assistant", "content": "ok"}], [("assistant", "text")]),
        ([{"role": "user", "content": {"type": "text", "text": "x"}}], [("user", "text")]),
        ([Image(b"p"), "look"], [("user", "image"), ("user", "text")]),
        (
            mcp_types.PromptMessage(role="assistant", content=mcp_types.TextContent(text="t")),
            [("assistant", "text")],
        ),
        (mcp_types.GetPromptResult(messages=[], description="d"), []),
    ],
)
def test_whatever_a_function_returns_becomes_messages(
    peer: Peer, register: Registrar, value: Any, messages: list[tuple[str, str]]
) -> None:
    @register.prompt
    def give() -> Any:
        return value

    found = get(peer, "give")["messages"]
    assert [(message["role"], message["content"]["type"]) for message in found] == messages


@pytest.mark.parametrize(
    "params",
    [
        {"name": "missing"},
        {"name": 7},
        {"name": "greet"},
        {"name": "greet", "arguments": {"who": "a", "more": "b"}},
        {"name": "greet", "arguments": {"who": 7}},
        {"name": "greet", "arguments": []},
    ],
)
def test_a_request_that_does_not_fit_is_invalid(
    peer: Peer, register: Registrar, params: dict[str, Any]
) -> None:
    @register.prompt
    def greet(who: str) -> str:
        return who

    assert error_of(peer.legacy("prompts/get", params))["code"] == -32602


def test_a_decision_by_arguments_is_given_them_as_the_prompt_will_get_them(
    house: House, register: Registrar
) -> None:
    @register.prompt
    def sum_up(order: int, brief: bool = False) -> str:
        return f"{order}"

    house.door.conditional.add("sum_up")
    get(house.peer(), "sum_up", {"order": "7.0"})
    assert house.door.asked == [("sum_up", {"order": 7, "brief": False})]
    misfit = house.peer().modern("prompts/get", {"name": "sum_up", "arguments": {"order": "seven"}})
    assert error_of(misfit)["code"] == -32602
    assert "order" in error_of(misfit)["message"]


def test_a_decision_about_a_completion_is_given_what_is_there_so_far(
    house: House, register: Registrar
) -> None:
    @register.prompt(completions={"item": lambda typed, known: [f"{known['order']}-{typed}"]})
    def sum_up(order: int, item: str) -> str:
        return item

    house.door.conditional.add("sum_up")
    reference = {"type": "ref/prompt", "name": "sum_up"}
    found = complete(house.peer(), reference, "item", "a", context={"arguments": {"order": "7"}})
    assert found["values"] == ["7-a"]
    assert house.door.asked == [("sum_up", {"order": "7"})]


def test_refusals_and_failures_are_told_as_errors(house: House, register: Registrar) -> None:
    @register.prompt
    def safe() -> str:
        return ""

    @register.prompt
    def inner() -> str:
        raise PermissionDenied

    @register.prompt
    def sorry() -> str:
        raise ToolError("Not today.")

    @register.prompt
    def odd() -> Any:
        return object()

    peer = house.peer()
    house.door.refusals["safe"] = Refusal("denied", "not yours")
    assert error_of(peer.modern("prompts/get", {"name": "safe"}))["message"] == "not yours"
    house.door.refusals["safe"] = Refusal("hidden", "")
    assert error_of(peer.modern("prompts/get", {"name": "safe"}))["message"] == "Unknown prompt: safe"
    assert error_of(peer.modern("prompts/get", {"name": "inner"}))["code"] == 403
    assert error_of(peer.modern("prompts/get", {"name": "sorry"}))["message"] == "Not today."
    assert error_of(peer.modern("prompts/get", {"name": "odd"}))["code"] == -32603


class TestCompletion:
    @pytest.fixture(autouse=True)
    def _things(self, register: Registrar) -> None:
        def cities(typed: str, arguments: Mapping[str, str]) -> list[str]:
            known = {"de": ["Berlin", "Bonn"], "fr": ["Paris"]}.get(arguments.get("country", ""), [])
            return [city for city in known if city.lower().startswith(typed.lower())]

        @register.prompt(completions={"city": cities, "many": lambda typed: [str(n) for n in range(300)]})
        def travel(
            country: Literal["de", "fr"], city: str = "", many: str = "", fast: bool = False, note: str = ""
        ) -> str:
            return ""

        def failing(typed: str) -> list[str]:
            raise ValueError("hunter2")

        def asking(typed: str) -> list[str]:
            ask("x", None, "?")  # type: ignore[arg-type]
            return []

        @register.resource("house://{room}/{thing}", completions={"room": failing, "thing": asking})
        def things(room: str, thing: str) -> str:
            return ""

    PROMPT = {"type": "ref/prompt", "name": "travel"}
    TEMPLATE = {"type": "ref/resource", "uri": "house://{room}/{thing}"}

    def test_a_function_suggests_values_from_what_is_known(self, peer: Peer) -> None:
        context = {"arguments": {"country": "de"}}
        found = complete(peer, self.PROMPT, "city", "b", context=context)
        assert found == {"values": ["Berlin", "Bonn"], "hasMore": False, "total": 2}

    def test_declared_choices_are_suggested_without_a_function(self, peer: Peer) -> None:
        assert complete(peer, self.PROMPT, "country", "D")["values"] == ["de"]
        assert complete(peer, self.PROMPT, "fast", "t")["values"] == ["true"]
        assert complete(peer, self.PROMPT, "note", "t")["values"] == []

    def test_at_most_a_hundred_values_are_sent(self, peer: Peer) -> None:
        found = complete(peer, self.PROMPT, "many", "")
        assert (len(found["values"]), found["hasMore"], found["total"]) == (100, True, 300)

    @pytest.mark.parametrize("variable", ["room", "thing"])
    def test_a_failing_function_is_masked(self, peer: Peer, variable: str) -> None:
        params = {"ref": self.TEMPLATE, "argument": {"name": variable, "value": ""}}
        response = peer.modern("completion/complete", params)
        assert error_of(response)["code"] == -32603
        assert b"hunter2" not in response.data

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"ref": PROMPT, "argument": {"name": "unknown", "value": ""}},
            {"ref": PROMPT, "argument": {"name": "city"}},
            {"ref": {"type": "ref/prompt", "name": "unknown"}, "argument": {"name": "city", "value": ""}},
            {
                "ref": {"type": "ref/resource", "uri": "house://other"},
                "argument": {"name": "city", "value": ""},
            },
            {"ref": {"type": "ref/other", "name": "travel"}, "argument": {"name": "city", "value": ""}},
        ],
    )
    def test_a_request_that_does_not_fit_is_invalid(self, peer: Peer, params: dict[str, Any]) -> None:
        assert error_of(peer.modern("completion/complete", params))["code"] == -32602

    def test_what_may_not_be_used_is_not_completed(self, house: House) -> None:
        house.door.refusals["travel"] = Refusal("hidden", "")
        params = {"ref": self.PROMPT, "argument": {"name": "city", "value": ""}}
        error = error_of(house.peer().modern("completion/complete", params))
        assert error["message"] == "Unknown prompt: travel"


def test_completions_for_arguments_that_are_none_are_refused() -> None:
    registrar = Registrar()

    @registrar.prompt(completions={"other": lambda typed: []})
    def greet(who: str) -> str:
        return who

    with pytest.raises(RegistrationError, match="unknown arguments: other"):
        Registry(component for component, _ in registrar._registered())
