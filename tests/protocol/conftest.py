"""The protocol on its own: a Flask app that serves MCP to whoever asks, without tokens and without Auth0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_mcp_auth0.protocol.access import Listing, Refusal
from flask_mcp_auth0.protocol.asking import RequestStates
from flask_mcp_auth0.protocol.components import Component
from flask_mcp_auth0.protocol.notifications import Hub, LogLevels, ResourceSubscriptions
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.protocol.server import Server
from flask_mcp_auth0.protocol.server_info import ServerInfo
from flask_mcp_auth0.protocol.session import Sessions
from flask_mcp_auth0.protocol.store_process import ProcessStore
from flask_mcp_auth0.protocol.switches import Switches
from flask_mcp_auth0.protocol.versions import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
)
from flask_mcp_auth0.protocol.view import serve
from flask_mcp_auth0.registrar import Registrar
from flask_mcp_auth0.sealing import Sealer

MODERN = "2026-07-28"


class Door:
    """Access as a test wants it: everybody may do everything until told otherwise."""

    def __init__(self) -> None:
        self.name = "alice"
        self.refusals: dict[str, Refusal] = {}
        self.hidden: set[str] = set()
        self.known = True
        self.ends: float | None = None
        #: components whose arguments are looked at, and what was seen
        self.conditional: set[str] = set()
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def caller(self) -> str:
        return self.name

    def authenticated(self) -> bool:
        return self.known

    def expires_at(self) -> float | None:
        return self.ends

    def unauthenticated(self) -> Refusal:
        return Refusal("unauthenticated", "Log in.", 'Bearer scope="openid"')

    def check(self, component: Component, arguments: Callable[[], Mapping[str, Any]]) -> Refusal | None:
        refusal = self.refusals.get(component.name)
        if refusal is None and component.name in self.conditional:
            self.asked.append((component.name, arguments()))
        return refusal

    def unknown(self, kind: str, name: str) -> Refusal | None:
        return self.refusals.get(f"unknown:{kind}")

    def listing(self, components: Sequence[Component]) -> Listing:
        return Listing([component.name not in self.hidden for component in components], False, 60_000)

    def refusal_of(self, error: Exception, component: Component) -> Refusal | None:
        return Refusal("denied", f"refused: {type(error).__name__}")


class Peer:
    """A client of both eras over ``app.test_client()``."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._id = 0
        self.capabilities: dict[str, Any] = {}

    def post(self, body: Any, headers: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        base = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        return self.client.post("/mcp", data=data, headers={**base, **(headers or {})}, **options)

    def modern_request(
        self, method: str, params: Mapping[str, Any] | None = None, **meta: Any
    ) -> dict[str, Any]:
        self._id += 1
        envelope = {
            PROTOCOL_VERSION_META_KEY: MODERN,
            CLIENT_CAPABILITIES_META_KEY: self.capabilities,
            CLIENT_INFO_META_KEY: {"name": "peer", "version": "1"},
            **meta,
        }
        return {
            "jsonrpc": "2.0",
            "id": self._id,
            "method": method,
            "params": {**(params or {}), "_meta": envelope},
        }

    def modern_headers(self, body: Mapping[str, Any]) -> dict[str, str]:
        headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": body["method"]}
        params = body["params"]
        if body["method"] in ("tools/call", "prompts/get", "resources/read"):
            headers["Mcp-Name"] = str(params.get("name", params.get("uri")))
        return headers

    def modern(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        **meta: Any,
    ) -> TestResponse:
        body = self.modern_request(method, params, **meta)
        merged = {**self.modern_headers(body), **(headers or {})}
        return self.post(body, {name: value for name, value in merged.items() if value is not None})

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        answer = self.modern("tools/call", {"name": tool, "arguments": arguments or {}, **params})
        return result_of(answer)

    def legacy(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        version: str | None = "2025-11-25",
        session: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        self._id += 1
        body = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": dict(params or {})}
        own: dict[str, str] = {}
        if version is not None:
            own["MCP-Protocol-Version"] = version
        if session is not None:
            own["Mcp-Session-Id"] = session
        return self.post(body, {**own, **(headers or {})})

    def initialize(
        self, version: str = "2025-11-25", capabilities: Mapping[str, Any] | None = None
    ) -> TestResponse:
        params = {
            "protocolVersion": version,
            "capabilities": dict(capabilities or {}),
            "clientInfo": {"name": "peer", "version": "1"},
        }
        return self.legacy("initialize", params, version=None)


def events(response: TestResponse) -> list[dict[str, Any]]:
    """Return the messages of an event stream."""
    assert response.mimetype == "text/event-stream"
    return [
        json.loads(line.removeprefix("data: "))
        for line in response.get_data(as_text=True).splitlines()
        if line.startswith("data: ")
    ]


def result_of(response: TestResponse) -> dict[str, Any]:
    """Return the result of a plain or streamed answer."""
    body = events(response)[-1] if response.mimetype == "text/event-stream" else response.get_json()
    assert "result" in body, body
    result: dict[str, Any] = body["result"]
    return result


def error_of(response: TestResponse) -> dict[str, Any]:
    """Return the error of an answer."""
    error: dict[str, Any] = response.get_json()["error"]
    return error


class House:
    """A server of whatever a test registers, on an app of its own."""

    def __init__(self) -> None:
        self.registrar = Registrar()
        self.door = Door()
        self.store = ProcessStore()
        self.sealer = Sealer(["a secret of the tests, long enough"])
        self.max_body = 4 * 1024 * 1024
        self.outcomes: list[tuple[str, str]] = []
        self.app = Flask("house")
        self.app.add_url_rule("/mcp", "mcp", self._view, methods=["GET", "POST", "DELETE", "PUT"])
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = Server(
                info=ServerInfo("house", "1.2.3", instructions="Be kind."),
                registry=Registry(self._components()),
                access=self.door,
                sessions=Sessions(self.sealer),
                states=RequestStates(self.sealer, self.store),
                store=self.store,
                switches=Switches(self.store),
                hub=Hub(self.store),
                log_levels=LogLevels(self.store),
                resource_subscriptions=ResourceSubscriptions(self.store),
                ensure_sync=self.app.ensure_sync,
                observe=lambda component, outcome, seconds, _: self.outcomes.append(
                    (component.name, outcome)
                ),
                max_body=self.max_body,
            )
        return self._server

    def peer(self) -> Peer:
        return Peer(self.app.test_client())

    def _components(self) -> Iterable[Component]:
        return [component for component, _ in self.registrar._registered()]

    def _view(self) -> Response:
        return serve(self.server)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def register(house: House) -> Registrar:
    return house.registrar


@pytest.fixture
def peer(house: House) -> Peer:
    return house.peer()


@pytest.fixture
def threaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test client look like a threaded worker: it can wait, and keep subscriptions."""
    original: Callable[..., Any] = FlaskClient.open

    def open_threaded(self: FlaskClient, *args: Any, **kwargs: Any) -> Any:
        overrides = {"wsgi.multithread": True, **kwargs.pop("environ_overrides", {})}
        return original(self, *args, environ_overrides=overrides, **kwargs)

    monkeypatch.setattr(FlaskClient, "open", open_threaded)
