"""The audit log: one record for every decision, call and refused token, and nothing in it that should not be."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from flask_mcp_auth0 import Call, ToolError, require_permission
from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.observability import JSONFormatter, audit
from flask_mcp_auth0.signals import access_decided, component_called

from ..extension.conftest import Site
from .conftest import Recorded, Records


@pytest.fixture
def desk(site: Site) -> Site:
    @site.mcp.protected_tool(audit_arguments=("order_id", "lines", "count", "note", "missing"))
    def refund(
        order_id: str = "",
        secret: str = "",
        lines: list[str] | None = None,
        count: float = 0,
        note: str | None = None,
    ) -> str:
        return "refunded"

    @site.mcp.tool
    def greet(name: str = "") -> str:
        return name

    @site.mcp.tool
    def fail() -> str:
        raise ToolError("no")

    @site.mcp.tool
    def careful() -> str:
        require_permission("big")
        return "x"

    @site.mcp.tool
    def asking(call: Call) -> str:
        return call.ask_url("k", "https://example.com/", "go").action

    @site.mcp.prompt(completions={"topic": lambda typed: ["tea"]})
    def ask(topic: str) -> str:
        return topic

    return site.start()


def allowed(site: Site) -> str:
    return site.token(permissions=("tool:refund",), org_id="org_1")


def test_a_call_leaves_a_decision_and_a_call(desk: Site, audited: Records) -> None:
    desk.call("refund", {"order_id": "A-1"}, token=allowed(desk), headers={"X-Request-ID": "req-1"})
    decision, call = audited.one("decision"), audited.one("call")
    common = {
        "user": "auth0|ada",
        "client_id": "test-client",
        "organization": "org_1",
        "component_kind": "tool",
        "component_name": "refund",
        "request_id": "req-1",
        "levelno": logging.INFO,
    }
    for record in (decision, call):
        assert {key: record[key] for key in common} == common
        assert isinstance(record["duration_ms"], float)
        assert 0 <= record["duration_ms"] < 60_000
    assert (decision["decision"], bool(decision["reason"])) == ("granted", True)
    assert (call["outcome"], call["arguments"]) == ("ok", {"order_id": "A-1"})


def test_a_denial_is_recorded_with_its_reason_and_without_a_call(desk: Site, audited: Records) -> None:
    desk.call("refund", {"order_id": "A-1"})
    decision = audited.one("decision")
    assert (decision["decision"], decision["user"]) == ("denied", "auth0|ada")
    assert decision["reason"]
    assert audited.said("call") == []


@pytest.mark.parametrize(("tool", "outcome"), [("greet", "ok"), ("fail", "error"), ("careful", "refused")])
def test_a_call_is_recorded_however_it_ends(desk: Site, audited: Records, tool: str, outcome: str) -> None:
    desk.call(tool)
    assert audited.one("call")["outcome"] == outcome


def test_a_check_within_a_function_is_a_decision_of_its_own(desk: Site, audited: Records) -> None:
    desk.call("careful")
    decisions = [
        (said["component_kind"], said["component_name"], said["decision"])
        for said in audited.said("decision")
    ]
    assert decisions == [("tool", "careful", "granted"), ("permission", "big", "denied")]


def test_a_completion_is_no_call_of_the_prompt(desk: Site, audited: Records) -> None:
    reference = {"type": "ref/prompt", "name": "ask"}
    desk.post("completion/complete", {"ref": reference, "argument": {"name": "topic", "value": ""}})
    assert audited.said("call") == []
    assert audited.one("decision")["component_name"] == "ask"


def test_arguments_are_not_recorded_but_for_those_that_the_tool_names(desk: Site, audited: Records) -> None:
    desk.call("greet", {"name": "hush-hush"})
    desk.call("refund", {"order_id": "A-1", "secret": "hush-hush"}, token=allowed(desk))
    assert "arguments" not in audited.said("call")[0]
    everything = "".join(str(vars(record)) + record.getMessage() for record in audited.all)
    assert "hush-hush" not in everything


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("A-1\r\nforged: yes\x1b[31m", "A-1??forged: yes?[31m"),
        ("x" * 500, "x" * 200 + "…"),
        (["a\n", "b"], '["a\\n", "b"]'),
        (2.5, 2.5),
        (10**300, "(large number)"),
        (None, None),
    ],
)
def test_recorded_arguments_are_bounded_and_printable(
    desk: Site, audited: Records, value: Any, shown: Any
) -> None:
    name = {list: "lines", float: "count", int: "count", str: "order_id", type(None): "note"}[type(value)]
    desk.call("refund", {name: value}, token=allowed(desk))
    assert audited.one("call")["arguments"] == {name: shown}


def test_what_a_token_says_is_printable_and_short(desk: Site, audited: Records) -> None:
    info = AuthInfo("token", "evil\nclient", (), (), 0, User("ada\u2028" + "x" * 300), "issuer")
    with desk.app.test_request_context("/mcp"):
        audit.decided(info, kind="tool", name="a\x00", outcome="denied", reason="b\r", duration=0.5)
    record = audited.one("decision")
    assert (record["client_id"], record["component_name"], record["reason"]) == ("evil?client", "a?", "b?")
    assert record["user"] == "ada?" + "x" * 196 + "…"
    assert record["duration_ms"] == 500


def test_a_refused_token_is_recorded_without_what_it_claims(desk: Site, audited: Records) -> None:
    desk.post("tools/list", token=desk.token(subject="auth0|eve", expires_in=-7200))
    record = audited.one("token_rejected")
    assert (record["decision"], record["reason"]) == ("unauthenticated", "token_expired")
    assert len(record["request_id"]) == 32
    assert "auth0|eve" not in str(record)


def test_no_token_is_in_any_record(desk: Site, audited: Records) -> None:
    token = allowed(desk)
    desk.call("refund", token=token)
    desk.post("tools/list", token="nonsense.nonsense.nonsense")
    everything = "".join(str(vars(record)) for record in audited.all)
    assert token not in everything
    assert "nonsense" not in everything


def test_two_apps_in_one_process_do_not_record_for_each_other(desk: Site, audited: Records) -> None:
    Site(desk.issuer).start()
    desk.call("greet")
    assert len(audited.all) == 2


def test_nothing_is_recorded_while_the_log_is_off(desk: Site, caplog: pytest.LogCaptureFixture) -> None:
    desk.call("greet")
    assert [record for record in caplog.records if record.name.endswith("audit")] == []


def test_the_formatter_writes_one_json_object_a_line(desk: Site, audited: Records) -> None:
    desk.call("refund", {"order_id": "A\n1"}, token=allowed(desk))
    lines = [JSONFormatter().format(record) for record in audited.all]
    decision, call = (json.loads(line) for line in lines)
    assert all("\n" not in line for line in lines)
    assert decision["event"] == "decision"
    assert call["arguments"] == {"order_id": "A?1"}
    assert call["time"].endswith("+00:00")
    assert "args" not in call


def test_a_record_names_the_trace(site: Site, recorded: Recorded, audited: Records) -> None:
    @site.mcp.tool
    def greet() -> str:
        return "hi"

    recorded.start()
    site.call("greet")
    context = recorded.span("tools/call").context
    assert context is not None
    assert audited.one("call")["trace_id"] == format(context.trace_id, "032x")


def test_an_app_can_listen_to_decisions_and_calls(desk: Site) -> None:
    heard: list[dict[str, Any]] = []

    def hear(sender: Any, **said: Any) -> None:
        assert sender is desk.app
        heard.append(said)

    with access_decided.connected_to(hear, desk.app), component_called.connected_to(hear, desk.app):
        desk.call("greet", {"name": "x"})
    decided, called = heard
    assert isinstance(decided.pop("auth_info"), AuthInfo)
    assert 0 <= decided.pop("duration") < 60
    assert 0 <= called.pop("duration") < 60
    assert decided == {"kind": "tool", "name": "greet", "outcome": "granted", "reason": decided["reason"]}
    assert called == {"kind": "tool", "name": "greet", "outcome": "ok"}
