from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from example_app import create_app
from example_app.orders import database, queries

from .desk import Desk

People = Callable[..., Desk]

REFUND = "tool:refund_order"
REPORT = "tool:sales_report"


def test_everybody_logged_in_may_look_at_orders(desk: People) -> None:
    bob = desk()
    found = bob.call("find_orders", customer="OKAFOR")
    assert [order["id"] for order in found["orders"]] == [1004, 1001]
    assert found["more"] is False
    assert bob.call("get_order", order_id=1005)["item"] == "Brass reading lamp"


def test_orders_are_found_by_state_and_cut_off_at_the_limit(desk: People) -> None:
    found = desk().call("find_orders", status="paid", limit=1)
    assert [order["id"] for order in found["orders"]] == [1008]
    assert found["more"] is True


def test_sql_in_an_argument_is_only_text(desk: People) -> None:
    found = desk().call("find_orders", customer="' OR '1'='1")
    assert found["orders"] == []


def test_an_unknown_order_is_refused_in_words(desk: People) -> None:
    assert desk().refusal("get_order", order_id=1) == "There is no order 1."
    assert desk(REFUND).refusal("refund_order", order_id=1, amount_cents=1, reason="why not") == (
        "There is no order 1."
    )


def test_a_refund_is_recorded_in_the_name_of_who_gave_it(desk: People) -> None:
    lead = desk(REFUND, subject="auth0|lead")
    refund = lead.call("refund_order", order_id=1004, amount_cents=600, reason="late")
    assert (refund["refunded_by"], refund["left_cents"]) == ("auth0|lead", 5000)
    assert lead.call("get_order", order_id=1004)["refunded_cents"] == 600


def test_refunding_all_of_it_changes_the_state(desk: People) -> None:
    lead = desk(REFUND)
    lead.call("refund_order", order_id=1002, amount_cents=3250, reason="damaged")
    assert lead.call("get_order", order_id=1002)["status"] == "refunded"


def test_more_than_was_paid_is_never_refunded(desk: People) -> None:
    lead = desk(REFUND)
    lead.call("refund_order", order_id=1002, amount_cents=3000, reason="damaged")
    text = lead.refusal("refund_order", order_id=1002, amount_cents=251, reason="damaged")
    assert text == "Only 250 cents of order 1002 are left to refund."
    assert lead.call("get_order", order_id=1002)["refunded_cents"] == 3000


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


def test_without_the_permission_a_refund_is_refused_before_its_arguments_are_read(desk: People) -> None:
    text = desk(REPORT).refusal("refund_order", order_id="not a number")
    assert text == "You don't have permission to use the 'refund_order' tool."


def test_the_list_shows_what_the_caller_may_use(desk: People) -> None:
    everybodys = {"greet", "whoami", "random-number", "loyalty-points", "find_orders", "get_order"}
    assert desk().tools() == everybodys
    assert desk(REFUND, REPORT).tools() == everybodys | {"refund_order", "sales_report"}


def test_the_sales_report_adds_up(desk: People) -> None:
    lead = desk(REFUND, REPORT)
    lead.call("refund_order", order_id=1004, amount_cents=600, reason="late")
    assert lead.call("sales_report", month="2026-10") == {
        "month": "2026-10",
        "orders": 3,
        "sold_cents": 23400,
        "refunded_cents": 600,
        "best_seller": "Brass reading lamp",
    }
    assert lead.call("sales_report", month="2020-01")["best_seller"] is None


def test_the_policy_and_an_order_can_be_read_as_resources(desk: People) -> None:
    bob = desk()
    policy = bob.ask("resources/read", {"uri": "shop://policy/refunds"})["contents"][0]
    assert policy["mimeType"] == "text/markdown"
    assert "30 days" in policy["text"]
    order = bob.ask("resources/read", {"uri": "shop://orders/1003"})["contents"][0]
    assert '"Chloe Martin"' in order["text"]


def test_the_prompt_tells_the_order_and_the_policy(desk: People) -> None:
    arguments = {"order_id": "1006", "complaint": "Where is it?"}
    got = desk().ask("prompts/get", {"name": "reply_to_complaint", "arguments": arguments})
    text = got["messages"][0]["content"]["text"]
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
