from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from ..example_app.desk import Desk
from ..issuer import Issuer

AUDIENCE = "http://localhost:8000/mcp"


def test_a_permission_on_a_blueprint_holds_for_all_that_is_in_it(
    sample: Callable[[str], ModuleType], issuer: Issuer
) -> None:
    app = sample("blueprints").create_app()
    bob = Desk(app, issuer.token(AUDIENCE, permissions=()))
    alice = Desk(app, issuer.token(AUDIENCE, permissions=("read:reports",)))
    assert bob.tools() == set()
    assert "permission" in bob.refusal("monthly_report", month="2026-11")
    assert alice.call("monthly_report", month="2026-11") == {"month": "2026-11", "revenue_cents": 51900}
    assert alice.refusal("monthly_report", month="1999-01") == "There are no figures for 1999-01."
    report = alice.ask("resources/read", {"uri": "reports://2026-10"})["contents"][0]
    assert "40150" in report["text"]
    prompt = alice.ask("prompts/get", {"name": "summarise", "arguments": {"month": "2026-10"}})
    assert "2026-10" in prompt["messages"][0]["content"]["text"]
