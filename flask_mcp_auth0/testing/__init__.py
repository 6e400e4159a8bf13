"""What the tests of an application need: a tenant, a client that logs in, and fixtures of both.

pytest finds the fixtures by itself: ``auth0_tenant``, ``auth0_environment``, ``mcp_client`` and
``live_mcp_client``. The last two use a fixture ``app`` of your own.
"""

from __future__ import annotations

from .answers import CallResult, MCPRequestError
from .client import MCPClient
from .tenant import Auth0Tenant

__all__ = ["Auth0Tenant", "CallResult", "MCPClient", "MCPRequestError"]
