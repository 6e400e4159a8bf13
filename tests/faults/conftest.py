"""An app at a tenant that can be broken in every way, with a clock of its own; and workers that can be killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask_caching import Cache
from werkzeug.test import TestResponse

from flask_mcp_auth0 import Auth0MCP, get_auth_info
from flask_mcp_auth0.testing import Auth0Tenant

from ..issuer import Issuer
from ..wire.serving import gunicorn
from .served import APP, WORKER_CLASS, Workers

#: Seconds that the app under test waits for a slow tenant, instead of several.
PATIENCE = 0.2


class LaterClock:
    """The time now, and as much later as a test wants."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds


class Place:
    """One app in front of the tenant."""

    def __init__(self, tenant: Auth0Tenant, **config: Any) -> None:
        self.tenant = tenant
        self.clock = LaterClock()
        self.app = Flask("place")
        self.app.config.update(tenant.config | config)
        if "CACHE_TYPE" in config:
            Cache(self.app)
        mcp = Auth0MCP()

        @mcp.tool
        def greet() -> str:
            return get_auth_info().user.sub

        @mcp.protected_tool
        def ledger() -> str:
            return get_auth_info().user.sub

        mcp.init_app(self.app)
        self.state = state = self.app.extensions["mcp_auth0"]
        keys, lookup, server = state.verifier._keys, state.lookup, state.authorization_server
        timed = (state.cache, state.verifier, keys, keys._document, server._document, lookup, lookup._backoff)
        for part in (*timed, lookup._generations, lookup._reader):
            part._clock = self.clock
        state.cache._conduct._clock = state.cache._conduct._timer = self.clock

    def hurry(self) -> None:
        """Wait no longer than :data:`PATIENCE` for the tenant."""
        self.state.outbound._timeout = (PATIENCE, PATIENCE)
        self.state.lookup._reader._options["timeout"] = PATIENCE

    def call(self, tool: str = "greet", *, token: str | None = None, **claims: Any) -> TestResponse:
        """Call a tool as Ada, who holds its permission."""
        return self.request("tools/call", {"name": tool, "arguments": {}}, token=token, **claims)

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **claims: Any,
    ) -> TestResponse:
        """Send any request, as Ada if no token is given."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        own = {
            "MCP-Protocol-Version": "2025-11-25",
            "Authorization": f"Bearer {token or self.token(**claims)}",
        }
        return self.app.test_client().post("/mcp", json=body, headers=own | dict(headers or {}))

    def token(self, **claims: Any) -> str:
        """Return a token of Ada's that outlives whatever the clock is told."""
        return self.tenant.token("ada", permissions=[], claims={"exp": int(time.time()) + 10**6, **claims})

    def warm(self) -> Place:
        """Have everything fetched and looked up once."""
        for tool in ("ledger", "greet"):
            assert self.call(tool).get_json()["result"]["isError"] is False
        return self


@pytest.fixture(scope="module")
def shared_tenant() -> Iterator[Auth0Tenant]:
    with Auth0Tenant() as tenant:
        yield tenant


@pytest.fixture
def tenant(shared_tenant: Auth0Tenant) -> Iterator[Auth0Tenant]:
    """A tenant where Ada may see the ledger and Bob may not; its faults end with the test."""
    tenant = shared_tenant
    tenant.define("tool:ledger")
    tenant.user("ada", permissions=["tool:ledger"])
    tenant.user("bob", permissions=[])
    over = threading.Event()
    tenant.state.faults.sleep = lambda seconds: over.wait(seconds) and None
    yield tenant
    over.set()
    tenant.state.faults.clear()
    tenant.state.issuer_in_metadata = None
    tenant.state.issuer_in_tokens = None


@pytest.fixture
def place(tenant: Auth0Tenant) -> Place:
    return Place(tenant)


Start = Callable[..., AbstractContextManager[Workers]]


@pytest.fixture(scope="session")
def start(issuer: Issuer, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Return what starts a server of two workers that share a store."""

    @contextmanager
    def starting(worker_class: str = WORKER_CLASS, **settings: Any) -> Iterator[Workers]:
        folder = tmp_path_factory.mktemp("workers")
        environ = {
            "FLASK_AUTH0_DOMAIN": issuer.url,
            "FLASK_MCP_BASE_URL": "{origin}",
            "FLASK_SECRET_KEY": "a-secret-of-the-workers-a-secret-of-the-workers",
            "FLASK_MCP_STORE_URL": valkey_url,
            "FAULTS_FOLDER": str(folder),
        }
        log = folder / "gunicorn.log"
        with gunicorn(APP, environ, log=log, worker_class=worker_class, **settings) as server:
            yield Workers(server, issuer, folder)

    return starting


@pytest.fixture(scope="session")
def workers(start: Start) -> Iterator[Workers]:
    """The app is loaded before they are forked, so that new ones are there at once."""
    with start(options=["--preload"]) as running:
        yield running
