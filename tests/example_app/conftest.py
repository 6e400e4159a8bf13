"""The example app in this process, in front of the tenant that the demo uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import example_app
from flask_mcp_auth0.testing import Auth0Tenant

DESCRIPTION = Path(example_app.__file__).with_name("tenant.yaml")


@pytest.fixture(scope="session")
def auth0_tenant() -> Iterator[Auth0Tenant]:
    """The demo's tenant, for every test of the example app."""
    with Auth0Tenant(config=DESCRIPTION) as tenant:
        yield tenant


@pytest.fixture
def settings(auth0_tenant: Auth0Tenant, tmp_path: Path) -> dict[str, Any]:
    """The app's configuration, with a database of its own."""
    return auth0_tenant.config | {"ORDERS_DATABASE": str(tmp_path / "orders.sqlite")}


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    """The app that ``mcp_client`` calls."""
    return example_app.create_app(settings)
