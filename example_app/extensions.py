"""The extension, apart from the app factory so that every module of tools can import it."""

from __future__ import annotations

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()
