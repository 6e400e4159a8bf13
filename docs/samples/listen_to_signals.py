import logging
from typing import Any

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, AuthInfo
from flask_mcp_auth0.signals import access_denied, component_called, token_rejected

log = logging.getLogger("audit")
mcp = Auth0MCP()


@mcp.protected_tool
def close_month() -> str:
    """Close the books."""
    return "closed"


def denied(app: Flask, *, auth_info: AuthInfo | None, kind: str, name: str, reason: str) -> None:
    who = auth_info.user.sub if auth_info else "nobody"
    log.warning("%s may not use the %s %s: %s", who, kind, name, reason)


def called(app: Flask, *, kind: str, name: str, outcome: str, duration: float) -> None:
    log.info("%s %s: %s after %.3f s", kind, name, outcome, duration)


def rejected(app: Flask, *, error: str, **_: Any) -> None:
    log.info("a token was refused: %s", error)


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    access_denied.connect(denied, app)
    component_called.connect(called, app)
    token_rejected.connect(rejected, app)
    return app
