"""The shop's SQLite database: one connection a request, opened when first asked for.

This is plain Flask: MCP tools run inside a request, so ``g`` and teardown work in them as in any view.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Flask, current_app, g

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    customer TEXT NOT NULL,
    item TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('paid', 'shipped', 'delivered', 'refunded')),
    ordered_on TEXT NOT NULL,
    total_cents INTEGER NOT NULL CHECK (total_cents > 0)
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    reason TEXT NOT NULL,
    refunded_by TEXT NOT NULL
) STRICT;
"""

_FIRST_ORDERS = (
    (1001, "Ada Okafor", "Walnut desk organiser", "delivered", "2026-09-03", 4900),
    (1002, "Ben Carter", "Linen apron", "delivered", "2026-09-17", 3250),
    (1003, "Chloe Martin", "Walnut desk organiser", "shipped", "2026-10-05", 4900),
    (1004, "Ada Okafor", "Stoneware mug, set of 4", "delivered", "2026-10-11", 5600),
    (1005, "Dmitri Petrov", "Brass reading lamp", "delivered", "2026-10-19", 12900),
    (1006, "Elif Kaya", "Stoneware mug, set of 4", "shipped", "2026-11-02", 5600),
    (1007, "Ben Carter", "Brass reading lamp", "paid", "2026-11-14", 12900),
    (1008, "Farid Haddad", "Stoneware mug, set of 4", "paid", "2026-11-20", 5600),
)


def init_database(app: Flask) -> None:
    """Make the tables and fill them once. Workers that start together do it one after the other."""
    path = Path(app.config["ORDERS_DATABASE"])
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(str(path))
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        if connection.execute("SELECT count(*) FROM orders").fetchone()[0] == 0:
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", _FIRST_ORDERS)
        connection.execute("COMMIT")
    finally:
        connection.close()
    app.teardown_appcontext(_close)


def database() -> sqlite3.Connection:
    """Return the request's connection. Transactions are begun and ended by hand."""
    if "orders_database" not in g:
        g.orders_database = _connect(current_app.config["ORDERS_DATABASE"])
    connection: sqlite3.Connection = g.orders_database
    return connection


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _close(_error: BaseException | None) -> None:
    connection = g.pop("orders_database", None)
    if connection is not None:
        connection.close()
