"""Look-ups that may be lost at any moment: permissions, keys, metadata documents.

They are kept through Flask-Caching under explicit keys, in the app's own cache where it has one. What
comes back from a cache is data from outside: JSON of our version that has not expired, or it is a miss.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..condition import Condition
from .cache_conduct import CacheConduct
from .parsed_entries import ParsedEntries
from .single_flight import SingleFlight

__all__ = ["LookupCache", "SingleFlight", "cache_key"]


_PREFIX = "mcp_auth0"

#: Changes whenever entries written by an older release can no longer be read as they are.
_FORMAT = 1

#: How much earlier than asked an entry may end, so that entries made together do not end together.
_JITTER = 0.1

#: No entry ends as late as this, in Unix time (it is the year 5138).
_NEVER = 1e11


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

    As safe to share between threads as the backend is, which Flask-Caching's are.

    :param backend: anything with ``get``, ``set(key, value, timeout=seconds)`` and ``delete``, as the
        backends of Flask-Caching have them; or a function that returns one when it is first needed.
    :param clock: Unix time in seconds. Entries carry their own end, so that it decides, not the backend.
    :param timer: seconds that never run backwards, for how long the backend takes.
    """

    def __init__(
        self,
        backend: Any,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve: Callable[[], Any] | None = None
        self._backend: Any = None
        if callable(backend) and not hasattr(backend, "get"):
            self._resolve = backend
        else:
            self._backend = backend
        self._clock = clock
        self._entries = ParsedEntries(_parsed)
        self._conduct = CacheConduct(clock, timer)

    def condition(self) -> Condition:
        """Tell how the cache has answered, without asking it. Look-ups go on without it."""
        return self._conduct.condition()

    def get(self, key: str) -> Any | None:
        """Return the value kept under ``key``, ``None`` where there is none that can be used."""
        started = self._conduct.start()
        if started is None:
            return None
        try:
            text = self._backend_now().get(key)
        except Exception as error:
            self._conduct.failed("read", type(error).__name__, started)
            return None
        self._conduct.worked("read", started)
        return self._read(text)

    def get_many(self, *keys: str) -> Sequence[Any | None]:
        """Return the values kept under ``keys``, in one exchange with the cache where it offers that.

        They must not be changed: whoever reads the same entry next is given the same object.
        """
        started = self._conduct.start()
        if started is None:
            return [None] * len(keys)
        try:
            backend = self._backend_now()
            if hasattr(backend, "get_many"):
                texts = list(backend.get_many(*keys))
            else:
                texts = [backend.get(key) for key in keys]
        except Exception as error:
            self._conduct.failed("read", type(error).__name__, started)
            return [None] * len(keys)
        self._conduct.worked("read", started)
        if len(texts) != len(keys):
            return [None] * len(keys)
        return [self._read(text, key) for key, text in zip(keys, texts, strict=True)]

    def set(self, key: str, value: Any, ttl: float) -> bool:
        """Keep a JSON value for at most ``ttl`` seconds, up to a tenth less by chance.

        :return: whether the cache took it.
        """
        if ttl <= 0 or (started := self._conduct.start()) is None:
            return False
        ends_at = self._clock() + ttl * (1 - _JITTER * random.random())  # noqa: S311 (spread, not secrecy)
        try:
            text = json.dumps([_FORMAT, ends_at, value], separators=(",", ":"))
            # A timeout of 0 would mean "for ever" to cachelib, and backends take whole seconds only.
            # None is what a backend without an opinion returns; False is a refusal.
            taken = self._backend_now().set(key, text, timeout=max(1, math.ceil(ttl))) is not False
        except Exception as error:
            self._conduct.failed("write", type(error).__name__, started)
            return False
        if taken:
            self._conduct.worked("write", started)
        else:
            self._conduct.failed("write", "refused", started)
        return taken

    def delete(self, key: str) -> None:
        """Drop what is kept under ``key``."""
        started = self._conduct.start()
        if started is None:
            return
        try:
            self._backend_now().delete(key)
        except Exception as error:
            self._conduct.failed("delete", type(error).__name__, started)
            return
        self._conduct.worked("delete", started)

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
