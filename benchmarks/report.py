"""The results as a table on the terminal, as tables in the documentation, and as plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .goals import Row, cpu, rows

Results = Mapping[str, Any]

RESULTS = Path(__file__).parent / "results.json"
DOCS = Path(__file__).parents[1] / "docs"

#: The pages that hold results.
PAGES = (DOCS / "performance.md", DOCS / "scaling.md")

_PLACE = re.compile(r"(<!-- bench: ([a-z-]+) -->)\n.*?(<!-- end -->)", re.DOTALL)


def plain(table: Iterable[Row]) -> str:
    """Return the goals as a table for a terminal."""
    lines = [(row.work, row.goal, row.figure, "met" if row.met else "MISSED") for row in table]
    lines.insert(0, ("work", "goal", "measured", ""))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def sections(results: Results) -> dict[str, str]:
    """Return what the page holds of the results, by the name of the place where it stands."""
    found = {"goals": _table(("work", "goal", "measured", "met"), map(_row, rows(results)))}
    if "http" in results:
        found["http"] = _candidates(results["http"]["candidates"])
        busy = max(one["generator_busy"] for one in results["http"]["candidates"].values())
        found["http-measured"] = (
            f"{_measured(results['http'])} The load came from {results['http']['generator']}, which was busy for "
            f"{busy:.0%} of the time at most, so it held nothing up."
        )
    if "servers" in results:
        found["servers"] = _servers(results["servers"]["candidates"])
        found["servers-measured"] = _measured(results["servers"])
    if "in_process" in results:
        found["in-process"] = _in_process(results["in_process"])
    if "management_calls" in results:
        found["budget"] = _budget(results["management_calls"]["over_several"])
    if "profile" in results:
        found["stages"] = _stages(results["profile"]["stages"])
    return found


def places(page: str) -> set[str]:
    """Return the names of the parts that a page has places for."""
    return {found[2] for found in _PLACE.finditer(page)}


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with each part between its markers, ``<!-- bench: NAME -->`` and ``<!-- end -->``.

    What there is no part for stays as it is.
    """

    def fill(found: re.Match[str]) -> str:
        part = parts.get(found[2])
        return found[0] if part is None else f"{found[1]}\n{part}\n{found[3]}"

    return _PLACE.sub(fill, page)


def write(results: Results) -> None:
    """Write the tables of the pages and draw the plots."""
    for page in PAGES:
        page.write_text(filled(page.read_text("utf-8"), sections(results)), "utf-8")
    # Imported late: a test reads the tables without it.
    from .plots import draw

    draw(results, DOCS / "images")


def _row(row: Row) -> tuple[str, ...]:
    return row.work, row.goal, row.figure, "yes" if row.met else "**no**"


def _table(head: tuple[str, ...], lines: Iterable[Iterable[str]]) -> str:
    written = [" | ".join(head), "|".join("---" for _ in head), *(" | ".join(line) for line in lines)]
    return "\n".join(f"| {line} |" if not line.startswith("---") else f"|{line}|" for line in written)


def _spread(figure: Mapping[str, float], digits: int = 0) -> str:
    return f"{figure['median']:.{digits}f} ({figure['min']:.{digits}f}–{figure['max']:.{digits}f})"


def _candidates(candidates: Results) -> str:
    head = ("", "CPU µs a call", "calls a second", "p50 ms", "p99 ms", "MiB")
    return _table(
        head,
        (
            (
                name,
                _spread(one["cpu_us"]),
                f"{one['per_second']['median']:.0f}",
                f"{one['p50_ms']:.2f}",
                f"{one['p99_ms']:.2f}",
                f"{one['memory_mib']:.0f}",
            )
            for name, one in candidates.items()
        ),
    )


def _servers(candidates: Results) -> str:
    names = dict.fromkeys(name.rpartition(": ")[0] for name in candidates)
    lines = []
    for name in names:
        bare, ours = candidates[f"{name}: bare view"], candidates[f"{name}: public tool"]
        ratio = cpu(candidates, f"{name}: public tool") / cpu(candidates, f"{name}: bare view")
        lines.append(
            (
                name,
                _spread(bare["cpu_us"]),
                _spread(ours["cpu_us"]),
                f"{ratio:.2f}",
                f"{ours['per_second']['median']:.0f}",
                f"{ours['p99_ms']:.2f}",
            )
        )
    return _table(("", "bare view, µs", "public tool, µs", "ratio", "calls a second", "p99 ms"), lines)


def _in_process(figures: Results) -> str:
    added = figures["added_us"]
    lines = [(name, _spread(one), f"{added[name]:.0f}") for name, one in figures["cpu_us"].items()]
    lines.append(("an RS256 signature by itself", f"{figures['signature_us']:.0f}", ""))
    return _table(("", "CPU µs", "added"), lines)


def _budget(figures: Results) -> str:
    head = ("users", "calls a second", "time to live", "asked a second", "reckoned")
    line = (
        f"{figures['users']:,}",
        f"{figures['calls'] / figures['seconds']:,.0f}",
        f"{figures['ttl']} s",
        f"{figures['asked_per_second']:.1f}",
        f"{figures['reckoned_per_second']:.1f}",
    )
    return _table(head, [line])


def _stages(stages: Results) -> str:
    return _table(("stage", "share"), ((name, f"{share:.0%}") for name, share in stages.items()))


def _measured(part: Results) -> str:
    on = part["measured"]
    return f"{on['date']}: {on['machine']}, {on['system']}; Python {on['python']}, {on['versions']}."
