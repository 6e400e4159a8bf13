"""The extension that all fixtures register on, in the order in which the modules are imported."""

from __future__ import annotations

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()
