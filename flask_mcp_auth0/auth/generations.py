"""How what is kept is forgotten everywhere at once: entries carry the generation that they were asked for in.

Whoever forgets starts a new generation in the shared cache, and every entry of an older one is a miss, in
every worker, even one that is written after the fact by a look-up that had begun before.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from .cache import LookupCache, cache_key

#: A change that is announced for later than this was announced by a clock that is wrong: it holds now.
_LATEST = 60.0


class Generations:
    """The generation of everybody's permissions, and that of each single user's.

    Safe to share between threads and workers: nothing is kept here, and two who start a generation at once
    both start one that nobody had, whichever of the two stays.

    :param cache: shared between workers if the app's cache is.
    :param name: what tells this tenant and API from others in that cache.
    :param outlive: the longest that any entry is kept, in seconds.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self, cache: LookupCache, *name: str, outlive: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._cache = cache
        self._name = name
        self._everybodys = cache_key("generation", *name)
        self._clock = clock
        # The cache may take a tenth off; a generation that ended before its entries would revive older ones.
        self._ttl = outlive * 1.25 + _LATEST

    def read(self, user_id: str | None, key: str) -> tuple[str | None, Any]:
        """Return the generation now, and what is kept under ``key``, in one exchange with the cache.

        :param user_id: whose generation counts besides everybody's; ``None`` where the entry is nobody's.
        :return: ``None`` for a generation that cannot be told; nothing may be kept or used then.
        """
        if user_id is None:
            record, kept = self._cache.get_many(self._key(None), key)
            return self._current(record), kept
        record, own, kept = self._cache.get_many(self._key(None), self._key(user_id), key)
        everybody, user = self._current(record), self._current(own)
        return (None if everybody is None or user is None else f"{everybody}.{user}"), kept

    def advance(self, user_id: str | None, *, within: float = 0.0) -> bool:
        """Start a new generation: at once, or at most ``within`` seconds after the last one began.

        :param user_id: whose; ``None`` for everybody's.
        :return: whether the cache took it.
        """
        key = self._key(user_id)
        now = self._clock()
        record = self._cache.get(key) if within else None
        if (last := _read(record)) is not None:
            current, following, changes_at = last
            if following is not None and now < changes_at <= now + _LATEST:
                return True  # it is announced already
            if following is None and now < changes_at + within:
                return self._cache.set(key, [current, secrets.token_hex(8), changes_at + within], self._ttl)
        return self._cache.set(key, [secrets.token_hex(8), None, now], self._ttl)

    def _key(self, user_id: str | None) -> str:
        return self._everybodys if user_id is None else cache_key("user-generation", *self._name, user_id)

    def _current(self, record: Any) -> str | None:
        if record is None:
            return ""
        if (read := _read(record)) is None:
            return None
        current, following, changes_at = read
        now = self._clock()
        if following is not None and not now < changes_at <= now + _LATEST:
            return following
        return current


def _read(record: Any) -> tuple[str, str | None, float] | None:
    """Return the generation, the one that follows if any, and when the record's last change is or was."""
    if not isinstance(record, list) or len(record) != 3:
        return None
    current, following, changes_at = record
    if not isinstance(current, str) or not (following is None or isinstance(following, str)):
        return None
    if isinstance(changes_at, bool) or not isinstance(changes_at, int | float):
        return None
    return current, following, float(changes_at)
