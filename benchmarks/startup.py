"""What starting costs: import and ``init_app``, beside Flask alone, each in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from .workbench import bench, spread

_MEASURE = """
import json, resource, sys, time
began = time.perf_counter()
{code}
used = time.perf_counter() - began
pages = int(open("/proc/self/statm").read().split()[1])
print(json.dumps({{"seconds": used, "mib": pages * resource.getpagesize() / 2**20}}))
"""
_FLASK = """
from flask import Flask
app = Flask("bench")
app.config.from_prefixed_env()
"""
_OURS = (
    _FLASK
    + """
from flask_mcp_auth0 import Auth0MCP
mcp = Auth0MCP()
@mcp.tool
def greet(name: str) -> str:
    return name
mcp.init_app(app)
"""
)


def _start(code: str, environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-c", _MEASURE.format(code=code)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def run(*, rounds: int = 9) -> dict[str, Any]:
    """Return what this package adds to Flask alone, in seconds and MiB, the two in alternating processes."""
    with bench(users=1) as work:
        _start(_OURS, work.environment)  # fills the cache of the disk, and writes bytecode
        pairs = [(_start(_FLASK, work.environment), _start(_OURS, work.environment)) for _ in range(rounds)]
    return {
        "flask_seconds": spread([flask["seconds"] for flask, _ in pairs]),
        "added_seconds": spread([ours["seconds"] - flask["seconds"] for flask, ours in pairs]),
        "added_mib": spread([ours["mib"] - flask["mib"] for flask, ours in pairs]),
    }
