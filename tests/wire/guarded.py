"""An app with one protected tool, and one whose streams fall silent at once."""

from __future__ import annotations

from flask import Flask

from flask_mcp_auth0 import Auth0MCP
from flask_mcp_auth0.protocol import subscriptions

from ..conformance.app import create_app

mcp = Auth0MCP()


@mcp.protected_tool(structured_output=False)
def refund(order: str) -> str:
    """Give the money back.

    :param order: which order
    """
    return f"refunded {order}"


def create_guarded_app() -> Flask:
    """Return the app with the protected tool, configured from the environment."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app


def create_impatient_app() -> Flask:
    """Return the fixture app with streams that are kept alive many times a second."""
    subscriptions.KEEP_ALIVE_SECONDS = subscriptions.LOOK_SECONDS = 0.1
    return create_app()
