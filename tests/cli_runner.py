"""How click's test runner is made so that it keeps standard error apart."""

from __future__ import annotations

import inspect
from typing import Any

from click.testing import CliRunner

#: From click 8.2 on it does so by itself, and cannot be told.
APART: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)
