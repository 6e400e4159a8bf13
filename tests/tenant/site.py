"""An app, a local tenant that is set up for it, and commands that never sleep."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask

from flask_mcp_auth0 import Auth0MCP
from flask_mcp_auth0.app_state import AppState
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.tenant.doctor import examine
from flask_mcp_auth0.tenant.examination import Examination
from flask_mcp_auth0.tenant.findings import Finding
from flask_mcp_auth0.tenant.pace import Pace

BASE_URL = "http://localhost:3001"
AUDIENCE = BASE_URL + "/mcp"
SECRET = "the secret of the tests' application"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = time.time()
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def refresh(tenant: TenantServer, config: str | None = None) -> TenantState:
    """Put the tenant back to how it was described."""
    state = tenant.state
    state.faults.clear()
    state.counts.clear()
    state.limit_rate(None)
    state.clock_skew, state.issuer_in_metadata, state.issuer_in_tokens = 0.0, None, None
    fresh = TenantState.from_yaml(config, audience=AUDIENCE, issuer=tenant.issuer, m2m_client_secret=SECRET)
    for name in (
        *("settings", "users", "roles", "groups", "organizations", "resource_servers", "clients"),
        *("client_grants", "connections", "user_grants", "rules", "hooks"),
    ):
        setattr(state, name, getattr(fresh, name))
    return state


def make_app(issuer: str, **config: Any) -> Flask:
    """Return an app with a plain tool and two protected ones, which the tenant knows."""
    app = Flask("accounts")
    app.config |= {
        "AUTH0_DOMAIN": issuer,
        "AUTH0_CLIENT_ID": "local-m2m",
        "AUTH0_CLIENT_SECRET": SECRET,
        "MCP_BASE_URL": BASE_URL,
        "SECRET_KEY": "what seals in the tests",
        **config,
    }
    mcp = Auth0MCP()

    @mcp.tool
    def greet(name: str = "you") -> str:
        """Greet somebody."""
        return f"Hello, {name}!"

    @mcp.protected_tool
    def monthly_report(month: int) -> dict[str, int]:
        """Read the monthly report.

        It has one line for each account.
        """
        return {"month": month, "total": 7}

    @mcp.protected_tool
    def close_month(month: int) -> str:
        """Close a month's books."""
        return f"Closed {month}."

    mcp.init_app(app)
    return app


def state_of(app: Flask) -> AppState:
    state = app.extensions["mcp_auth0"]
    assert isinstance(state, AppState)
    return state


def examination(app: Flask, clock: Clock | None = None, **options: Any) -> Examination:
    clock = clock or Clock()
    options.setdefault("environ", {})
    return Examination(state_of(app), Pace(clock=clock, sleep=clock.sleep), **options)


def diagnosis(app: Flask, **options: Any) -> dict[str, Finding]:
    """Return every check's finding by its id."""
    return {finding.id: finding for finding in examine(examination(app, **options))}


def named(findings: Mapping[str, Finding]) -> set[str]:
    """Return the ids of the checks that complain."""
    return {one.id for one in findings.values() if one.status in ("warning", "failure")}
