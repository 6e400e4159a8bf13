from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Flask

import flask_mcp_auth0.tenant.pace
from flask_mcp_auth0.cli import mcp
from flask_mcp_auth0.local_tenant.server import TenantServer

from ..tenant.site import AUDIENCE, Clock, make_app, refresh

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[TenantServer]:
    with TenantServer(audience=AUDIENCE) as running:
        yield running


@pytest.fixture
def tenant(server: TenantServer) -> TenantServer:
    refresh(server)
    return server


@pytest.fixture
def app(tenant: TenantServer) -> Flask:
    return make_app(tenant.issuer)


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    pace = flask_mcp_auth0.tenant.pace

    class Quick(pace.Pace):
        def __init__(self, **options: Any) -> None:
            super().__init__(clock=clock, sleep=clock.sleep, **options)

    monkeypatch.setattr(pace, "Pace", Quick)
    monkeypatch.delenv("AUTH0_MANAGEMENT_TOKEN", raising=False)
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command with the app loaded, as ``flask --app … mcp …`` does."""

    def invoke(*arguments: str, app: Flask = app, **options: Any) -> Result:
        result = app.test_cli_runner().invoke(mcp, list(arguments), **options)
        if result.exception is not None and not isinstance(
            result.exception, SystemExit | click.ClickException
        ):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke
