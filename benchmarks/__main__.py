"""Measure, print the table, draw the plots and write ``docs/performance.md``: ``python -m benchmarks``.

What is measured is kept in ``benchmarks/results.json``; ``--only`` measures a part anew and leaves the rest as it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from . import in_process, long_run, machine, management_calls, over_http, profile, report, startup, streams
from . import wsgi_servers as servers
from .goals import rows

_PARTS = {
    "http": over_http.run,
    "servers": servers.run,
    "in_process": in_process.run,
    "management_calls": management_calls.run,
    "streams": streams.run,
    "startup": startup.run,
    "long_run": long_run.run,
    "profile": profile.run,
}
_TAKES_ROUNDS = ("http", "servers", "in_process")
_TAKES_SECONDS = ("http", "servers")


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=[*_PARTS, "report"], help="measure only these; report: nothing"
    )
    parser.add_argument("--rounds", type=int, help="alternating rounds, where there are any")
    parser.add_argument("--seconds", type=float, help="the length of each load")
    options = parser.parse_args()
    results: dict[str, Any] = json.loads(report.RESULTS.read_text()) if report.RESULTS.exists() else {}
    for name, measure in _PARTS.items():
        if options.only and name not in options.only:
            continue
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr)
        arguments: dict[str, Any] = {}
        if options.rounds and name in _TAKES_ROUNDS:
            arguments["rounds"] = options.rounds
        if options.seconds and name in _TAKES_SECONDS:
            arguments["seconds"] = options.seconds
        results[name] = measure(**arguments)
        results[name]["measured"] = machine.described()
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        report.RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    report.write(results)
    print(report.plain(rows(results)))


if __name__ == "__main__":
    main()
