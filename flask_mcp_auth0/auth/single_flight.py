"""Many callers that ask the same question at the same time share one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Flight:
    """One run of one function, and what came out of it."""

    __slots__ = ("abandoned", "done", "error", "result")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None
        self.abandoned = False


class SingleFlight:
    """Runs a function once for all the threads that ask for its key while it runs.

    Nothing is kept once the run is over: this is no cache. Runs are shared within one process.

    Safe to share between threads, which is what it is for: who leads is settled under a lock, which is not
    held while the function runs; a result is written before the event that lets others read it.

    :param max_wait: how many seconds a caller waits for the run of another; longer than any run should take.
    """

    def __init__(self, max_wait: float = 15.0) -> None:
        self._max_wait = max_wait
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}

    def do(self, key: str, function: Callable[[], T]) -> T:
        """Return what ``function`` returns, having run it at most once for all concurrent callers of ``key``.

        :raises TimeoutError: if the run of another caller is not over after ``max_wait`` seconds.
        :raises Exception: whatever ``function`` raised, in every caller that shared the run.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if leads := flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._lead(key, flight, function)
            if not flight.done.wait(self._max_wait):
                raise TimeoutError(f"waited {self._max_wait:g} s for another thread's look-up")
            if flight.error is not None:
                raise flight.error
            if not flight.abandoned:
                return cast("T", flight.result)

    def _lead(self, key: str, flight: _Flight, function: Callable[[], T]) -> T:
        # A worker that is told to stop (SystemExit, gevent's Timeout) ends its own request, not those of
        # the callers who shared its run: they ask again.
        flight.abandoned = True
        try:
            result = function()
            flight.result, flight.abandoned = result, False
            return result
        except Exception as error:
            flight.error, flight.abandoned = error, False
            raise
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            flight.done.set()
