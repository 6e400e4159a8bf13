"""Things to be remembered for a while, never more than so many of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """A bounded table whose entries expire; the oldest goes when it is full. Safe between threads.

    :param clock: seconds since the epoch.
    :param limit: how many entries at most.
    :param lifetime: seconds that an entry is kept.
    """

    def __init__(self, clock: Callable[[], float], *, limit: int, lifetime: float) -> None:
        self._clock, self._limit, self._lifetime = clock, limit, lifetime
        self._entries: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: str, value: T) -> None:
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock() + self._lifetime, value)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def get(self, key: str) -> T | None:
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            if found[0] <= self._clock():
                del self._entries[key]
                return None
            return found[1]

    def pop(self, key: str) -> T | None:
        """Take an entry out: of several callers, one gets it."""
        with self._lock:
            found = self._entries.pop(key, None)
            return found[1] if found is not None and found[0] > self._clock() else None

    def add(self, key: str, value: T) -> bool:
        """Put an entry unless there is one that has not expired. Returns whether it was put."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None and found[0] > self._clock():
                return False
            self._entries.pop(key, None)
            self._entries[key] = (self._clock() + self._lifetime, value)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)
            return True

    def values(self) -> list[T]:
        """Those that have not expired, oldest first."""
        with self._lock:
            now = self._clock()
            return [value for expires, value in self._entries.values() if expires > now]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
