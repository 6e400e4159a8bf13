"""What the shop asks of its database. Every value is a parameter; no SQL is put together from input."""

from __future__ import annotations

import sqlite3

from .models import Order, OrderStatus, Refund, SalesReport


class NoSuchOrder(LookupError):
    """There is no order of that number."""


class RefundTooHigh(ValueError):
    """More would be paid back than was paid.

    :param left_cents: what could still be refunded.
    """

    def __init__(self, left_cents: int) -> None:
        self.left_cents = left_cents
        super().__init__(f"only {left_cents} cents are left")


_ORDER = """
SELECT orders.*,
       coalesce((SELECT sum(amount_cents) FROM refunds WHERE order_id = orders.id), 0) AS refunded_cents
FROM orders
"""


def find_orders(
    db: sqlite3.Connection, customer: str | None, status: OrderStatus | None, limit: int
) -> tuple[list[Order], bool]:
    """Return at most ``limit`` orders, newest first, and whether there are more.

    :param customer: part of the customer's name, in any case.
    """
    rows = db.execute(
        _ORDER
        + """
        WHERE (:customer IS NULL OR instr(lower(customer), lower(:customer)) > 0)
          AND (:status IS NULL OR status = :status)
        ORDER BY ordered_on DESC, id DESC LIMIT :limit
        """,
        {"customer": customer, "status": status, "limit": limit + 1},
    ).fetchall()
    return [Order.model_validate(dict(row)) for row in rows[:limit]], len(rows) > limit


def get_order(db: sqlite3.Connection, order_id: int) -> Order:
    """Return one order.

    :raises NoSuchOrder: if there is none of that number.
    """
    row = db.execute(_ORDER + "WHERE orders.id = ?", (order_id,)).fetchone()
    if row is None:
        raise NoSuchOrder(order_id)
    return Order.model_validate(dict(row))


def refund_order(
    db: sqlite3.Connection, order_id: int, amount_cents: int, reason: str, refunded_by: str
) -> Refund:
    """Record a refund.

    :raises NoSuchOrder: if there is no such order.
    :raises RefundTooHigh: if that is more than what is left of what the customer paid.
    """
    # The write lock comes before the check: two refunds at once must not both see the same money.
    db.execute("BEGIN IMMEDIATE")
    try:
        order = get_order(db, order_id)
        left = order.total_cents - order.refunded_cents
        if amount_cents > left:
            raise RefundTooHigh(left)
        cursor = db.execute(
            "INSERT INTO refunds (order_id, amount_cents, reason, refunded_by) VALUES (?, ?, ?, ?)",
            (order_id, amount_cents, reason, refunded_by),
        )
        if amount_cents == left:
            db.execute("UPDATE orders SET status = 'refunded' WHERE id = ?", (order_id,))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return Refund(
        id=cursor.lastrowid or 0,
        order_id=order_id,
        amount_cents=amount_cents,
        reason=reason,
        refunded_by=refunded_by,
        left_cents=left - amount_cents,
    )


def sales_report(db: sqlite3.Connection, month: str) -> SalesReport:
    """Return the figures of one month, ``YYYY-MM``."""
    row = db.execute(
        """
        WITH sold AS (SELECT * FROM orders WHERE substr(ordered_on, 1, 7) = :month)
        SELECT (SELECT count(*) FROM sold) AS orders,
               (SELECT coalesce(sum(total_cents), 0) FROM sold) AS sold_cents,
               (SELECT coalesce(sum(amount_cents), 0) FROM refunds JOIN sold ON sold.id = order_id)
                   AS refunded_cents,
               (SELECT item FROM sold GROUP BY item ORDER BY count(*) DESC, item LIMIT 1) AS best_seller
        """,
        {"month": month},
    ).fetchone()
    return SalesReport(month=month, **dict(row))
