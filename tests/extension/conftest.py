"""Apps with the whole extension, and an authorization server that signs whatever a test wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_mcp_auth0 import Auth0MCP

from ..issuer import Issuer

BASE_URL = "http://localhost:8000"
AUDIENCE = BASE_URL + "/mcp"


class Site:
    """An app, its extension, and requests to it as somebody."""

    def __init__(self, issuer: Issuer, **config: Any) -> None:
        self.issuer = issuer
        self.app = Flask("site")
        self.app.config.update(
            SECRET_KEY="a secret of the tests, long enough",
            AUTH0_DOMAIN=issuer.url,
            MCP_BASE_URL=BASE_URL,
            AUTH0_PERMISSIONS_SOURCE="token",
        )
        self.app.config.update(config)
        self.mcp = Auth0MCP()

    def start(self) -> Site:
        self.mcp.init_app(self.app)
        return self

    def token(self, **claims: Any) -> str:
        return self.issuer.token(AUDIENCE, **claims)

    def post(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/mcp",
    ) -> TestResponse:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params or {})}
        token = self.token() if token is None else token
        own = {"MCP-Protocol-Version": "2025-11-25"}
        if token:
            own["Authorization"] = f"Bearer {token}"
        return self.app.test_client().post(path, json=body, headers={**own, **(headers or {})})

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        response = self.post("tools/call", {"name": tool, "arguments": dict(arguments or {})}, **options)
        result: dict[str, Any] = response.get_json()["result"]
        return result

    def text(self, tool: str, **options: Any) -> str:
        text: str = self.call(tool, **options)["content"][0]["text"]
        return text

    def listed(self, **options: Any) -> list[str]:
        return [tool["name"] for tool in self.post("tools/list", **options).get_json()["result"]["tools"]]


@pytest.fixture
def site(issuer: Issuer) -> Site:
    return Site(issuer)
