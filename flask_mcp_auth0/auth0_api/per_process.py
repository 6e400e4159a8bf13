"""One value a process: what must not be carried over a fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Makes a value when a process first asks for it, and again after a fork.

    A child that went on using its parent's connections would read answers meant for its parent or its
    siblings. No lock is held while making, since a lock that another thread holds at the moment of the fork
    stays locked in the child for ever. What the parent made stays referenced here, so that the child does
    not close connections that are still in use.

    :param make: builds the value, without any input or output; threads that ask at the same moment may both
        call it, and all of them get the same result.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    def get(self) -> T:
        """Return this process's value."""
        pid = os.getpid()
        try:
            return self._made[pid]
        except KeyError:
            return self._made.setdefault(pid, self._make())
