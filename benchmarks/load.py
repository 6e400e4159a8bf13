"""Load from outside the server: wrk where it is installed, else a generator on asyncio.

The generator's own processor time is measured with every load: as long as it is well below the time that
passed, the server is what the figures show.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from .servers import pin

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Load:
    """What a load met with.

    :ivar requests: answers that were read.
    :ivar refused: those among them with another status than 2xx or 3xx.
    :ivar broken: connections that failed.
    :ivar generator: the part of the time in which the generator was busy, 0 to 1.
    """

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float
    generator: float

    @property
    def clean(self) -> bool:
        """Whether every request was answered well."""
        return not self.refused and not self.broken


def generator() -> str:
    """Return the name of what makes the load here."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def press(
    url: str, body: bytes, tokens: Sequence[str], *, connections: int, seconds: float, kind: str | None = None
) -> Load:
    """Send one body with one token after another, on several connections at once.

    :param kind: ``wrk`` or ``asyncio``; default what is there.
    """
    with tempfile.TemporaryDirectory() as folder:
        body_file, token_file = Path(folder, "body"), Path(folder, "tokens")
        body_file.write_bytes(body)
        token_file.write_text("\n".join(tokens) + "\n")
        if (kind or generator()) == "wrk":
            # It takes whole seconds.
            command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
            command += [
                "--latency",
                "-s",
                str(_HERE / "load.lua"),
                url,
                "--",
                str(body_file),
                str(token_file),
            ]
        else:
            command = [sys.executable, "-m", "benchmarks.load_asyncio", url, str(body_file), str(token_file)]
            command += [str(connections), f"{seconds:g}"]
        with subprocess.Popen(command, cwd=_HERE.parent, stdout=subprocess.PIPE, text=True) as process:
            watched = psutil.Process(process.pid)
            pin(watched, to_server_cpu=False)
            assert process.stdout is not None
            lines = process.stdout.readlines()
            # It has written its last line and not been reaped, so its times can still be read.
            times = watched.cpu_times()
    found = next((line for line in lines if line.startswith("RESULT ")), None)
    if found is None:
        raise RuntimeError(f"the load generator failed: {''.join(lines)[-500:]}")
    figures = json.loads(found.removeprefix("RESULT "))
    return Load(**figures, generator=(times.user + times.system) / figures["seconds"])
