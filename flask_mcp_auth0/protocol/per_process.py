"""One value a process: what threads, locks and sockets require, since none of them survives a fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Makes a value when a process first asks for it, and another one in every process forked from it.

    There is no lock here on purpose: a lock that another thread held at the fork would stay held in the child
    for ever. Two threads may both make a value, all get the same one; so making it must have no effects.

    :param make: makes the value from the one that the parent process had (``None`` in the first process).
    """

    def __init__(self, make: Callable[[T | None], T]) -> None:
        self._make = make
        self._values: dict[int, T] = {}

    def get(self) -> T:
        """Return this process's value."""
        pid = os.getpid()
        value = self._values.get(pid)
        if value is not None:
            return value
        inherited = next(iter(list(self._values.values())), None)
        value = self._values.setdefault(pid, self._make(inherited))
        for other in list(self._values):
            if other != pid:
                self._values.pop(other, None)
        return value

    def peek(self) -> T | None:
        """Return this process's value if it was made already."""
        return self._values.get(os.getpid())
