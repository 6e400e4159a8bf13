"""The official TypeScript clients log in at a running tenant, and refresh."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState

from ..npm import installed, node
from .conftest import SEED
from .flow import claims_of
from .resource_server import ResourceServer
from .test_clients import press_through

SCRIPT = Path(__file__).with_name("typescript_login.mjs")


@pytest.fixture
def api(keys: KeyRing) -> Iterator[ResourceServer]:
    """An API and, behind it, the tenant."""
    with (
        ResourceServer(["tool:report"]) as api,
        TenantServer(TenantState.from_yaml(SEED, audience=api.url), keys=keys) as server,
    ):
        api.issuer = server.issuer
        yield api


@pytest.mark.wire
@pytest.mark.parametrize(
    ("folder", "package", "module"),
    [
        ("1", "@modelcontextprotocol/sdk@1.32.2", "@modelcontextprotocol/sdk/client/auth.js"),
        ("2", "@modelcontextprotocol/client@2.4.0", "@modelcontextprotocol/client"),
    ],
)
def test_the_official_typescript_client_logs_in_and_refreshes(
    api: ResourceServer, folder: str, package: str, module: str
) -> None:
    prefix = installed(f"clients/{folder}", package)
    with subprocess.Popen(
        [node(), "--input-type=module", "--eval", SCRIPT.read_text()],
        cwd=prefix,
        env=os.environ | {"URL": api.url, "MODULE": module},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        line = client.stdout.readline()
        assert line, client.communicate(timeout=30)
        location = press_through(json.loads(line)["open"], "alice")
        out, err = client.communicate(f"{location}\n", timeout=60)
        assert client.returncode == 0, err
    tokens = json.loads(out.splitlines()[-1])
    claims = claims_of(tokens["second"]["access_token"])
    assert claims["sub"] == "auth0|alice"
    assert claims["aud"] == api.url
    assert claims["permissions"] == ["tool:report"]
    assert tokens["first"]["refresh_token"] != tokens["second"]["refresh_token"]
