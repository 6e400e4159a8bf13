"""Orders and refunds: what the shop's support desk does all day."""

from __future__ import annotations

from .database import init_database
from .tools import orders

__all__ = ["init_database", "orders"]
