from __future__ import annotations

import pytest

from example_app.identity import random_number
from flask_mcp_auth0.testing import MCPClient


def test_greet_uses_the_name_that_the_token_carries(mcp_client: MCPClient) -> None:
    greeting = mcp_client.login("ada", name="Ada").assert_allowed("greet")
    assert greeting.text == "Hello, Ada! Your Auth0 user ID is auth0|ada"


def test_greet_falls_back_to_the_name_given_and_then_to_none(mcp_client: MCPClient) -> None:
    ada = mcp_client.login("ada", name=None)
    assert ada.call("greet", name="Countess").text.startswith("Hello, Countess!")
    assert ada.call("greet").text.startswith("Hello, there!")


def test_whoami_keeps_scopes_and_permissions_apart(mcp_client: MCPClient) -> None:
    ada = mcp_client.login("ada", permissions=["tool:refund_order"], scopes=["openid", "email"])
    who = ada.call("whoami").structured
    assert who["user_id"] == "auth0|ada"
    assert who["scopes"] == ["openid", "email"]
    assert who["permissions"] == ["tool:refund_order"]


def test_random_number_stays_within_its_bounds() -> None:
    drawn = {random_number(1, 3) for _ in range(200)}
    assert drawn == {1, 2, 3}


def test_random_number_refuses_bounds_the_wrong_way_round(mcp_client: MCPClient) -> None:
    refused = mcp_client.login("ada").call("random-number", minimum=5, maximum=1)
    assert refused.is_error
    assert refused.text == "minimum (5) must not be above maximum (1)"


@pytest.mark.parametrize("missing", ["FLASK_LOYALTY_API_URL", "FLASK_LOYALTY_AUDIENCE"])
def test_loyalty_points_says_which_settings_connect_it(mcp_client: MCPClient, missing: str) -> None:
    assert missing in mcp_client.login("ada").call("loyalty-points").text
