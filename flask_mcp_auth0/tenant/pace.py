"""How fast the Management API is asked: two requests a second, and slower when Auth0 says so.

Two a second is what a free tenant may do in all (its Actions and its other applications included), so a
command never takes more.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

PER_SECOND = 2
#: The longest that one answer may make us wait, in seconds.
LONGEST_WAIT = 60.0


class Pace:
    """Spaces requests. For one thread.

    :param clock: Unix time in seconds.
    :param sleep: waits so many seconds.
    :param said: is told what is waited for, when it is longer than a second.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self.said = said
        self._recent: deque[float] = deque(maxlen=PER_SECOND)
        self._not_before = 0.0
        #: How many requests the tenant takes at once, as its last answer said (``x-ratelimit-limit``).
        self.limit: int | None = None

    def wait(self) -> None:
        """Return when the next request may be sent."""
        now = self.clock()
        due = self._not_before
        if len(self._recent) == PER_SECOND:
            due = max(due, self._recent[0] + 1.0)
        delay = min(due - now, LONGEST_WAIT)
        if delay > 0:
            if delay > 1.5 and self.said is not None:
                self.said(f"waiting {math.ceil(delay)} s, as Auth0's rate limit asks")
            self._sleep(delay)
        self._recent.append(self.clock())

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Take notice of an answer's rate limit (``Retry-After``, or Auth0's ``x-ratelimit-…``)."""
        now = self.clock()
        limit = _number(headers.get("x-ratelimit-limit"))
        if limit is not None:
            self.limit = int(limit)
        if status == 429:
            self._not_before = now + self._retry_after(headers, now)
        elif headers.get("x-ratelimit-remaining") == "0":
            reset = _number(headers.get("x-ratelimit-reset"))
            if reset is not None:
                self._not_before = max(self._not_before, min(reset, now + LONGEST_WAIT))

    def _retry_after(self, headers: Mapping[str, str], now: float) -> float:
        after, reset = _number(headers.get("Retry-After")), _number(headers.get("x-ratelimit-reset"))
        seconds = after if after is not None else reset - now if reset is not None else 1.0
        return min(max(seconds, 1.0), LONGEST_WAIT)


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None
