"""The plots of ``docs/performance.md``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
# The same results are the same file, and its text stays text.
mpl.rcParams.update(
    {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
)

import matplotlib.pyplot as plt  # noqa: E402

Results = Mapping[str, Any]

_OURS, _OTHERS = "#d97706", "#94a3b8"

#: What this package serves.
_KINDS = ("public tool", "protected tool", "tools/list")


def draw(results: Results, folder: Path) -> None:
    """Draw what there are results for."""
    if "http" in results:
        _bars(results["http"]["candidates"], "Processor time of a call", folder / "performance-http.svg")
    if "servers" in results:
        _bars(
            results["servers"]["candidates"],
            "The same below other servers",
            folder / "performance-servers.svg",
        )
    if "long_run" in results:
        _memory(results["long_run"], folder / "performance-memory.svg")


def _bars(candidates: Results, title: str, target: Path) -> None:
    names = list(candidates)[::-1]
    figures = [candidates[name]["cpu_us"] for name in names]
    medians = [figure["median"] for figure in figures]
    around = [
        [figure["median"] - figure["min"] for figure in figures],
        [figure["max"] - figure["median"] for figure in figures],
    ]
    colours = [_OURS if any(kind in name for kind in _KINDS) else _OTHERS for name in names]
    figure, axes = plt.subplots(figsize=(7.5, 0.28 * len(names) + 0.9), layout="constrained")
    axes.barh(names, medians, xerr=around, color=colours, height=0.7, error_kw={"lw": 0.8})
    axes.set_xlabel("µs of processor time a call (median, least and most of the rounds)")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, target)


def _memory(figures: Results, target: Path) -> None:
    calls = [count / 1000 for count, _ in figures["mib"]]
    figure, axes = plt.subplots(figsize=(7.5, 2.6), layout="constrained")
    axes.plot(calls, [mib for _, mib in figures["mib"]], color=_OURS)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"thousand calls, by {figures['users']:,} users")
    axes.set_ylabel("resident MiB")
    axes.set_title("Memory", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, target)


def _save(figure: Any, target: Path) -> None:
    figure.savefig(target, metadata={"Date": None, "Creator": None})
    plt.close(figure)
