"""The samples of the how-to guides, called by people who may and people who may not."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from flask_mcp_auth0.auth0_api.ciba import Ticker
from flask_mcp_auth0.local_tenant.ciba import answer, approvals
from flask_mcp_auth0.testing import Auth0Tenant, MCPClient, MCPRequestError


@dataclass
class Served:
    """A sample's app, and a client of it that can log in at the local tenant."""

    module: ModuleType
    app: Flask
    client: MCPClient


Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def auth0_tenant() -> Iterator[Auth0Tenant]:
    """A tenant for this module alone: what others define there would protect the samples' plain tools."""
    with Auth0Tenant() as tenant:
        yield tenant


@pytest.fixture
def served(
    sample: Callable[[str], ModuleType], auth0_tenant: Auth0Tenant, monkeypatch: pytest.MonkeyPatch
) -> Serve:
    """Make the app of a sample; further settings are named as in Flask's config."""

    def serve(name: str, **settings: str) -> Served:
        for key, value in settings.items():
            monkeypatch.setenv(f"FLASK_{key}", value)
        module = sample(name)
        app = module.create_app()
        return Served(module, app, MCPClient.for_app(app, auth0_tenant))

    return serve


@pytest.fixture
def downstream() -> Iterator[tuple[str, list[str]]]:
    """Another API on loopback, and the tokens that reached it."""
    app, seen = Flask("downstream"), list[str]()

    @app.get("/<path:what>")
    def anything(what: str) -> Any:
        seen.append(request.headers["Authorization"].removeprefix("Bearer "))
        return jsonify(messagesTotal=7) if what.startswith("labels") else f"lunch ({what})"

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_each_way_of_protecting_a_tool_keeps_the_wrong_people_out(served: Serve) -> None:
    client = served("protect").client
    client.login("pia", permissions=[])
    assert client.list_tools() == ["opening_hours", "refund"]
    for name in ("staff_list", "budget", "holidays", "payslip", "raise_salary"):
        client.assert_denied(name)
    assert client.call("refund", cents=500).text == "500 cents refunded."
    client.assert_denied("refund", cents=50_000)

    client.login("pia", permissions=["tool:staff_list", "budget:admin", "payroll:use", "refunds:large"])
    assert client.call("staff_list").value == ["Ada", "Ben"]
    assert client.call("budget").value == 120_000
    assert client.call("payslip").text == "3,000.00"
    client.assert_denied("raise_salary", percent=3)
    assert client.call("refund", cents=50_000).text == "50000 cents refunded."

    client.login("pia", permissions=["payroll:use", "payroll:admin", "calendar:read"], department="sales")
    assert client.call("raise_salary", percent=3).text == "Raised by 3%."
    assert client.call("holidays", department="sales").value == ["nobody in sales"]
    client.assert_denied("holidays", department="finance")


def test_a_client_is_asked_to_step_up(served: Serve) -> None:
    client = served("scopes").client
    client.login("sam", scopes=["openid"])
    client.assert_needs_scopes("add_note", "notes:write", text="x")
    client.assert_needs_scopes("read_notes", "notes:private", private=True)
    assert client.call("read_notes").value == ["buy milk"]
    with pytest.raises(MCPRequestError) as refused:
        client.call("add_note", text="x")
    assert refused.value.status == 403
    assert refused.value.body["error"] == "insufficient_scope"
    client.login("sam", scopes=["notes:write", "notes:private"])
    assert client.call("add_note", text="x").text == "Kept: x"
    assert client.call("read_notes", private=True).value == ["buy a ring"]


def test_the_other_api_gets_a_token_of_its_own(served: Serve, downstream: tuple[str, list[str]]) -> None:
    url, seen = downstream
    client = served("on_behalf_of", CALENDAR_URL=url).client.login("alice")
    assert client.call("next_event").text == "lunch (next)"
    assert client.call("events_on", day="monday").text == "lunch (days/monday)"
    assert len(seen) == 2
    assert client._token not in seen
    assert "calendar_token" not in str(client.tools())


def test_a_connected_accounts_token_is_passed_and_its_lack_is_told(
    served: Serve, downstream: tuple[str, list[str]]
) -> None:
    url, seen = downstream
    client = served("token_vault", MAIL_URL=url).client
    assert client.login("alice").call("unread_mails").value == 7
    assert seen == ["not-a-real-google-token"]
    result = client.login("bob").call("unread_mails")
    assert result.is_error
    assert "Open https://app.example.com/profile" in result.text


@pytest.mark.parametrize("approve", [True, False])
def test_a_payment_waits_for_the_users_own_device(
    served: Serve, auth0_tenant: Auth0Tenant, approve: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = served("approval")
    now, shown = [0.0], list[str]()

    def wait(seconds: float) -> None:
        now[0] += seconds
        monkeypatch.setattr(auth0_tenant.state, "clock_skew", auth0_tenant.state.clock_skew + seconds)
        with auth0_tenant._server.app.app_context():
            for approval in approvals().values():
                if answer(approval.id, approve):
                    shown.append(approval.binding_message)

    provider = case.app.extensions["mcp_auth0"].client_provider
    monkeypatch.setattr(provider.client(), "_ticker", Ticker(lambda: now[0], wait))
    client = case.client.login("paula", permissions=["tool:pay"])
    result = client.call("pay", amount_eur=20, recipient="Ben")
    assert shown == ["Pay 20 EUR to Ben"]
    assert result.is_error is not approve
    assert (result.text == "Paid 20 EUR to Ben.") is approve
    assert client.call("pay", amount_eur=20, recipient="Zoë").is_error


def test_the_user_is_asked_before_anything_is_changed(served: Serve) -> None:
    case = served("asking")
    client = case.client.login("alice")
    client.answer("wishes", where="terrace", guests=2).answer("confirm", sure=False)
    assert client.call("book_table", day="Friday").text == "Nothing was booked."
    assert case.module.TABLES["terrace"] == 2
    client.answer("confirm", sure=True)
    assert client.call("book_table", day="Friday").text == "Booked terrace on Friday."
    assert case.module.TABLES["terrace"] == 1
    client.answer("wishes", action="decline")
    assert client.call("book_table", day="Friday").text == "The user does not want to book."
    client.answer("page")
    assert client.call("set_password").text == "The user was sent to the page."


def test_arguments_are_checked_and_results_described(served: Serve) -> None:
    client = served("arguments").client.login("alice")
    booked = client.call("book", hotel="Hotel Paris", arrival="2026-12-24", nights=2)
    assert booked.text == "Hotel Paris: 2 from 24 December, board: none"
    refused = client.call("book", hotel="Hotel Paris", arrival="tomorrow", nights=31, smoking=True)
    assert refused.is_error
    assert all(name in refused.text for name in ("arrival", "nights", "smoking"))
    assert client.call("where_is", hotel="Hotel Paris").value == {"city": "Paris", "country": "FR"}
    wanted = {"kind": "all", "of": [{"kind": "is", "feature": "garden"}, {"kind": "any", "of": []}]}
    assert client.call("search_hotels", condition=wanted).value == []
    wanted["of"] = wanted["of"][:1]
    assert client.call("search_hotels", condition=wanted).value == ["Hotel Paris", "Hotel Lyon"]
    assert client.call("route", **{"from": "Paris", "to": "Lyon"}).text == "Paris to Lyon"
    assert client.call("route", to="Lyon").is_error


def test_progress_is_told_in_three_ways(served: Serve) -> None:
    client = served("progress").client.login("alice")
    result = client.call("import_files")
    assert (result.progress, result.text) == ([1, 2, 3], "Imported 3 files.")
    assert client.call("rebuild_index").progress == [1, 2, 3]
    assert client.call("rebuild_index").value == 3
    assert client.call("clear_cache").progress == [1]


def test_resources_and_prompts_are_there_for_who_may(served: Serve) -> None:
    client = served("resources").client.login("carl", permissions=[])
    assert client.read("kitchen://rules").startswith("# Rules")
    assert client.read("kitchen://recipes/soup") == "Boil it."
    with pytest.raises(MCPRequestError, match="Resource not found"):
        client.read("kitchen://recipes/cake")
    with pytest.raises(MCPRequestError, match="You don't have permission to use the 'accounts' resource"):
        client.read("kitchen://accounts")
    assert "2 with salad" in client.get_prompt("plan_dinner", dish="salad", guests="2")[0]["content"]["text"]
    reference = {"type": "ref/prompt", "name": "plan_dinner"}
    argument = {"name": "dish", "value": "so"}
    found = client.request("completion/complete", {"ref": reference, "argument": argument})
    assert found["completion"]["values"] == ["soup"]
    assert client.call("change_recipe", dish="soup", text="Burn it.").text == "Changed."
    client.login("carl", permissions=["accounts:read"])
    assert "salt" in client.read("kitchen://accounts")


def test_a_tool_names_its_page_and_serves_clients_without_pages(served: Serve) -> None:
    client = served("tool_pages").client.login("alice")
    [tool] = client.tools()
    assert tool["_meta"]["ui"]["resourceUri"] == "ui://sales"
    assert "Sales of 2026" in client.read("ui://sales")
    assert client.call("sales").value["text"].startswith("Sales of 2026")
    client.capabilities["extensions"] = {"io.modelcontextprotocol/ui": {}}
    assert client.call("sales").value == {"total": 92_050}


def test_a_view_and_a_tool_share_a_function(served: Serve) -> None:
    case = served("existing_views")
    browser = case.app.test_client()
    assert browser.get("/stock/tea").get_json() == {"product": "tea", "left": 12}
    assert browser.get("/stock/gold").status_code == 404
    client = case.client.login("alice")
    assert client.call("stock", product="tea").value == 12
    assert client.call("stock", product="gold").text == "There is no product called 'gold'."
    assert client.call("whose_basket").text == "auth0|alice"


def test_an_anonymous_tool_needs_no_token_where_that_is_switched_on(served: Serve) -> None:
    client = served("anonymous", MCP_ANONYMOUS="true").client
    assert client.list_tools() == ["opening_hours"]
    assert client.call("opening_hours").text == "9 to 5"
    with pytest.raises(MCPRequestError) as refused:
        client.call("my_orders")
    assert refused.value.status == 401
    assert client.login("alice").call("my_orders").value == ["tea"]


def test_anonymous_tools_are_closed_where_it_is_not(served: Serve) -> None:
    served("anonymous").client.assert_unauthorized()


def test_a_profile_is_changed_through_the_management_api(served: Serve, auth0_tenant: Auth0Tenant) -> None:
    client = served("management").client.login("mia", permissions=["tool:set_theme"])
    assert client.call("set_theme", theme="dark").text == "The theme is dark from now on."
    assert auth0_tenant.user("mia").user_metadata == {"theme": "dark"}
    client.login_as_machine(permissions=["tool:set_theme"])
    assert client.call("set_theme", theme="dark").text == "This needs a person to be logged in."


def test_what_was_decided_and_called_can_be_listened_to(
    served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "audit")
    client = served("listen_to_signals").client
    client.login("noah", permissions=[]).call("close_month")
    client.login("noah", permissions=["tool:close_month"]).call("close_month")
    client.use_token("wrong").assert_unauthorized()
    lines = [record.getMessage() for record in caplog.records if record.name == "audit"]
    assert lines[0].startswith("auth0|noah may not use the tool close_month: ")
    assert lines[1].startswith("tool close_month: ok after ")
    assert lines[2] == "a token was refused: invalid_token"


def test_a_shared_cache_keeps_look_ups(served: Serve) -> None:
    case = served("shared_cache", CACHE_TYPE="SimpleCache")
    assert case.client.login("alice").call("ping").text == "pong"
    assert case.module.cache.cache._cache


def test_a_server_moved_from_fastmcp_works(served: Serve) -> None:
    client = served("from_fastmcp").client.login("olga", permissions=["orders:read"])
    assert client.call("orders").value == ["an order of auth0|olga"]
    assert client.read("shop://hours") == "9 to 5"
    client.login("olga", permissions=[]).assert_denied("orders")


def test_a_server_moved_from_xmcp_works(served: Serve) -> None:
    client = served("from_xmcp").client.login("ada", name="Ada")
    assert client.call("greet").text == "Hello, Ada! Your Auth0 user ID is auth0|ada"


def test_a_server_moved_from_the_sdk_works(served: Serve) -> None:
    client = served("from_sdk").client.login("alice")
    result = client.call("export-table", table="users", limit=2)
    assert result.content[0]["resource"]["text"] == "0\n1"
    assert client.call("export-table", table="users", limit=2000).is_error


def test_the_audit_log_names_who_did_what_and_only_the_arguments_that_may_be(
    served: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.INFO, "flask_mcp_auth0.audit")
    audit = logging.getLogger("flask_mcp_auth0.audit")
    monkeypatch.setattr(audit, "propagate", True)
    before = list(audit.handlers)
    try:
        client = served("observe").client.login("ola", permissions=["tool:pay_back"])
        client.call("pay_back", order=7, reason="a secret")
    finally:
        for handler in set(audit.handlers) - set(before):
            audit.removeHandler(handler)
            handler.close()
    lines = [json.loads(line) for line in (tmp_path / "audit.log").read_text("utf-8").splitlines()]
    assert [(line["event"], line["user"]) for line in lines] == [
        ("decision", "auth0|ola"),
        ("call", "auth0|ola"),
    ]
    assert lines[1]["arguments"] == {"order": 7}
    assert "a secret" not in str(lines)


def test_a_limit_counts_for_each_user(served: Serve) -> None:
    client = served("rate_limits").client.login("rita")
    for _ in range(10):
        assert client.call("search", query="tea").value == ["a page on tea"]
    assert "Too Many Requests: That was often enough" in client.call("search", query="tea").text
    assert client.login("rolf").call("search", query="tea").value == ["a page on tea"]
