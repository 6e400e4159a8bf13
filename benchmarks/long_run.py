"""A million calls by ten thousand users in one process: whether its memory stays as it is."""

from __future__ import annotations

import random
import sys
from typing import Any

import psutil

from .in_process import create_app, environs, measure
from .workbench import bench, call

_WARM_UP = 0.2
_BATCH = 10_000


def run(*, calls: int = 1_000_000, users: int = 10_000) -> dict[str, Any]:
    """Return the resident memory along the way, and its slope after the first fifth.

    :return: ``mib``: pairs of calls so far and MiB; ``gained_mib``: the growth from the end of the warm-up to
        the end of the run, by a line of least squares.
    """
    process, turn = psutil.Process(), random.Random(7)
    with bench(users) as work:
        app = create_app(work.tenant)
        points = []
        for number in range(1, calls // _BATCH + 1):
            tokens = (turn.choice(work.tokens) for _ in range(_BATCH))
            measure(app, environs("/mcp", call("protected"), tokens, _BATCH))
            points.append((number * _BATCH, round(process.memory_info().rss / 2**20, 2)))
            if number % 10 == 0:
                print(f"  {points[-1][0]:,} calls: {points[-1][1]} MiB", file=sys.stderr)
    warm = [point for point in points if point[0] > calls * _WARM_UP]
    return {"calls": calls, "users": users, "mib": points, "gained_mib": round(_gain(warm), 2)}


def _gain(points: list[tuple[int, float]]) -> float:
    """Return how much a line through the points rises from the first to the last (least squares)."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return above / below * (points[-1][0] - points[0][0])
