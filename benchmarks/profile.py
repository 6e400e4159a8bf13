"""Where the time of a call goes: sampled by py-spy, as a flame graph and by stage."""

from __future__ import annotations

import collections
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .in_process import create_app, environs, measure
from .workbench import bench, call

_ROOT = Path(__file__).parents[1]
_FLAMES = Path("docs", "images", "performance-flame.svg")

#: Stages, by the function that a stage begins with: the innermost of these that is on the stack counts.
STAGES = {
    "wsgi_app (flask/": "Flask: contexts, session, routing, signals",
    "before_request (flask_mcp_auth0/auth/guard": "the guard: origin, token",
    "endpoint (flask_mcp_auth0/wiring": "reading the message: HTTP, JSON, JSON-RPC, revision",
    "check_access (flask_mcp_auth0/": "authorization: permissions from the cache",
    "__call__ (flask_mcp_auth0/protocol/stream": "writing the response",
    "run (flask_mcp_auth0/protocol/dispatch": "running the tool, encoding its result",
    "after_request (flask_mcp_auth0/auth/guard": "headers of the answer",
}


def run(*, seconds: float = 20.0) -> dict[str, Any]:
    """Sample calls of a protected tool in process, draw the flame graph and return each stage's share."""
    # The picture holds its own command line, which is to be the same on every machine.
    python = os.path.relpath(sys.executable, _ROOT)
    loop = [python, "-m", "benchmarks.profile", f"{seconds:g}"]
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder, "stacks")
        for format, target in (("raw", stacks), ("flamegraph", _FLAMES)):
            command = [str(Path(python).parent / "py-spy"), "record", "--gil", "--rate", "1000"]
            command += ["--format", format, "--output", str(target), "--", *loop]
            subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
        return {"stages": _by_stage(stacks.read_text())}


def _by_stage(stacks: str) -> dict[str, float]:
    counts: collections.Counter[str] = collections.Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if not any("wsgi_app (flask/" in frame for frame in frames):
            continue
        stage = next(
            name for frame in reversed(frames) for start, name in STAGES.items() if f"{start}" in frame
        )
        counts[stage] += int(count)
    total = sum(counts.values())
    return {stage: round(counts[stage] / total, 4) for stage in dict.fromkeys(STAGES.values())}


def main(seconds: float) -> None:
    """Call for so long; this is what is sampled."""
    with bench() as work:
        app = create_app(work.tenant)
        tokens = itertools.cycle(work.tokens)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            measure(app, environs("/mcp", call("protected"), tokens, 1000))


if __name__ == "__main__":
    main(float(sys.argv[1]))
