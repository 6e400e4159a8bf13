"""How many cases a run tries, and a count of those that it tried.

``FUZZ_EXAMPLES`` sets the examples of each property for a long run; an example of a property that mutates
(:mod:`.mutation`) is :data:`BATCH` cases. Without it the run is short and always the same.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, configuration

#: Mutations that one example tries.
BATCH = 25

#: Examples of each property in a long run; 0 for the short run.
LONG = int(os.environ.get("FUZZ_EXAMPLES", "0"))

#: Where a long run leaves its counts, one file for each process.
COUNTS = Path(os.environ.get("FUZZ_COUNTS", ".cache/fuzz"))

#: Cases tried in this process, by property.
cases: Counter[str] = Counter()

F = TypeVar("F", bound=Callable[..., object])

configuration.set_hypothesis_home_dir(".cache/hypothesis")


def bounded(short: int, *, share: float = 1.0) -> Callable[[F], F]:
    """Bound a property.

    :param short: its examples among the tests, so that it takes at most a few seconds there.
    :param share: how many of the examples of a long run it gets; less than 1 for what is slow.
    """
    return hypothesis.settings(
        max_examples=max(1, int(LONG * share)) if LONG else short,
        derandomize=not LONG,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def write_counts() -> None:
    """Leave what this process tried where :mod:`.report` adds it up."""
    if LONG and cases:
        COUNTS.mkdir(parents=True, exist_ok=True)
        lines = [f"{count}\t{name}\n" for name, count in sorted(cases.items())]
        (COUNTS / f"{os.getpid()}.tsv").write_text("".join(lines))
