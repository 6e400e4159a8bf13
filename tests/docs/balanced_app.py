"""An app for two instances behind nginx: a tool that tells something and then waits for word from the test."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, get_auth_info

mcp = Auth0MCP()


@mcp.tool
def wait_for_word() -> Generator[tuple[int, int, str], None, str]:
    """Say that it waits, then answer with what comes through the pipe."""
    yield 1, 2, "waiting"
    return Path(os.environ["TEST_PIPE"]).read_text()


@mcp.tool
def who() -> str:
    """Name the caller."""
    return get_auth_info().user.sub


def create_app() -> Flask:
    """Make the app from ``FLASK_…`` variables."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
