"""The README's first screen, typed in by somebody who follows it to the letter."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp_types import TextContent

from example_app.demo.browser import Person
from example_app.demo.client import Wallet, connect
from example_app.demo.processes import free_port, wait_until_ready

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.wire


def commands(page: Path) -> str:
    """Return the shell lines that start the tenant and the app."""
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if "gunicorn" in block and "flask mcp tenant" in block)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """The MCP endpoint that these lines bring up, on other ports than those of the text."""
    shutil.copy(ROOT / "docs" / "samples" / "quickstart.py", tmp_path / "app.py")
    app_port, tenant_port = free_port(0), free_port(0)
    script = commands(ROOT / "README.md").replace("8400", str(tenant_port)).replace("8000", str(app_port))
    script = script.replace(
        "flask mcp tenant", f"flask mcp tenant --audience http://127.0.0.1:{app_port}/mcp"
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    log = tmp_path / "output.log"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["/bin/sh", "-e", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "HOME": str(tmp_path)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def alive() -> None:
        assert shell.poll() is None, log.read_text("utf-8", "replace")

    try:
        url = f"http://127.0.0.1:{app_port}/mcp"
        for page in (f"http://127.0.0.1:{tenant_port}/.well-known/openid-configuration", f"{url}/health"):
            assert wait_until_ready(page, alive), log.read_text("utf-8", "replace")
        yield url
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)


def test_alice_reads_the_report_and_bob_does_not(endpoint: str) -> None:
    async def ask(name: str) -> str:
        async with connect(endpoint, Person(name, f"{name}-password"), Wallet()) as client:
            result = await client.call_tool("monthly_report", {"month": "2026-11"})
        block = result.content[0]
        assert isinstance(block, TextContent)
        return block.text

    assert anyio.run(ask, "alice") == "Revenue of 2026-11: 51900"
    assert anyio.run(ask, "bob") == "You don't have permission to use the 'monthly_report' tool."
