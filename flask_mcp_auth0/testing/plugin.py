"""The pytest plugin. It is loaded with pytest, so it imports nothing before a fixture is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from .client import MCPClient
    from .tenant import Auth0Tenant


@pytest.fixture(scope="session")
def auth0_tenant() -> Iterator[Auth0Tenant]:
    """A local tenant on loopback for the whole run; override it to give it another ``base_url`` or ``config``."""
    from .tenant import Auth0Tenant

    with Auth0Tenant() as tenant:
        yield tenant


@pytest.fixture
def auth0_environment(auth0_tenant: Auth0Tenant, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Sets ``FLASK_…`` variables for an app that reads its configuration from the environment."""
    for name, value in auth0_tenant.environment.items():
        monkeypatch.setenv(name, value)
    return auth0_tenant.environment


@pytest.fixture
def mcp_client(app: Flask, auth0_tenant: Auth0Tenant) -> Iterator[MCPClient]:
    """A client of your ``app`` fixture's app, without a socket. What a test changes in the tenant is undone."""
    from .client import MCPClient

    with auth0_tenant.unchanged():
        yield MCPClient.for_app(app, auth0_tenant)


@pytest.fixture
def live_mcp_client(app: Flask, auth0_tenant: Auth0Tenant) -> Iterator[MCPClient]:
    """A client of your ``app`` fixture's app, served by a threaded server on a free port of loopback.

    What a test changes in the tenant is undone.
    """
    from werkzeug.serving import make_server

    from .client import MCPClient

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with auth0_tenant.unchanged():
            yield MCPClient.for_url(
                f"http://127.0.0.1:{server.server_port}{auth0_tenant.mcp_path}", auth0_tenant
            )
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
