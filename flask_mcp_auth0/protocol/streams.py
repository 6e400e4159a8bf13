"""How many requests of a worker may wait for long: fewer than its threads, so that calls get through.

Listening streams wait, and so do calls of the 2025 revisions whose user was asked something.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Room:
    """What suits a worker.

    :param streams: how many streams.
    :param all: how many streams and waiting questions together.
    """

    streams: int
    all: int


#: Where nothing is known about the worker.
_CAUTIOUS = Room(streams=4, all=6)
#: gunicorn's own default of ``worker_connections``.
_EVENTED = 1000
_MOST = 1000


class StreamSlots:
    """Counts the open streams and the waiting questions of one process. Thread-safe.

    :param limit: how many streams, 0 for as many as suit the worker.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._streams = 0
        self._questions: Counter[str] = Counter()

    def take(self, room: Room) -> bool:
        """Take a slot for a stream if one is free."""
        with self._lock:
            if self._streams >= (self._limit or room.streams) or self._full(room):
                return False
            self._streams += 1
            return True

    def give_back(self) -> None:
        """Free the slot of a stream."""
        with self._lock:
            self._streams -= 1

    @contextmanager
    def waiting(self, caller: str, room: Room) -> Iterator[bool]:
        """Hold a slot for a question while its answer is waited for; ``False`` where none is free.

        One caller gets half of the room at most (rounded up), so that others can be asked too.
        """
        with self._lock:
            taken = self._questions[caller] < (self._all(room) + 1) // 2 and not self._full(room)
            if taken:
                self._questions[caller] += 1
        try:
            yield taken
        finally:
            if taken:
                with self._lock:
                    self._questions[caller] -= 1
                    # Nothing stays of a caller who is not asked any more.
                    self._questions += Counter()

    def _full(self, room: Room) -> bool:
        return self._streams + self._questions.total() >= self._all(room)

    def _all(self, room: Room) -> int:
        # Whoever sets how many streams there may be wants a question to be possible besides.
        return max(room.all, self._limit + 1) if self._limit else room.all


def suitable_room(start_response: Callable[..., Any]) -> Room:
    """Return what suits the worker that serves the current request.

    gunicorn hands its settings along with ``start_response``; half of a worker's threads (or connections) stay
    free of streams, and a quarter of all that waits. Elsewhere small numbers are assumed;
    ``MCP_MAX_STREAMS`` says it better.
    """
    settings = getattr(getattr(start_response, "__self__", None), "cfg", None)
    if settings is None:
        return _CAUTIOUS
    if "gevent" in str(getattr(settings, "worker_class_str", "")):
        at_once = int(getattr(settings, "worker_connections", _EVENTED))
    else:
        at_once = int(getattr(settings, "threads", 1))
    return Room(streams=max(1, min(_MOST, at_once // 2)), all=max(1, at_once * 3 // 4))
