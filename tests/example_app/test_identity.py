from __future__ import annotations

from collections.abc import Callable

import pytest

from example_app.identity import random_number

from .desk import Desk

People = Callable[..., Desk]


def test_greet_uses_the_name_that_the_token_carries(desk: People) -> None:
    greeting = desk(subject="auth0|ada", name="Ada").call("greet")
    assert greeting == "Hello, Ada! Your Auth0 user ID is auth0|ada"


def test_greet_falls_back_to_the_name_given_and_then_to_none(desk: People) -> None:
    ada = desk(subject="auth0|ada")
    assert ada.call("greet", name="Countess").startswith("Hello, Countess!")
    assert ada.call("greet").startswith("Hello, there!")


def test_whoami_keeps_scopes_and_permissions_apart(desk: People) -> None:
    who = desk("tool:refund_order", subject="auth0|ada", scope="openid email", client_id="cli").call("whoami")
    assert who["user_id"] == "auth0|ada"
    assert who["client_id"] == "cli"
    assert who["scopes"] == ["openid", "email"]
    assert who["permissions"] == ["tool:refund_order"]


def test_random_number_stays_within_its_bounds() -> None:
    drawn = {random_number(1, 3) for _ in range(200)}
    assert drawn == {1, 2, 3}


def test_random_number_refuses_bounds_the_wrong_way_round(desk: People) -> None:
    text = desk().refusal("random-number", minimum=5, maximum=1)
    assert text == "minimum (5) must not be above maximum (1)"


@pytest.mark.parametrize("missing", ["FLASK_LOYALTY_API_URL", "FLASK_LOYALTY_AUDIENCE"])
def test_loyalty_points_says_which_settings_connect_it(desk: People, missing: str) -> None:
    assert missing in desk().refusal("loyalty-points")
