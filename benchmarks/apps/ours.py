"""The same call as a tool of this package, with and without a permission; and a hundred tools to list."""

from __future__ import annotations

import os
import time
from collections.abc import Generator

from flask import Flask
from flask_caching import Cache

from flask_mcp_auth0 import Auth0MCP


def registered() -> Auth0MCP:
    """Return the tools that are measured."""
    mcp = Auth0MCP()

    @mcp.tool
    def public(name: str) -> str:
        """Greet somebody."""
        return f"Hello, {name}!"

    @mcp.protected_tool
    def protected(name: str) -> str:
        """Greet somebody, if the caller may."""
        return f"Hello, {name}!"

    @mcp.tool
    def streamed(name: str) -> Generator[tuple[int, int, str], None, str]:
        """Greet somebody, and say when that began (CLOCK_MONOTONIC, nanoseconds)."""
        yield 1, 2, str(time.monotonic_ns())
        return f"Hello, {name}!"

    return mcp


def create_app() -> Flask:
    """Make the app; with ``BENCH_REDIS`` its look-ups are kept in that Redis-protocol server."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    redis = os.environ.get("BENCH_REDIS")
    if redis:
        Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis})
    registered().init_app(app)
    return app


def create_list_app() -> Flask:
    """Make an app of a hundred tools."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp = Auth0MCP()
    for number in range(100):

        @mcp.tool(name=f"report_{number}")
        def report(month: str, region: str = "all", limit: int = 10) -> dict[str, float]:
            """Report what was sold in a month, by region, the most important first."""
            return {region: limit + len(month)}

    mcp.init_app(app)
    return app
