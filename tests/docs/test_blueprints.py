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
    alice = Desk(app, issuer.token(AUDIENCE, permissions=("read:invoices",)))
    assert bob.tools() == set()
    assert "permission" in bob.refusal("get_invoice", number=17)
    assert alice.call("get_invoice", number=17) == {"number": 17, "cents": 12900}
    assert alice.refusal("get_invoice", number=99) == "There is no invoice 99."
    document = alice.ask("resources/read", {"uri": "invoices://18"})["contents"][0]
    assert "4050" in document["text"]
    prompt = alice.ask("prompts/get", {"name": "remind", "arguments": {"number": "18"}})
    assert "4050 cents" in prompt["messages"][0]["content"]["text"]
