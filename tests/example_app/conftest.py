"""The example app in this process, and people who call its tools through the MCP endpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from example_app import create_app

from ..issuer import Issuer
from .desk import Desk

BASE_URL = "http://localhost:8000"


@pytest.fixture
def settings(issuer: Issuer, tmp_path: Path) -> dict[str, Any]:
    """A configuration in which the token says what its bearer may do."""
    return {
        "AUTH0_DOMAIN": issuer.url,
        "MCP_BASE_URL": BASE_URL,
        "AUTH0_PERMISSIONS_SOURCE": "token",
        "SECRET_KEY": "for the tests of the example app",
        "ORDERS_DATABASE": str(tmp_path / "orders.sqlite"),
    }


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    """The example app with a database of its own."""
    return create_app(settings)


@pytest.fixture
def desk(app: Flask, issuer: Issuer) -> Callable[..., Desk]:
    """Log somebody in: ``desk("tool:refund_order", subject="auth0|ada")``."""

    def log_in(*permissions: str, **claims: Any) -> Desk:
        token = issuer.token(f"{BASE_URL}/mcp", permissions=permissions, **claims)
        return Desk(app, token)

    return log_in
