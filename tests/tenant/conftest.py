from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.server import TenantServer

from .site import AUDIENCE, make_app, refresh


@pytest.fixture(scope="module")
def server() -> Iterator[TenantServer]:
    with TenantServer(audience=AUDIENCE) as running:
        yield running


@pytest.fixture
def tenant(server: TenantServer) -> TenantServer:
    """A tenant that is right for the app, whatever the test before did to it."""
    refresh(server)
    return server


@pytest.fixture
def app(tenant: TenantServer) -> Flask:
    return make_app(tenant.issuer)
