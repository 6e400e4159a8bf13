"""The goals, and what was measured for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One goal.

    :param work: what is measured.
    :param goal: as it was set.
    :param figure: what came out.
    :param met: whether the figure is within the goal.
    """

    work: str
    goal: str
    figure: str
    met: bool


def rows(results: Results) -> Iterator[Row]:
    """Yield a row for each goal that was measured."""
    if "http" in results:
        yield from _against_flask(results["http"]["candidates"])
    if "in_process" in results:
        yield from _in_process(results["in_process"])
    if "http" in results:
        yield from _against_peers(results["http"]["candidates"])
        yield _list(results["http"])
    if "management_calls" in results:
        yield _management(results["management_calls"])
    if "streams" in results:
        yield from _streams(results["streams"])
    if "startup" in results:
        yield from _startup(results["startup"])
    if "long_run" in results:
        yield _memory(results["long_run"])


def cpu(candidates: Results, name: str) -> float:
    """Return a candidate's median microseconds of processor time a call."""
    figure: float = candidates[name]["cpu_us"]["median"]
    return figure


def _ratio(work: str, most: float, above: float, below: float) -> Row:
    ratio = above / below
    return Row(work, f"≤ {most:g} ×", f"{ratio:.2f} × ({above:.0f} : {below:.0f} µs)", ratio <= most)


def _against_flask(candidates: Results) -> Iterator[Row]:
    for kind, most in (("public tool", 1.2), ("protected tool", 1.25), ("protected tool, Redis", 1.6)):
        for worker in ("gthread", "sync"):
            yield _ratio(
                f"{kind}, {worker}, against a bare view",
                most,
                cpu(candidates, f"{kind}, {worker}"),
                cpu(candidates, f"bare view, {worker}"),
            )


def _in_process(figures: Results) -> Iterator[Row]:
    for kind, most in (("token seen before", 120), ("new token", 260)):
        added = figures["added_us"][f"public tool, {kind}"]
        yield Row(
            f"a public call added to a bare view, in process, {kind}",
            f"≤ {most} µs",
            f"{added:.0f} µs",
            added <= most,
        )


def _against_peers(candidates: Results) -> Iterator[Row]:
    peers = (("official SDK", {"gthread": 1.6, "sync": 2.6}), ("FastMCP", {"gthread": 3.0, "sync": 5.0}))
    for peer, goals in peers:
        for worker, least in goals.items():
            theirs = cpu(candidates, f"{peer}, uvicorn")
            ours = cpu(candidates, f"public tool, C parser, {worker}")
            yield Row(
                f"calls a CPU-second against {peer}, {worker}",
                f"≥ {least:g} ×",
                f"{theirs / ours:.2f} × ({1e6 / ours:.0f} : {1e6 / theirs:.0f})",
                theirs / ours >= least,
            )


def _list(http: Results) -> Row:
    return _ratio(
        f"tools/list of 100 tools ({http['list_bytes']:,} bytes) against a view of the same bytes",
        1.25,
        cpu(http["candidates"], "tools/list of 100 tools, gthread"),
        cpu(http["candidates"], "view of the same list, gthread"),
    )


def _management(figures: Results) -> Row:
    asked = figures["management_calls"]
    most = figures["users"] * 1.01
    return Row(
        f"Management calls for {figures['calls']:,} protected calls by {figures['users']:,} users",
        f"≤ {most:,.0f}",
        f"{asked:,}",
        asked <= most,
    )


def _streams(figures: Results) -> Iterator[Row]:
    delay = figures["first_event_ms"]["median"]
    yield Row("first event after the tool emits it", "< 5 ms", f"{delay:.2f} ms", delay < 5)
    held = figures["subscriptions_mib"]
    work = f"{figures['subscriptions']:,} idle subscriptions, one gevent worker"
    yield Row(work, "< 60 MiB", f"{held:.1f} MiB", held < 60)


def _startup(figures: Results) -> Iterator[Row]:
    seconds, mib = figures["added_seconds"]["median"], figures["added_mib"]["median"]
    yield Row("import and init_app, beyond Flask alone", "< 1.0 s", f"{seconds:.2f} s", seconds < 1)
    yield Row("the same, memory", "< 60 MiB", f"{mib:.1f} MiB", mib < 60)


def _memory(figures: Results) -> Row:
    gained = figures["gained_mib"]
    return Row(
        f"memory over {figures['calls']:,} calls by {figures['users']:,} users, after warm-up",
        "flat",
        f"{gained:+.1f} MiB",
        # Less than a byte a call is what the pages of an allocator wander by.
        gained * 2**20 < figures["calls"],
    )
