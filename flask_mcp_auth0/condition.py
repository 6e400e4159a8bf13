"""How something that we depend on has fared, as far as is known without asking it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """What a health check is told. Times are Unix time in seconds, ``None`` for never.

    :param failing: whether the last attempt failed.
    :param usable: whether there is something to go on with; not, where nothing was asked yet.
    :param succeeded_at: of the last answer, where that is kept.
    :param failed_at: of the last failure.
    """

    failing: bool
    usable: bool
    succeeded_at: float | None = None
    failed_at: float | None = None
