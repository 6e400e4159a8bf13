"""Property-based fuzzing: a bounded, repeatable run among the tests, a long one by ``make fuzz``."""

from __future__ import annotations
