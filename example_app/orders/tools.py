"""The support desk's tools: anybody logged in may look, only some may refund or see the figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flask_mcp_auth0 import MCPBlueprint, ToolError, get_auth_info

from . import queries
from .database import database
from .models import Order, OrderList, OrderStatus, Refund, SalesReport

orders = MCPBlueprint("orders", __name__)

_POLICY = """\
# Refunds

- Anything can be sent back within 30 days of delivery, for any reason.
- What arrived damaged is refunded in full, and need not be sent back.
- A late delivery earns a tenth of the price back, once.
- Never refund more than was paid. Say why, in words that the customer may read.
"""


@orders.tool(annotations={"readOnlyHint": True})
def find_orders(
    customer: str | None = None,
    status: OrderStatus | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> OrderList:
    """Find orders, newest first.

    :param customer: Part of the customer's name.
    :param status: Only orders in this state.
    :param limit: How many to return at most.
    """
    found, more = queries.find_orders(database(), customer, status, limit)
    return OrderList(orders=found, more=more)


@orders.tool(annotations={"readOnlyHint": True})
def get_order(order_id: int) -> Order:
    """Show one order.

    :param order_id: The number on the customer's receipt, as in 1004.
    """
    return _order(order_id)


@orders.protected_tool(
    annotations={"destructiveHint": True, "idempotentHint": False}, audit_arguments=("order_id",)
)
def refund_order(
    order_id: int,
    amount_cents: Annotated[int, Field(gt=0)],
    reason: Annotated[str, Field(min_length=3, max_length=500)],
) -> Refund:
    """Pay back some or all of what a customer paid for an order. Read the refund policy first.

    :param order_id: The number on the customer's receipt.
    :param amount_cents: How much to pay back, in cents; 1250 is 12.50.
    :param reason: Why, in words that the customer may read.
    """
    refunded_by = get_auth_info().user.sub
    try:
        return queries.refund_order(database(), order_id, amount_cents, reason, refunded_by)
    except queries.NoSuchOrder:
        raise ToolError(f"There is no order {order_id}.") from None
    except queries.RefundTooHigh as error:
        raise ToolError(f"Only {error.left_cents} cents of order {order_id} are left to refund.") from None


@orders.protected_tool(annotations={"readOnlyHint": True})
def sales_report(month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]) -> SalesReport:
    """Report what was sold and refunded in one month.

    :param month: As in 2026-11.
    """
    return queries.sales_report(database(), month)


@orders.resource("shop://policy/refunds", mime_type="text/markdown", title="Refund policy")
def refund_policy() -> str:
    """When the shop pays money back, and how much."""
    return _POLICY


@orders.resource("shop://orders/{order_id}", mime_type="application/json", title="Order")
def order_document(order_id: int) -> Order:
    """One order, as the database has it."""
    return _order(order_id)


@orders.prompt(title="Reply to a complaint")
def reply_to_complaint(order_id: int, complaint: str) -> str:
    """Draft a reply to a customer who complains about an order.

    :param order_id: The number on the customer's receipt.
    :param complaint: What the customer wrote.
    """
    order = _order(order_id)
    return (
        f"You answer for the support desk of a small shop. {order.customer} ordered “{order.item}” on "
        f"{order.ordered_on} (order {order.id}, {order.status}, paid {order.total_cents} cents, refunded "
        f"{order.refunded_cents} cents) and writes:\n\n{complaint}\n\nDraft a short, warm, plain reply. "
        f"Offer only what the policy allows:\n\n{_POLICY}"
    )


def _order(order_id: int) -> Order:
    try:
        return queries.get_order(database(), order_id)
    except queries.NoSuchOrder:
        raise ToolError(f"There is no order {order_id}.") from None
