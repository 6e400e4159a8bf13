"""Permissions that workers of gunicorn look up at a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.tenant import tenant_of

from .raw import Wire
from .serving import Server, gunicorn

pytestmark = pytest.mark.wire

OTHER_API = "https://api.example.com/back-office"

DESCRIPTION = f"""
apis:
  - identifier: $AUDIENCE
    name: MCP server
    scopes: {{}}
  - identifier: {OTHER_API}
    name: Back office
    scopes: {{"tool:refund": Give money back}}
roles:
  - name: Clerk
    permissions: {{"{OTHER_API}": ["tool:refund"]}}
users:
  - {{username: alice, password: pass-word-alice, roles: [Clerk]}}
  - {{username: bob, password: pass-word-bob}}
clients:
  - client_id: $M2M_CLIENT_ID
    client_secret: $M2M_CLIENT_SECRET
    name: MCP server (machine to machine)
    grant_types: [client_credentials]
    grants:
      - {{audience: $MANAGEMENT, scope: ["read:users", "read:resource_servers"]}}
"""

AUDIENCE = "http://localhost:8000/mcp"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TenantServer]:
    """A tenant in which another API than the audience defines who may do what."""
    description = tmp_path_factory.mktemp("tenant") / "tenant.yaml"
    description.write_text(DESCRIPTION)
    with TenantServer(config=Path(description), audience=AUDIENCE) as server:
        yield server


@pytest.fixture(scope="module")
def server(tenant: TenantServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that ask that API."""
    machine = next(client for client in tenant.state.clients.values() if client.client_secret)
    environ = {
        "FLASK_AUTH0_DOMAIN": tenant.issuer,
        "FLASK_AUTH0_CLIENT_ID": machine.client_id,
        "FLASK_AUTH0_CLIENT_SECRET": str(machine.client_secret),
        "FLASK_AUTH0_RESOURCE_SERVER_IDENTIFIER": OTHER_API,
        "FLASK_MCP_BASE_URL": AUDIENCE.removesuffix("/mcp"),
        "FLASK_SECRET_KEY": "a-secret-of-the-wire-tests-a-secret",
    }
    log = tmp_path_factory.mktemp("gunicorn") / "gunicorn.log"
    with gunicorn("tests.wire.guarded:create_guarded_app()", environ, log=log) as running:
        yield running


def outcome(tenant: TenantServer, server: Server, user: str) -> dict[str, object]:
    """Call the protected tool as somebody."""
    minted = mint(tenant_of(tenant.app), MintRequest(user=user, audience=AUDIENCE))
    with Wire(server.url, minted["access_token"]) as wire:
        result: dict[str, object] = wire.call("refund", {"order": "17"})["result"]
    return result


def test_the_api_that_defines_the_permissions_may_be_another_than_the_audience(
    tenant: TenantServer, server: Server
) -> None:
    alice, bob = outcome(tenant, server, "alice"), outcome(tenant, server, "bob")

    assert alice["content"] == [{"type": "text", "text": "refunded 17"}]
    assert bob["content"] == [{"type": "text", "text": "You don't have permission to use the 'refund' tool."}]
    assert (alice["isError"], bob["isError"]) == (False, True)
