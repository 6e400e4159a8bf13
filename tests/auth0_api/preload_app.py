"""An app that has called Auth0 before gunicorn forks its workers (``--preload``)."""

from __future__ import annotations

import os

from flask import Flask
from flask_caching import Cache

from flask_mcp_auth0 import Auth0MCP, get_client, get_management

API = "https://orders.example.com/"


def create_app() -> Flask:
    app = Flask("preloaded")
    app.config.from_prefixed_env()
    if "CACHE_TYPE" in app.config:
        Cache(app)
    Auth0MCP(app)

    @app.get("/call")
    def call() -> dict[str, int | str]:
        get_management().users.get(f"process-{os.getpid()}")
        exchanged = get_client().get_token_on_behalf_of(API, access_token="a-token-of-ada-s")
        return {"pid": os.getpid(), "exchanged": exchanged.access_token}

    with app.test_client() as client:
        assert client.get("/call").status_code == 200
    return app
