"""One value a process: what threads, locks and sockets require, since none of them survives a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

__all__ = ["PerProcess", "lock_per_process"]


class PerProcess(Generic[T]):
    """Makes a value when a process first asks for it, and another one in every process forked from it.

    A child that went on using its parent's connections would read answers meant for its parent or its
    siblings. There is no lock here on purpose: a lock that another thread held at the fork would stay held in
    the child for ever. What the parent made stays referenced, so that the child closes nothing that is in use.

    :param make: makes the value from the one that the parent process had (``None`` in the first process),
        without any effect: two threads may both make one, and all get the same one.
    """

    def __init__(self, make: Callable[[T | None], T]) -> None:
        self._make = make
        self._values: dict[int, T] = {}
        self._inherited: list[T] = []

    def get(self) -> T:
        """Return this process's value."""
        pid = os.getpid()
        value = self._values.get(pid)
        if value is not None:
            return value
        others = list(self._values.items())
        value = self._values.setdefault(pid, self._make(next((other for _, other in others), None)))
        for other_pid, other in others:
            # A later process may be given that number again.
            if other_pid != pid and self._values.pop(other_pid, None) is not None:
                self._inherited.append(other)
        return value

    def peek(self) -> T | None:
        """Return this process's value if it was made already."""
        return self._values.get(os.getpid())


def lock_per_process() -> PerProcess[threading.Lock]:
    """Return a lock that no child finds closed because a thread of its parent held it at the fork."""
    return PerProcess(lambda _: threading.Lock())
