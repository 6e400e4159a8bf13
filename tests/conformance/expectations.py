"""Which runs of the suites there are, and what in them is no plain success, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .suite import PRERELEASE, RELEASED

#: Beginnings of the scenarios of extensions that the server does not offer.
EXTENSIONS = ("tasks-", "sep-2640-skills-")

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


@dataclass(frozen=True)
class Run:
    """One run of a suite.

    :param listed_for: the revision whose scenarios must all have run, ``None`` for every scenario there is.
    """

    version: str
    options: Sequence[str]
    listed_for: str | None

    def __str__(self) -> str:
        return " ".join([self.version, *(option.removeprefix("--") for option in self.options)])


RUNS = (
    Run(RELEASED, ["--suite", "all"], None),
    *(Run(PRERELEASE, ["--spec-version", revision, "--suite", "all"], revision) for revision in REVISIONS),
    *(Run(PRERELEASE, ["--requirements", revision], None) for revision in ("2025-11-25", "2026-07-28")),
)

#: Checks that may warn, be skipped or only inform, as (scenario, check), and why.
EXPLAINED: dict[tuple[str, str], str] = {}
