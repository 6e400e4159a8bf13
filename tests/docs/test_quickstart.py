from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from ..example_app.desk import Desk
from ..issuer import Issuer

AUDIENCE = "http://localhost:8000/mcp"


def test_the_quickstart_greets_and_lets_only_some_roll_dice(
    sample: Callable[[str], ModuleType], issuer: Issuer
) -> None:
    app = sample("quickstart").create_app()
    bob = Desk(app, issuer.token(AUDIENCE, permissions=(), name="Bob"))
    assert bob.call("greet") == "Hello, Bob!"
    assert bob.refusal("roll_dice") == "You don't have permission to use the 'roll_dice' tool."
    alice = Desk(app, issuer.token(AUDIENCE, permissions=("tool:roll_dice",)))
    assert alice.call("roll_dice", sides=1) == {"result": 1}


def test_a_decorated_function_stays_a_function(sample: Callable[[str], ModuleType]) -> None:
    assert sample("quickstart").roll_dice(sides=1) == 1
