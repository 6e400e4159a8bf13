"""Orders and refunds: what the shop's support desk does all day."""

from __future__ import annotations

from .tools import orders

__all__ = ["orders"]
