"""How long the stages of a request took, for the ``Server-Timing`` header of an app in debug mode."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from .. import request_state

HEADER = "Server-Timing"
_KEY = "_mcp_timings"


class Timings:
    """Seconds by stage, in the order in which the stages began.

    :param clock: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._stages: dict[str, float] = {}

    def add(self, stage: str, seconds: float) -> None:
        """Count ``seconds`` towards a stage."""
        self._stages[stage] = self._stages.get(stage, 0.0) + seconds

    def until_now(self, stage: str) -> None:
        """Count everything so far as one stage, unless it has been counted."""
        if stage not in self._stages:
            self._stages[stage] = self._clock() - self._started

    def header(self) -> str:
        """Return the header's value (Server Timing, W3C; milliseconds)."""
        total = self._clock() - self._started
        stages = {**self._stages, "total": total}
        return ", ".join(f"{stage};dur={seconds * 1000:.2f}" for stage, seconds in stages.items())


def begin() -> None:
    """Time the current request."""
    request_state.keep(_KEY, Timings())


def current() -> Timings | None:
    """Return what is timed of the current request, ``None`` where nothing is."""
    return cast("Timings | None", request_state.kept(_KEY))
