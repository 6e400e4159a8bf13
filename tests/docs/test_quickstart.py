from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from ..example_app.desk import Desk
from ..issuer import Issuer

AUDIENCE = "http://localhost:8000/mcp"


def test_the_quickstart_greets_everybody_and_reports_to_some(
    sample: Callable[[str], ModuleType], issuer: Issuer
) -> None:
    app = sample("quickstart").create_app()
    bob = Desk(app, issuer.token(AUDIENCE, permissions=(), name="Bob"))
    assert bob.call("greet") == "Hello, Bob!"
    assert bob.refusal("monthly_report") == "You don't have permission to use the 'monthly_report' tool."
    alice = Desk(app, issuer.token(AUDIENCE, permissions=("tool:monthly_report",)))
    assert alice.call("monthly_report", month="2026-11") == "Revenue of 2026-11: 51900"


def test_a_decorated_function_stays_a_function(sample: Callable[[str], ModuleType]) -> None:
    assert sample("quickstart").monthly_report("2026-10") == "Revenue of 2026-10: 40150"
