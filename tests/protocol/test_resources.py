"""Resources and templates of resources."""

from __future__ import annotations

from typing import Any

import mcp_types
import pytest
from pydantic import BaseModel

from flask_mcp_auth0 import Call, File, PermissionDenied, RegistrationError, ToolError
from flask_mcp_auth0.protocol.access import Refusal
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of, result_of


class Sheet(BaseModel):
    rows: int


def read(peer: Peer, uri: str) -> list[dict[str, Any]]:
    contents: list[dict[str, Any]] = result_of(peer.modern("resources/read", {"uri": uri}))["contents"]
    return contents


def test_a_definition_tells_all_that_was_said(peer: Peer, register: Registrar) -> None:
    @register.resource(
        "house://plan.svg",
        name="plan",
        title="The plan",
        mime_type="image/svg+xml",
        size=7,
        annotations={"audience": ["user"], "priority": 0.5, "lastModified": "2026-01-02T03:04:05Z"},
        meta={"com.example/a": 1},
    )
    def plan() -> str:
        """Drawn by hand."""
        return "<svg/>"

    (found,) = result_of(peer.modern("resources/list"))["resources"]
    assert found == {
        "uri": "house://plan.svg",
        "name": "plan",
        "title": "The plan",
        "description": "Drawn by hand.",
        "mimeType": "image/svg+xml",
        "size": 7,
        "annotations": {"audience": ["user"], "priority": 0.5, "lastModified": "2026-01-02T03:04:05Z"},
        "_meta": {"com.example/a": 1},
    }
    (contents,) = read(peer, "house://plan.svg")
    assert contents == {
        "uri": "house://plan.svg",
        "mimeType": "image/svg+xml",
        "text": "<svg/>",
        "_meta": {"com.example/a": 1},
    }


@pytest.mark.parametrize(
    ("value", "contents"),
    [
        ("text", [{"uri": "house://it", "mimeType": "text/plain", "text": "text"}]),
        (b"\x00\xff", [{"uri": "house://it", "mimeType": "application/octet-stream", "blob": "AP8="}]),
        ({"a": 1}, [{"uri": "house://it", "mimeType": "application/json", "text": '{"a":1}'}]),
        (Sheet(rows=2), [{"uri": "house://it", "mimeType": "application/json", "text": '{"rows":2}'}]),
        ([], [{"uri": "house://it", "mimeType": "application/json", "text": "[]"}]),
        (
            [File("house://a.txt", "a"), File("house://b", b"b")],
            [
                {"uri": "house://a.txt", "mimeType": "text/plain", "text": "a"},
                {"uri": "house://b", "mimeType": "application/octet-stream", "blob": "Yg=="},
            ],
        ),
        (
            mcp_types.TextResourceContents(uri="house://other", text="t"),
            [{"uri": "house://other", "text": "t"}],
        ),
        (
            mcp_types.ReadResourceResult(
                contents=[mcp_types.BlobResourceContents(uri="house://x", blob="AA==")]
            ),
            [{"uri": "house://x", "blob": "AA=="}],
        ),
    ],
)
def test_whatever_a_function_returns_becomes_contents(
    peer: Peer, register: Registrar, value: Any, contents: Any
) -> None:
    @register.resource("house://it")
    def it() -> Any:
        return value

    assert read(peer, "house://it") == contents


def test_a_template_is_listed_apart_and_its_variables_are_parameters(peer: Peer, register: Registrar) -> None:
    @register.resource("house://rooms/{number}/items{?color}", mime_type="application/json")
    def items(number: int, color: str = "any", call: Call | None = None) -> dict[str, Any]:
        """What is in a room."""
        assert call is not None
        return {"number": number, "color": color}

    assert result_of(peer.modern("resources/list"))["resources"] == []
    (found,) = result_of(peer.modern("resources/templates/list"))["resourceTemplates"]
    assert found["uriTemplate"] == "house://rooms/{number}/items{?color}"
    assert read(peer, "house://rooms/7/items?color=red")[0]["text"] == '{"number":7,"color":"red"}'
    assert read(peer, "house://rooms/7/items")[0]["text"] == '{"number":7,"color":"any"}'


def test_a_variable_of_the_wrong_type_names_nothing(peer: Peer, register: Registrar) -> None:
    @register.resource("house://rooms/{number}")
    def room(number: int) -> str:
        raise AssertionError("must not run")

    assert error_of(peer.modern("resources/read", {"uri": "house://rooms/attic"}))["code"] == -32602


@pytest.mark.parametrize("uri", ["house://missing", "house://gone", "no uri at all", "", "house://it/../it"])
def test_an_unknown_resource_is_told_with_its_uri(peer: Peer, register: Registrar, uri: str) -> None:
    @register.resource("house://it")
    def it() -> str:
        return ""

    @register.resource("house://gone")
    def gone() -> None:
        return None

    response = peer.modern("resources/read", {"uri": uri}, headers={"Mcp-Name": uri})
    error = error_of(response)
    assert (error["code"], error["data"]) == (-32602, {"uri": uri})


@pytest.mark.parametrize("uri", [7, None, "house://" + "x" * 3000])
def test_a_uri_that_is_none_is_refused(peer: Peer, register: Registrar, uri: Any) -> None:
    @register.resource("house://{+rest}")
    def it(rest: str) -> str:
        return ""

    assert error_of(peer.legacy("resources/read", {"uri": uri}))["code"] in (-32602, -32002)


def test_a_decision_by_variables_is_given_them_as_the_function_will_get_them(
    house: House, register: Registrar
) -> None:
    @register.resource("house://orders/{number}")
    def order(number: int) -> str:
        return f"order {number}"

    @register.resource("house://plan")
    def plan() -> str:
        return "a plan"

    house.door.conditional |= {"order", "plan"}
    peer = house.peer()
    assert read(peer, "house://orders/007")[0]["text"] == "order 7"
    assert read(peer, "house://plan")[0]["text"] == "a plan"
    assert house.door.asked == [("order", {"number": 7}), ("plan", {})]
    misfit = error_of(peer.modern("resources/read", {"uri": "house://orders/seven"}))
    assert misfit == error_of(peer.modern("resources/read", {"uri": "house://other/seven"})) | {
        "data": {"uri": "house://orders/seven"}
    }


def test_refusals_are_told_as_errors_of_our_own(house: House, register: Registrar) -> None:
    @register.resource("house://safe")
    def safe() -> str:
        return ""

    @register.resource("house://inner")
    def inner() -> str:
        raise PermissionDenied

    peer = house.peer()
    house.door.refusals["safe"] = Refusal("denied", "not yours")
    assert error_of(peer.modern("resources/read", {"uri": "house://safe"})) == {
        "code": 403,
        "message": "not yours",
    }
    house.door.refusals["safe"] = Refusal("unavailable", "later", retry_after=7)
    error = error_of(peer.modern("resources/read", {"uri": "house://safe"}))
    assert (error["code"], error["data"]) == (503, {"retryAfter": 7})
    house.door.refusals["safe"] = Refusal("hidden", "")
    assert error_of(peer.modern("resources/read", {"uri": "house://safe"}))["message"] == "Resource not found"
    assert error_of(peer.modern("resources/read", {"uri": "house://inner"}))["code"] == 403


SPELLINGS = [
    ("docs://{name}", "docs://salaries.txt", "docs://salaries%2Etxt"),
    ("docs://{name}", "docs://salaries.txt", "docs://salaries%2etxt"),
    ("docs://{name}", "docs://salaries.txt", "docs://%73%61laries.txt"),
    ("docs://{name}", "docs://caf%C3%A9", "docs://café"),
    ("docs://{name}", "docs://caf%C3%A9", "docs://caf%c3%a9"),
    ("docs://{name}", "docs://a%20b", "docs://%61%20b"),
    ("docs://{+name}", "docs://hr/salaries.txt", "docs://hr/salaries%2Etxt"),
    ("docs://{+name}", "docs://hr/salaries.txt", "docs://hr%2Fsalaries.txt"),
    ("docs://{+name}", "docs://a%2Fb", "docs://a/b"),
    ("docs://x{?name,more}", "docs://x?name=1&more=2", "docs://x?more=2&name=1"),
    ("docs://x{?name,more}", "docs://x?name=1&more=2", "docs://x?more=%32&name=1"),
    ("docs://x{;name}", "docs://x;name", "docs://x;name="),
]


@pytest.mark.parametrize(("template", "protected", "uri"), SPELLINGS)
def test_no_spelling_of_a_resources_uri_is_read_through_a_template(
    house: House, register: Registrar, template: str, protected: str, uri: str
) -> None:
    def one(name: str = "") -> str:
        return "read through the template"

    def two(name: str = "", more: str = "") -> str:
        return "read through the template"

    register.resource(template, name="open")(two if "more" in template else one)
    register.resource(protected, name="protected")(lambda: "read as itself")
    peer = house.peer()
    assert result_of(peer.legacy("resources/read", {"uri": uri}))["contents"][0]["text"] == "read as itself"
    house.door.refusals["protected"] = Refusal("denied", "not yours")
    refused = error_of(peer.legacy("resources/read", {"uri": uri}))
    assert (refused["code"], refused["message"]) == (403, "not yours")


@pytest.mark.parametrize("uri", ["docs://hr/it", "docs://hr%2Fit", "docs://%68r/it", "docs://h%72/i%74"])
def test_no_spelling_reaches_a_template_past_the_one_before_it(
    house: House, register: Registrar, uri: str
) -> None:
    @register.resource("docs://hr/{name}", name="protected")
    def of_hr(name: str) -> str:
        return f"hr: {name}"

    @register.resource("docs://{+path}", name="open")
    def any_of_them(path: str) -> str:
        return f"any: {path}"

    peer = house.peer()
    assert read(peer, uri)[0]["text"] == "hr: it"
    assert read(peer, "docs://other/i%74")[0]["text"] == "any: other/it"
    house.door.refusals["protected"] = Refusal("denied", "not yours")
    assert error_of(peer.modern("resources/read", {"uri": uri}))["code"] == 403


def test_a_spelling_that_could_be_either_of_two_resources_names_nothing(
    peer: Peer, register: Registrar
) -> None:
    register.resource("docs://a/b", name="one")(lambda: "one")
    register.resource("docs://a%2Fb", name="two")(lambda: "two")

    @register.resource("docs://{+name}", name="any")
    def anything(name: str) -> str:
        return name

    assert read(peer, "docs://a/b")[0]["text"] == "one"
    assert read(peer, "docs://a%2Fb")[0]["text"] == "two"
    assert error_of(peer.modern("resources/read", {"uri": "docs://%61/b"}))["code"] == -32602
    assert read(peer, "docs://%61/c")[0]["text"] == "a/c"


@pytest.mark.parametrize("uri", ["house://here", "house://off", "house://gone"])
def test_an_outage_is_told_by_the_uri_that_was_asked_for(house: House, register: Registrar, uri: str) -> None:
    register.resource("house://here", name="payroll")(lambda: "")
    register.resource("house://off", name="off")(lambda: "")
    house.store.add_member("off:resource", "off")
    house.door.refusals["payroll"] = Refusal("unavailable", "ask about 'payroll' later")
    house.door.refusals["unknown:resource"] = Refusal("unavailable", f"ask about '{uri}' later")
    error = error_of(house.peer().modern("resources/read", {"uri": uri}))
    assert (error["code"], error["message"]) == (503, f"ask about '{uri}' later")


def test_a_challenge_for_a_resource_is_an_http_403(house: House, register: Registrar) -> None:
    @register.resource("house://safe")
    def safe() -> str:
        return ""

    house.door.refusals["safe"] = Refusal("challenge", "more", 'Bearer error="insufficient_scope"')
    response = house.peer().modern("resources/read", {"uri": "house://safe"})
    assert response.status_code == 403
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]


def test_failures_are_masked_but_for_what_is_meant_for_the_caller(peer: Peer, register: Registrar) -> None:
    @register.resource("house://broken")
    def broken() -> str:
        raise ValueError("hunter2")

    @register.resource("house://odd")
    def odd() -> Any:
        return object()

    @register.resource("house://sorry")
    def sorry() -> str:
        raise ToolError("Come back tomorrow.")

    for uri, message in (
        ("house://broken", "The resource failed; the server's log says why."),
        ("house://odd", "The resource failed; the server's log says why."),
        ("house://sorry", "Come back tomorrow."),
    ):
        error = error_of(peer.modern("resources/read", {"uri": uri}))
        assert (error["code"], error["message"]) == (-32603, message)


def test_registration_refuses_what_could_not_be_served() -> None:
    def function(number: int) -> str:
        return ""

    def nothing() -> str:
        return ""

    for uri, target, reason in (
        ("no scheme", nothing, "not an absolute URI"),
        ("house://" + "x" * 3000, nothing, "not an absolute URI"),
        ("house://it", function, "has parameters: number"),
        ("house://{other}", function, "not the function's parameters"),
        ("house://{number", function, "house://{number"),
        ("house://rooms{?number}", function, "needs a default"),
    ):
        registrar = Registrar()
        registrar.resource(uri)(target)
        with pytest.raises(RegistrationError, match=reason):
            Registry(component for component, _ in registrar._registered())


def test_two_resources_of_one_uri_are_refused() -> None:
    registrar = Registrar()
    registrar.resource("house://it", name="a")(lambda: "")
    registrar.resource("house://it", name="b")(lambda: "")
    with pytest.raises(RegistrationError, match="two resources are called 'house://it'"):
        Registry(component for component, _ in registrar._registered())
