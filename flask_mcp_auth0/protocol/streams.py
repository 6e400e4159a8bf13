"""How many long streams a worker may hold at once: fewer than its threads, so that calls get through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

#: Where nothing is known about the worker.
_CAUTIOUS = 4
_EVENTED = 1000


class StreamSlots:
    """Counts the open streams of one process. Thread-safe.

    :param limit: how many, 0 for as many as suit the worker.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, limit: int) -> bool:
        """Take a slot if one is free."""
        with self._lock:
            if self._taken >= (self._limit or limit):
                return False
            self._taken += 1
            return True

    def give_back(self) -> None:
        """Free a slot."""
        with self._lock:
            self._taken -= 1


def suitable_limit(start_response: Callable[..., Any]) -> int:
    """Return how many streams suit the worker that serves the current request.

    gunicorn hands its settings along with ``start_response``; half of a threaded worker's threads stay free
    for calls. Elsewhere a small number is assumed; ``MCP_MAX_STREAMS`` says it better.
    """
    settings = getattr(getattr(start_response, "__self__", None), "cfg", None)
    if settings is None:
        return _CAUTIOUS
    if "gevent" in str(getattr(settings, "worker_class_str", "")):
        return min(_EVENTED, max(1, int(getattr(settings, "worker_connections", _EVENTED))))
    return max(1, int(getattr(settings, "threads", 1)) // 2)
