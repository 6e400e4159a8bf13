"""Look-ups that may be lost at any moment: permissions, keys, metadata documents.

They are kept through Flask-Caching under explicit keys, in the app's own cache where it has one. What
comes back from a cache is data from outside: JSON of our version that has not expired, or it is a miss.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..condition import Condition
from .parsed_entries import ParsedEntries
from .single_flight import SingleFlight

__all__ = ["LookupCache", "SingleFlight", "cache_key"]

log = logging.getLogger("flask_mcp_auth0.cache")

_PREFIX = "mcp_auth0"

#: Changes whenever entries written by an older release can no longer be read as they are.
_FORMAT = 1

#: How much earlier than asked an entry may end, so that entries made together do not end together.
_JITTER = 0.1

#: No entry ends as late as this, in Unix time (it is the year 5138).
_NEVER = 1e11

#: A cache that is down is reported once in this many seconds.
_QUIET_FOR = 60.0

#: A failure that took longer than this many seconds was a time-out of the backend's, or as good as one.
_SLOW_FAILURE = 0.2

#: An answer that took longer than this many seconds took longer than asking Auth0 does.
_SLOW_ANSWER = 1.0

#: Seconds for which a slow cache is left alone: each call asks it several times, and must not wait for it each time.
_PAUSE = 5.0


@functools.lru_cache(maxsize=4096)
def cache_key(*parts: str) -> str:
    """Return a key made of a readable kind and the hash of the rest.

    :param parts: the kind first, then what tells one entry from another, which may be personal: it is hashed
        (SHA-256) unambiguously, ``("a", "b:c")`` and ``("a", "b", "c")`` being different keys.
    """
    kind, *rest = parts
    text = "".join([f"{len(part)}:{part}" for part in rest])
    return f"{_PREFIX}:{kind}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _parsed(text: str) -> tuple[float, Any] | None:
    """Return the end and the value of an entry; ``None`` for what was not written by :meth:`LookupCache.set`."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, list) or len(entry) != 3:
        return None
    version, ends_at, value = entry
    if version != _FORMAT or isinstance(version, bool):
        return None
    if isinstance(ends_at, bool) or not isinstance(ends_at, int | float):
        return None
    # json reads Infinity, NaN and whole numbers of any size as well; what never ends was not written here.
    return (ends_at, value) if ends_at < _NEVER else None


class LookupCache:
    """Keeps JSON values for a while. Never raises: whatever goes wrong is a miss.

    As safe to share between threads as the backend is, which Flask-Caching's are. What it keeps itself is how
    the backend fares, single values that are only shown; at worst a failure is reported twice.

    :param backend: anything with ``get``, ``set(key, value, timeout=seconds)`` and ``delete``, as the
        backends of Flask-Caching have them; or a function that returns one when it is first needed.
    :param clock: Unix time in seconds. Entries carry their own end, so that it decides, not the backend.
    """

    def __init__(self, backend: Any, *, clock: Callable[[], float] = time.time) -> None:
        self._resolve: Callable[[], Any] | None = None
        self._backend: Any = None
        if callable(backend) and not hasattr(backend, "get"):
            self._resolve = backend
        else:
            self._backend = backend
        self._clock = clock
        self._entries = ParsedEntries(_parsed)
        self._silent_until = 0.0
        self._failing: set[str] = set()
        self._failed_at: float | None = None
        self._left_alone_until = 0.0

    def condition(self) -> Condition:
        """Tell how the cache has answered, without asking it. Look-ups go on without it."""
        failing = bool(self._failing)
        return Condition(failing, usable=not failing, failed_at=self._failed_at)

    def get(self, key: str) -> Any | None:
        """Return the value kept under ``key``, ``None`` where there is none that can be used."""
        if not self._may_try():
            return None
        started = self._clock()
        try:
            text = self._backend_now().get(key)
        except Exception as error:
            self._failed("read", error, started)
            return None
        self._worked("read", started)
        return self._read(text)

    def get_many(self, *keys: str) -> Sequence[Any | None]:
        """Return the values kept under ``keys``, in one exchange with the cache where it offers that.

        They must not be changed: whoever reads the same entry next is given the same object.
        """
        if not self._may_try():
            return [None] * len(keys)
        started = self._clock()
        try:
            backend = self._backend_now()
            if hasattr(backend, "get_many"):
                texts = list(backend.get_many(*keys))
            else:
                texts = [backend.get(key) for key in keys]
        except Exception as error:
            self._failed("read", error, started)
            return [None] * len(keys)
        self._worked("read", started)
        if len(texts) != len(keys):
            return [None] * len(keys)
        return [self._read(text, key) for key, text in zip(keys, texts, strict=True)]

    def set(self, key: str, value: Any, ttl: float) -> bool:
        """Keep a JSON value for at most ``ttl`` seconds, up to a tenth less by chance.

        :return: whether the cache took it.
        """
        if ttl <= 0 or not self._may_try():
            return False
        started = self._clock()
        ends_at = started + ttl * (1 - _JITTER * random.random())  # noqa: S311 (spread, not secrecy)
        try:
            text = json.dumps([_FORMAT, ends_at, value], separators=(",", ":"))
            # A timeout of 0 would mean "for ever" to cachelib, and backends take whole seconds only.
            # None is what a backend without an opinion returns; False is a refusal.
            taken = self._backend_now().set(key, text, timeout=max(1, math.ceil(ttl))) is not False
        except Exception as error:
            self._failed("write", error, started)
            return False
        if taken:
            self._worked("write", started)
        else:
            self._fares_badly("write", "refused", self._clock())
        return taken

    def delete(self, key: str) -> None:
        """Drop what is kept under ``key``."""
        if not self._may_try():
            return
        started = self._clock()
        try:
            self._backend_now().delete(key)
        except Exception as error:
            self._failed("delete", error, started)
            return
        self._worked("delete", started)

    def _backend_now(self) -> Any:
        if self._backend is None and self._resolve is not None:
            self._backend = self._resolve()
        return self._backend

    def _read(self, text: Any, key: str | None = None) -> Any | None:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str):
            return None
        # Entries that are read at every call, which are those that have a key here, seldom change.
        entry = _parsed(text) if key is None else self._entries.read(key, text)
        return entry[1] if entry is not None and entry[0] > self._clock() else None

    def _may_try(self) -> bool:
        """Tell whether the cache is to be asked now. After a pause one caller tries, the others go on without."""
        until = self._left_alone_until
        if not until:
            return True
        now = self._clock()
        if now < until <= now + _PAUSE:
            return False
        self._left_alone_until = now + _PAUSE
        return True

    def _worked(self, what: str, started: float) -> None:
        now = self._clock()
        if now - started > _SLOW_ANSWER:
            self._left_alone_until = now + _PAUSE
            self._fares_badly(what, "slow", now)
            return
        self._left_alone_until = 0.0
        # A full cache can be read as ever: that says nothing of its writes, unless both had failed.
        if what == "write" or what in self._failing:
            self._failing.clear()

    def _failed(self, what: str, error: Exception, started: float) -> None:
        now = self._clock()
        if now - started > _SLOW_FAILURE:
            self._left_alone_until = now + _PAUSE
        # The type only: an error text may hold the URL of the cache server with its password.
        self._fares_badly(what, type(error).__name__, now)

    def _fares_badly(self, what: str, why: str, now: float) -> None:
        self._failing.add(what)
        self._failed_at = now
        if now >= self._silent_until:
            self._silent_until = now + _QUIET_FOR
            log.warning("The cache failed to %s (%s); look-ups go on without it.", what, why)
