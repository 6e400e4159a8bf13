from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from example_app import create_app
from example_app.orders import database, queries
from flask_mcp_auth0.testing import MCPClient

REFUND = "tool:refund_order"
REPORT = "tool:sales_report"


@pytest.fixture
def lead(mcp_client: MCPClient) -> MCPClient:
    """Somebody who may refund and see the figures."""
    return mcp_client.login("lead", permissions=[REFUND, REPORT])


@pytest.fixture
def anybody(mcp_client: MCPClient) -> MCPClient:
    """Somebody who is logged in, and holds nothing."""
    return mcp_client.login("anybody", permissions=[])


def test_everybody_logged_in_may_look_at_orders(anybody: MCPClient) -> None:
    found = anybody.assert_allowed("find_orders", customer="OKAFOR").structured
    assert [order["id"] for order in found["orders"]] == [1004, 1001]
    assert found["more"] is False
    assert anybody.call("get_order", order_id=1005).structured["item"] == "Brass reading lamp"


def test_orders_are_found_by_state_and_cut_off_at_the_limit(anybody: MCPClient) -> None:
    found = anybody.call("find_orders", status="paid", limit=1).structured
    assert [order["id"] for order in found["orders"]] == [1008]
    assert found["more"] is True


def test_sql_in_an_argument_is_only_text(anybody: MCPClient) -> None:
    assert anybody.call("find_orders", customer="' OR '1'='1").structured["orders"] == []


def test_an_unknown_order_is_refused_in_words(lead: MCPClient) -> None:
    assert lead.call("get_order", order_id=1).text == "There is no order 1."
    refused = lead.call("refund_order", order_id=1, amount_cents=1, reason="why not")
    assert refused.is_error
    assert refused.text == "There is no order 1."


def test_a_refund_is_recorded_in_the_name_of_who_gave_it(lead: MCPClient) -> None:
    refund = lead.assert_allowed("refund_order", order_id=1004, amount_cents=600, reason="late").structured
    assert (refund["refunded_by"], refund["left_cents"]) == ("auth0|lead", 5000)
    assert lead.call("get_order", order_id=1004).structured["refunded_cents"] == 600


def test_refunding_all_of_it_changes_the_state(lead: MCPClient) -> None:
    lead.assert_allowed("refund_order", order_id=1002, amount_cents=3250, reason="damaged")
    assert lead.call("get_order", order_id=1002).structured["status"] == "refunded"


def test_more_than_was_paid_is_never_refunded(lead: MCPClient) -> None:
    lead.assert_allowed("refund_order", order_id=1002, amount_cents=3000, reason="damaged")
    refused = lead.call("refund_order", order_id=1002, amount_cents=251, reason="damaged")
    assert refused.is_error
    assert refused.text == "Only 250 cents of order 1002 are left to refund."
    assert lead.call("get_order", order_id=1002).structured["refunded_cents"] == 3000


def test_two_refunds_at_once_do_not_both_get_the_same_money(app: Flask) -> None:
    together = threading.Barrier(2)

    def refund() -> bool:
        with app.app_context():
            connection = database.database()
            together.wait(10)
            try:
                queries.refund_order(connection, 1001, 4900, "twice", "auth0|lead")
            except queries.RefundTooHigh:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(refund) for _ in range(2)]
        assert sorted(future.result(30) for future in done) == [False, True]


def test_without_the_permission_a_refund_is_refused_before_its_arguments_are_read(
    mcp_client: MCPClient,
) -> None:
    mcp_client.login("analyst", permissions=[REPORT]).assert_denied("refund_order", order_id="not a number")


def test_the_list_shows_what_the_caller_may_use(mcp_client: MCPClient) -> None:
    everybodys = {"greet", "whoami", "random-number", "loyalty-points", "find_orders", "get_order"}
    assert set(mcp_client.login("anybody", permissions=[]).list_tools()) == everybodys
    lead = mcp_client.login("lead", permissions=[REFUND, REPORT])
    assert set(lead.list_tools()) == everybodys | {"refund_order", "sales_report"}


def test_the_sales_report_adds_up(lead: MCPClient) -> None:
    lead.assert_allowed("refund_order", order_id=1004, amount_cents=600, reason="late")
    assert lead.assert_allowed("sales_report", month="2026-10").structured == {
        "month": "2026-10",
        "orders": 3,
        "sold_cents": 23400,
        "refunded_cents": 600,
        "best_seller": "Brass reading lamp",
    }
    assert lead.call("sales_report", month="2020-01").structured["best_seller"] is None


def test_the_policy_and_an_order_can_be_read_as_resources(anybody: MCPClient) -> None:
    assert anybody.list_resources() == ["shop://policy/refunds"]
    assert "30 days" in anybody.read("shop://policy/refunds")
    assert '"Chloe Martin"' in anybody.read("shop://orders/1003")


def test_the_prompt_tells_the_order_and_the_policy(anybody: MCPClient) -> None:
    messages = anybody.get_prompt("reply_to_complaint", order_id="1006", complaint="Where is it?")
    text = messages[0]["content"]["text"]
    assert "Elif Kaya" in text
    assert "Where is it?" in text
    assert "# Refunds" in text


def test_workers_that_start_together_fill_the_database_once(settings: dict[str, Any]) -> None:
    with ThreadPoolExecutor(4) as pool:
        apps = list(pool.map(create_app, [settings] * 4))
    with apps[0].app_context():
        assert database.database().execute("SELECT count(*) FROM orders").fetchone()[0] == 8


def test_the_database_itself_refuses_what_the_tools_never_write(app: Flask) -> None:
    with app.app_context(), pytest.raises(sqlite3.IntegrityError):
        database.database().execute("INSERT INTO refunds VALUES (NULL, 1001, -5, 'x', 'y')")
