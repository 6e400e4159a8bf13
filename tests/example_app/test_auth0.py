"""The two examples that call Auth0 from inside a tool, against the tenant that the demo uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import example_app
from example_app import create_app
from flask_mcp_auth0.local_tenant.server import TenantServer

from .conftest import BASE_URL
from .desk import Desk

AUDIENCE = f"{BASE_URL}/mcp"
DESCRIPTION = Path(example_app.__file__).with_name("tenant.yaml")

LogIn = Callable[..., Desk]


@pytest.fixture
def tenant() -> Iterator[TenantServer]:
    """The demo's tenant."""
    with TenantServer(config=DESCRIPTION, audience=AUDIENCE) as server:
        yield server


@pytest.fixture
def log_in(tenant: TenantServer, tmp_path: Path) -> LogIn:
    """The example app behind that tenant, and people in it: ``log_in(user="alice")``."""
    app = create_app(
        {
            "AUTH0_DOMAIN": tenant.issuer,
            "AUTH0_CLIENT_ID": "local-m2m",
            "AUTH0_CLIENT_SECRET": tenant.state.clients["local-m2m"].client_secret,
            "MCP_BASE_URL": BASE_URL,
            "SECRET_KEY": "for the tests of the example app",
            "ORDERS_DATABASE": str(tmp_path / "orders.sqlite"),
        }
    )

    def minted(**wanted: Any) -> Desk:
        answer = requests.post(
            tenant.url("/_control/token"),
            json={"audience": AUDIENCE, **wanted},
            headers={"X-Local-Tenant-Control": "1"},
            timeout=10,
        )
        return Desk(app, answer.json()["access_token"])

    return minted


def test_preferences_that_are_not_named_stay_as_they_are(log_in: LogIn) -> None:
    alice = log_in(user="alice")
    alice.call("update-preferences", preferences={"theme": "dark", "newsletter": True})
    now = alice.call("update-preferences", preferences={"language": "pt-BR"})
    assert now == {"theme": "dark", "language": "pt-BR", "newsletter": True}


def test_an_update_of_nothing_is_refused_in_words(log_in: LogIn) -> None:
    assert log_in(user="alice").refusal("update-preferences", preferences={}).startswith("Name at least one")


def test_preferences_are_checked_before_they_reach_auth0(log_in: LogIn, tenant: TenantServer) -> None:
    text = log_in(user="alice").refusal("update-preferences", preferences={"theme": "plaid"})
    assert "theme" in text
    assert tenant.state.users["auth0|alice"].user_metadata == {}


def test_without_the_permission_nobody_changes_preferences(log_in: LogIn) -> None:
    text = log_in(user="bob").refusal("update-preferences", preferences={"theme": "dark"})
    assert text == "You don't have permission to use the 'update-preferences' tool."


def test_a_loyalty_service_that_is_down_is_reported_without_details(log_in: LogIn) -> None:
    alice = log_in(user="alice")
    alice.app.config["LOYALTY_API_URL"] = "http://127.0.0.1:1"
    alice.app.config["LOYALTY_AUDIENCE"] = "https://loyalty.example.com"
    assert alice.refusal("loyalty-points") == "The loyalty service cannot be reached just now."
