"""How a cache behaves, and whether to leave it alone for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..condition import Condition

log = logging.getLogger("flask_mcp_auth0.cache")

#: A cache that fails is reported once in this many seconds.
_QUIET_FOR = 60.0

#: A failure that took longer than this many seconds was a time-out of the backend's, or as good as one.
_SLOW_FAILURE = 0.2

#: An answer that took longer than this many seconds took longer than asking Auth0 does.
_SLOW_ANSWER = 1.0

#: Seconds for which a slow cache is left alone: each call asks it several times, and must not wait for it each time.
_PAUSE = 5.0


class CacheConduct:
    """Is told how each operation on a cache went, and tells whether to try another one.

    Safe to share between threads: what it keeps are single values. At worst a failure is reported twice, or two
    threads try a cache that one was to try.

    :param clock: Unix time in seconds, for what is shown.
    :param timer: seconds that never run backwards.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._timer = timer
        self._silent_until = float("-inf")
        self._failing: set[str] = set()
        self._failed_at: float | None = None
        self._left_alone_until = 0.0
        self._slow_until: float | None = None

    def condition(self) -> Condition:
        """Tell how the cache has answered, without asking it. Look-ups go on without it."""
        failing = bool(self._failing)
        return Condition(failing, usable=not failing, failed_at=self._failed_at)

    def start(self) -> float | None:
        """Return when an operation starts, for :meth:`worked` and :meth:`failed`; ``None`` if none is to start.

        After a pause one caller tries, the others go on without.
        """
        now = self._timer()
        if self._left_alone_until:
            if now < self._left_alone_until:
                return None
            self._left_alone_until = now + _PAUSE
        return now

    def worked(self, what: str, started: float) -> None:
        """Take note of an answer.

        :param what: ``read``, ``write`` or ``delete``.
        """
        now = self._timer()
        if now - started > _SLOW_ANSWER:
            # Once may be ours: where this process itself stood still, all that was on its way is late at once.
            again = self._slow_until is not None and started >= self._slow_until
            self._slow_until = now
            self._left_alone_until = now + _PAUSE if again else 0.0
            if again:
                self._fares_badly(what, "slow", now)
            return
        self._slow_until = None
        self._left_alone_until = 0.0
        # A full cache can be read as ever: that says nothing of its writes, unless both had failed.
        if what == "write" or what in self._failing:
            self._failing.clear()

    def failed(self, what: str, why: str, started: float) -> None:
        """Take note of a failure.

        :param why: a word for the log, nothing that could hold an address with its password.
        """
        now = self._timer()
        if now - started > _SLOW_FAILURE:
            self._left_alone_until = now + _PAUSE
        self._fares_badly(what, why, now)

    def _fares_badly(self, what: str, why: str, now: float) -> None:
        self._failing.add(what)
        self._failed_at = self._clock()
        if now >= self._silent_until:
            self._silent_until = now + _QUIET_FOR
            log.warning("The cache failed to %s (%s); look-ups go on without it.", what, why)
