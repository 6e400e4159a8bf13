"""Pauses that are kept as the Unix time at which they end."""

from __future__ import annotations


def time_left(until: float, now: float, longest: float) -> float:
    """Return the seconds that are left of a pause; none of one that cannot have begun.

    A clock that was put back would turn seconds into hours.

    :param until: when it ends, 0 for none.
    :param longest: seconds that a pause lasts at most.
    """
    left = until - now
    return left if 0 < left <= longest else 0.0
