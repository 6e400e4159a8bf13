"""Many callers that ask the same question at the same time share one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ..per_process import PerProcess

T = TypeVar("T")


class _Flight:
    """One run of one function, and what came out of it."""

    __slots__ = ("abandoned", "done", "error", "result")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None
        self.abandoned = False


class _Flights:
    """The runs of one process, and the lock that settles who leads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.by_key: dict[str, _Flight] = {}


class SingleFlight:
    """Runs a function once for all the threads that ask for its key while it runs.

    Nothing is kept once the run is over: this is no cache. Runs are shared within one process: a thread that
    leads one is not there in a child of a fork, which would wait for it in vain.

    Safe to share between threads, which is what it is for: who leads is settled under a lock, which is not
    held while the function runs; a result is written before the event that lets others read it.

    :param max_wait: how many seconds a caller waits for the run of another; longer than any run should take.
    """

    def __init__(self, max_wait: float = 15.0) -> None:
        self._max_wait = max_wait
        self._process = PerProcess[_Flights](lambda _: _Flights())

    def do(self, key: str, function: Callable[[], T]) -> T:
        """Return what ``function`` returns, having run it at most once for all concurrent callers of ``key``.

        :raises TimeoutError: if the run of another caller is not over after ``max_wait`` seconds.
        :raises Exception: whatever ``function`` raised, in every caller that shared the run.
        """
        flights = self._process.get()
        while True:
            with flights.lock:
                flight = flights.by_key.get(key)
                if leads := flight is None:
                    flight = flights.by_key[key] = _Flight()
            if leads:
                return self._lead(flights, key, flight, function)
            if not flight.done.wait(self._max_wait):
                raise TimeoutError(f"waited {self._max_wait:g} s for another thread's look-up")
            if flight.error is not None:
                raise flight.error
            if not flight.abandoned:
                return cast("T", flight.result)

    def _lead(self, flights: _Flights, key: str, flight: _Flight, function: Callable[[], T]) -> T:
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
            with flights.lock:
                if flights.by_key.get(key) is flight:
                    del flights.by_key[key]
            flight.done.set()
