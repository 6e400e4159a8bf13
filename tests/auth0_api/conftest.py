from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from cachelib import SimpleCache
from flask import Flask

from flask_mcp_auth0.auth.auth_info import AuthInfo, set_auth_info
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.discovery import AuthorizationServer
from flask_mcp_auth0.auth0_api.ciba import Ticker
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.auth0_api.management import ManagementProvider
from flask_mcp_auth0.outbound import Outbound
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.settings import Settings

from .doubles import Clock, machine, make_settings, person
from .fake_auth0 import FakeAuth0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth0() -> Iterator[FakeAuth0]:
    with FakeAuth0().running() as fake:
        yield fake


@pytest.fixture
def settings(auth0: FakeAuth0) -> Settings:
    return make_settings(auth0)


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(connect_timeout=2.0, read_timeout=0.5)


@pytest.fixture
def cache(clock: Clock) -> LookupCache:
    return LookupCache(SimpleCache(), clock=clock)


@pytest.fixture
def server(auth0: FakeAuth0, outbound: Outbound, cache: LookupCache, clock: Clock) -> AuthorizationServer:
    return AuthorizationServer(auth0.url, outbound, cache, clock=clock)


@pytest.fixture
def make_client(
    auth0: FakeAuth0, server: AuthorizationServer, outbound: Outbound, clock: Clock
) -> Callable[..., Auth0Client]:
    def make(settings: Settings | None = None, **more: Any) -> Auth0Client:
        return Auth0Client(
            settings or make_settings(auth0),
            server,
            outbound,
            more.pop("verify", lambda token: person(token)),
            clock=clock,
            ticker=Ticker(clock, clock.wait),
            **more,
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., Auth0Client]) -> Auth0Client:
    return make_client()


@pytest.fixture
def make_provider(
    server: AuthorizationServer, outbound: Outbound, cache: LookupCache, clock: Clock
) -> Callable[..., ManagementProvider]:
    def make(settings: Settings, **more: Any) -> ManagementProvider:
        sealer = more.pop("sealer", Sealer(["a secret that seals"]))
        shared = more.pop("cache", cache)
        return ManagementProvider(
            settings, server, outbound, shared, sealer, timeout=0.5, clock=clock, **more
        )

    return make


@pytest.fixture
def provider(make_provider: Callable[..., ManagementProvider], settings: Settings) -> ManagementProvider:
    return make_provider(settings)


@pytest.fixture
def app(client: Auth0Client, provider: ManagementProvider) -> Flask:
    app = Flask("demo")
    app.extensions["mcp_auth0"] = SimpleNamespace(
        client_provider=SimpleNamespace(client=lambda: client), management_provider=provider
    )
    return app


@pytest.fixture
def as_ada(app: Flask) -> Iterator[AuthInfo]:
    """A request of Ada's is being served."""
    info = person()
    with app.test_request_context("/mcp"):
        set_auth_info(info)
        yield info


@pytest.fixture
def as_machine(app: Flask) -> Iterator[AuthInfo]:
    """A request of a machine's is being served."""
    info = machine()
    with app.test_request_context("/mcp"):
        set_auth_info(info)
        yield info
