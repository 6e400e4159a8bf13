"""Where the look-ups of an app are kept: in its own Flask-Caching cache where it has one, else in the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Flask

from ..per_process import lock_per_process
from .cache import LookupCache

__all__ = ["lookup_cache_of", "own_cache_of"]

#: Room for some ten thousand users; Flask-Caching's own default of 500 would evict them at every turn.
_THRESHOLD = 50_000


def lookup_cache_of(app: Flask, *, clock: Callable[[], float] = time.time) -> LookupCache:
    """Return the cache that look-ups of ``app`` are kept in.

    The app's own Flask-Caching ``Cache`` is used where it has one, even one that it initialises later,
    up to the first look-up. Without one, or with one that keeps nothing (``NullCache``, which is
    Flask-Caching's default and would ask Auth0 at every call), it is memory of this process.

    :param app: the Flask app.
    :param clock: Unix time in seconds.
    """
    lock = lock_per_process()
    found: list[Any] = []

    def backend() -> Any:
        with lock.get():
            if not found:
                found.append(_backend_of(app))
            return found[0]

    return LookupCache(backend, clock=clock)


def own_cache_of(app: Flask) -> Any | None:
    """Return the backend of the app's own Flask-Caching ``Cache``, ``None`` without one that keeps anything."""
    from flask_caching.backends import NullCache

    caches = app.extensions.get("cache")
    backends = caches.values() if isinstance(caches, dict) else ()
    return next((backend for backend in backends if not isinstance(backend, NullCache)), None)


def _backend_of(app: Flask) -> Any:
    own = own_cache_of(app)
    if own is not None:
        return own
    from .memory_cache import MemoryCache

    return MemoryCache(threshold=_THRESHOLD)
