"""What entries of a cache that are read at every call were parsed to, so that it is done once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Characters of text in one generation. What they were parsed to takes about four times as much.
_LIMIT = 2_000_000

#: What an entry costs beside its text, in characters.
_OVERHEAD = 200


class ParsedEntries(Generic[T]):
    """Remembers the latest text of each key with what it was parsed to, within bounds.

    Two generations: when the younger is full, the older is dropped, so that what is in use stays. Without a lock,
    which a fork could leave closed: what two threads do at once costs a parse, or miscounts by one entry until the
    next generation.

    :param parse: pure; what it returns is handed out again, so nobody may change it.
    :param limit: characters in one generation.
    """

    def __init__(self, parse: Callable[[str], T], limit: int = _LIMIT) -> None:
        self._parse = parse
        self._limit = limit
        self._young: dict[str, tuple[str, T]] = {}
        self._old: dict[str, tuple[str, T]] = {}
        self._size = 0

    def read(self, key: str, text: str) -> T:
        """Return what ``text``, which is kept under ``key``, means."""
        held = self._young.get(key)
        if held is not None and held[0] == text:
            return held[1]
        older = self._old.get(key)
        value = older[1] if older is not None and older[0] == text else self._parse(text)
        self._keep(key, text, value)
        return value

    def _keep(self, key: str, text: str, value: T) -> None:
        size = len(text) + _OVERHEAD
        if size > self._limit:
            return
        young = self._young
        superseded = young.pop(key, None)
        if superseded is not None:
            self._size -= len(superseded[0]) + _OVERHEAD
        if self._size + size > self._limit:
            self._old, self._young, self._size = young, {}, 0
            young = self._young
        young[key] = (text, value)
        self._size += size
