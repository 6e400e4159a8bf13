from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from example_app import create_app
from flask_mcp_auth0 import ConfigurationError
from flask_mcp_auth0.testing import Auth0Tenant, MCPClient


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``.env`` in the current folder, which is read."""
    monkeypatch.chdir(tmp_path)
    # Whatever the app reads into the environment is taken out again.
    for name in ("FLASK_AUTH0_DOMAIN", "FLASK_MCP_BASE_URL", "FLASK_MCP_SERVER_NAME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.delenv("FLASK_SKIP_DOTENV")
    file = tmp_path / ".env"
    file.write_text(
        "FLASK_AUTH0_DOMAIN=from-dotenv.eu.auth0.com\n"
        "FLASK_MCP_BASE_URL=https://desk.example.com\n"
        "FLASK_MCP_SERVER_NAME=from-dotenv\n"
    )
    return file


def test_settings_are_read_from_dotenv(dotenv: Path, tmp_path: Path) -> None:
    app = create_app({"ORDERS_DATABASE": str(tmp_path / "orders.sqlite")})
    assert dotenv.exists()
    assert app.config["AUTH0_DOMAIN"] == "from-dotenv.eu.auth0.com"


@pytest.mark.usefixtures("dotenv")
def test_the_environment_wins_over_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_MCP_SERVER_NAME", "from-environment")
    app = create_app({"ORDERS_DATABASE": str(tmp_path / "orders.sqlite")})
    assert app.config["MCP_SERVER_NAME"] == "from-environment"
    assert app.config["AUTH0_DOMAIN"] == "from-dotenv.eu.auth0.com"


def test_missing_settings_are_all_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app({"ORDERS_DATABASE": str(tmp_path / "orders.sqlite")})
    assert "AUTH0_DOMAIN is missing" in str(caught.value)
    assert "MCP_BASE_URL is missing" in str(caught.value)


def test_without_client_credentials_protected_tools_are_refused_with_the_reason(
    settings: dict[str, Any], auth0_tenant: Auth0Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings | {"AUTH0_CLIENT_ID": "", "AUTH0_CLIENT_SECRET": ""})
    bob = MCPClient.for_app(app, auth0_tenant).login("bob")
    assert bob.assert_allowed("get_order", order_id=1001).structured["id"] == 1001
    refused = bob.call("refund_order", order_id=1001, amount_cents=1, reason="late")
    assert refused.is_error
    assert "refund_order" in refused.text
    assert "AUTH0_CLIENT_ID" in caplog.text


def test_every_setting_of_the_example_env_file_is_one_that_is_read() -> None:
    example = Path(__file__).parents[2] / "example_app" / ".env.example"
    settings = Path(__file__).parents[2] / "docs" / "configuration.md"
    own = {"SECRET_KEY", "LOYALTY_API_URL", "LOYALTY_AUDIENCE"}
    for line in example.read_text("utf-8").splitlines():
        if "=" in line and "FLASK_" in line and not line.startswith("# Keeps"):
            key = line.lstrip("# ").partition("=")[0].removeprefix("FLASK_")
            assert key in own or f"`{key}`" in settings.read_text("utf-8"), key
