"""What the tools take and return. Money is whole cents: no rounding, no locale."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

OrderStatus = Literal["paid", "shipped", "delivered", "refunded"]


class Order(BaseModel):
    """An order as the shop's database has it."""

    id: int
    customer: str
    item: str
    status: OrderStatus
    ordered_on: str = Field(description="ISO 8601 date")
    total_cents: int
    refunded_cents: int = Field(description="What has been paid back so far")


class OrderList(BaseModel):
    """Some orders, newest first."""

    orders: list[Order]
    more: bool = Field(description="Whether there are more that match")


class Refund(BaseModel):
    """Money that was paid back."""

    id: int
    order_id: int
    amount_cents: int
    reason: str
    refunded_by: str = Field(description="Auth0 user ID of whoever gave it")
    left_cents: int = Field(description="What could still be refunded")


class SalesReport(BaseModel):
    """One month in figures."""

    month: str
    orders: int
    sold_cents: int
    refunded_cents: int
    best_seller: str | None
