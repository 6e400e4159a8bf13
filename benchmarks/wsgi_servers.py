"""Other servers, worker classes and interpreters under the same app: what can be had from below it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .over_http import BARE, OURS, Candidate, compare, gunicorn
from .workbench import ENVIRONMENTS, bench, call

_THREADS = 4


def _granian(app: str) -> list[str]:
    command = [_python("servers"), "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", "{port}", "--workers", "1", "--blocking-threads", str(_THREADS)]
    return [*command, "--no-ws", "--factory", app.removesuffix("()")]


def _waitress(app: str) -> list[str]:
    command = [_python("servers"), "-m", "waitress", "--listen=127.0.0.1:{port}", f"--threads={_THREADS}"]
    return [*command, "--call", app.removesuffix("()")]


def _python(environment: str) -> str:
    return str(ENVIRONMENTS / environment / "bin" / "python")


def kinds() -> dict[str, Callable[[str], Sequence[str]]]:
    """Return what starts an app in each way that is there to be measured."""
    known = _python("servers")
    found: dict[str, Callable[[str], Sequence[str]]] = {}
    for worker in ("sync", "gthread", "gevent"):
        for parser, name in (("python", "Python parser"), ("fast", "C parser")):
            found[f"gunicorn {worker}, {name}"] = lambda app, w=worker, p=parser: gunicorn(
                app, w, "--http-parser", p, python=known
            )
    found["granian"] = _granian
    found["waitress"] = _waitress
    other = ENVIRONMENTS / "python" / "bin" / "python"
    if other.exists():
        version = subprocess.run([other, "-V"], capture_output=True, text=True, check=True).stdout.strip()
        found[f"gunicorn gthread, C parser, {version}"] = lambda app: gunicorn(
            app, "gthread", "--http-parser", "fast", python=str(other)
        )
    return found


def run(*, rounds: int = 5, seconds: float = 2.0) -> dict[str, Any]:
    """Compare them, each with a bare view and with a public tool."""
    chosen = []
    for name, command in kinds().items():
        chosen.append(Candidate(f"{name}: bare view", command(BARE), call("public")))
        chosen.append(Candidate(f"{name}: public tool", command(OURS), call("public")))
    with bench() as work:
        figures = compare(work, chosen, rounds=rounds, seconds=seconds)
    return {"python": f"Python {sys.version.split()[0]}", "cpus": os.cpu_count(), "candidates": figures}
