"""Lists: order, pages, what is hidden, and what is switched off."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of, result_of


def names(result: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in result["tools"]]


@pytest.fixture
def many(register: Registrar) -> None:
    for index in range(250):
        register.tool(name=f"tool_{index:03}")(lambda: "")


def test_tools_come_in_the_order_of_their_registration(peer: Peer, register: Registrar) -> None:
    for name in ("zebra", "apple", "mango"):
        register.tool(name=name)(lambda: "")
    assert names(result_of(peer.modern("tools/list"))) == ["zebra", "apple", "mango"]


@pytest.mark.usefixtures("many")
def test_pages_hold_every_tool_once(peer: Peer) -> None:
    found: list[str] = []
    params: dict[str, str] = {}
    while True:
        result = result_of(peer.modern("tools/list", params))
        found += names(result)
        assert result["cacheScope"] == "private"
        if "nextCursor" not in result:
            break
        params = {"cursor": result["nextCursor"]}
    assert found == [f"tool_{index:03}" for index in range(250)]


@pytest.mark.usefixtures("many")
def test_hidden_tools_are_on_no_page_and_break_none(house: House) -> None:
    house.door.hidden = {f"tool_{index:03}" for index in range(0, 250, 2)}
    peer = house.peer()
    first = result_of(peer.modern("tools/list"))
    second = result_of(peer.modern("tools/list", {"cursor": first["nextCursor"]}))
    assert names(first) + names(second) == [f"tool_{index:03}" for index in range(1, 250, 2)]
    assert "nextCursor" not in second


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense!",
        "",
        7,
        base64.urlsafe_b64encode(b"prompts:100:tool_099").decode(),
        base64.urlsafe_b64encode(b"tools:100").decode(),
        base64.urlsafe_b64encode(b"tools:100:").decode(),
        base64.urlsafe_b64encode(b"tools:0:tool_099").decode(),
        base64.urlsafe_b64encode(b"tools:-1:tool_099").decode(),
        base64.urlsafe_b64encode(b"tools:100:\xff").decode(),
        base64.urlsafe_b64encode(b"tools:" + b"9" * 5000 + b":tool_099").decode(),
        "\u00e9",
    ],
)
def test_a_cursor_that_is_none_of_ours_is_invalid(peer: Peer, cursor: Any) -> None:
    assert error_of(peer.modern("tools/list", {"cursor": cursor}))["code"] == -32602


def cursor_of(given: int, last: str) -> str:
    return base64.urlsafe_b64encode(f"tools:{given}:{last}".encode()).decode()


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("how", ["hidden", "off"])
def test_a_made_up_cursor_tells_nothing_of_what_is_not_shown(house: House, how: str) -> None:
    unseen = [f"tool_{index:03}" for index in range(250) if index % 3]
    if how == "hidden":
        house.door.hidden = set(unseen)
    else:
        for name in unseen:
            house.server.switches.switch("tool", name, on=False)
    peer = house.peer()
    shown = names(result_of(peer.modern("tools/list")))
    assert len(shown) == 84
    for given in (1, 2, 83, 84, 85, 200, 250, 251, 10**8):
        pages = [
            result_of(peer.modern("tools/list", {"cursor": cursor_of(given, last)}))
            for last in ("tool_001", "tool_248", "no such tool")
        ]
        assert [names(page) for page in pages] == [shown[given - 1 :]] * 3
        assert not any("nextCursor" in page for page in pages)


@pytest.mark.usefixtures("many")
def test_no_tool_is_passed_over_when_others_are_switched_off_between_pages(house: House) -> None:
    peer, switches = house.peer(), house.server.switches
    first = result_of(peer.modern("tools/list"))
    for index in (3, 50, 98):
        switches.switch("tool", f"tool_{index:03}", on=False)
    second = result_of(peer.modern("tools/list", {"cursor": first["nextCursor"]}))
    assert names(second)[0] == "tool_100"
    for index in (3, 50, 98):
        switches.switch("tool", f"tool_{index:03}", on=True)
    switches.switch("tool", "tool_199", on=False)
    third = result_of(peer.modern("tools/list", {"cursor": second["nextCursor"]}))
    assert "tool_200" in names(third)


def test_what_is_switched_off_is_unknown_and_unlisted_until_switched_on(
    house: House, register: Registrar
) -> None:
    @register.tool
    def greet() -> str:
        return "hi"

    @register.prompt
    def welcome() -> str:
        return "hi"

    @register.resource("house://it")
    def it() -> str:
        return "hi"

    peer, switches = house.peer(), house.server.switches
    for kind, name in (("tool", "greet"), ("prompt", "welcome"), ("resource", "it")):
        assert switches.switch(kind, name, on=False) is True  # type: ignore[arg-type]
        assert switches.switch(kind, name, on=False) is False  # type: ignore[arg-type]
    assert result_of(peer.modern("tools/list"))["tools"] == []
    assert error_of(peer.modern("tools/call", {"name": "greet"}))["message"] == "Unknown tool: greet"
    assert error_of(peer.modern("prompts/get", {"name": "welcome"}))["message"] == "Unknown prompt: welcome"
    assert error_of(peer.modern("resources/read", {"uri": "house://it"}))["message"] == "Resource not found"
    switches.switch("tool", "greet", on=True)
    assert names(result_of(peer.modern("tools/list"))) == ["greet"]
    assert peer.call("greet")["isError"] is False


def test_a_list_of_nothing_is_a_list(peer: Peer, register: Registrar) -> None:
    @register.resource("house://it")
    def it() -> str:
        return ""

    assert result_of(peer.modern("resources/templates/list"))["resourceTemplates"] == []
