"""The app of ``permission_budget_gunicorn.py``: one protected tool, look-ups in a cache that workers share."""

from __future__ import annotations

from flask import Flask
from flask_caching import Cache

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()


@mcp.protected_tool
def monthly_report() -> str:
    """Report a month's revenue."""
    return "40150"


def create_app() -> Flask:
    """Make the app from ``FLASK_…`` variables, ``FLASK_CACHE_REDIS_URL`` among them."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config["CACHE_TYPE"] = "RedisCache"
    Cache(app)
    mcp.init_app(app)
    return app
