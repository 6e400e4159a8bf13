"""Leave Auth0 alone for a while after it failed, without ever waiting in a request."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from ..condition import Condition
from ..errors import AuthorizationUnavailable
from ..pauses import time_left
from ..per_process import lock_per_process
from .cache import LookupCache, cache_key

_FIRST = 1.0
_LONGEST = 30.0

#: The longest that Auth0's own word (``Retry-After``, ``x-ratelimit-reset``) is taken for, in seconds.
_LONGEST_TOLD = 120.0

#: While one caller tries whether Auth0 is back, the others are told to come again for at most this long.
_PROBE = 5.0

_KEYS_REMEMBERED = 10_000


class Rejected(AuthorizationUnavailable):
    """Auth0 could be reached but would not answer this one question; other questions may still be asked."""


class NotAllowed(Rejected):
    """Auth0 lets us ask no question of this kind, of anybody; those of other kinds may still be asked."""


class _State:
    __slots__ = ("failures", "probed", "reason", "told", "until")

    def __init__(self) -> None:
        self.failures = 0
        self.reason = ""
        self.until = 0.0
        self.told = False  # whether Auth0 itself named the time
        self.probed = False  # whether a caller tries again, while others are told to wait

    def left(self, now: float) -> float:
        return time_left(self.until, now, _LONGEST_TOLD)

    def note(self, error: AuthorizationUnavailable, now: float) -> None:
        self.failures += 1
        self.probed = False
        pause = min(_FIRST * 2 ** min(self.failures - 1, 10), _LONGEST)
        if error.retry_after is not None:
            pause = max(pause, min(float(error.retry_after), _LONGEST_TOLD))
            self.told = True
        self.until = now + max(self.left(now), pause)
        self.reason = error.reason

    def probe(self, now: float) -> None:
        self.probed = True
        self.until = now + _PROBE

    def clear(self, now: float) -> None:
        self.failures = 0
        # An answer that was long on its way does not lift a rate limit that was told meanwhile.
        if not self.told or not self.left(now):
            self.until, self.told = 0.0, False


class Backoff:
    """Remembers failures: each question's own, those of one kind of question, and those that concern all.

    The pause doubles from 1 to 30 seconds, or is what Auth0 asked for; after it one caller at a time tries
    again. A rate limit is the tenant's, so it is shared with the other workers through the cache.

    Safe to share between threads, and after a fork: what is remembered is read and changed under one lock of
    each process, which is held for no exchange with the cache.

    :param cache: where a rate limit is told to other workers.
    :param name: what tells this tenant from others in that cache.
    :param clock: Unix time in seconds.
    """

    def __init__(self, cache: LookupCache, *name: str, clock: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._shared_key = cache_key("backoff", *name)
        self._clock = clock
        self._lock = lock_per_process()
        self._all = _State()
        self._own: OrderedDict[str, _State] = OrderedDict()
        self._kinds: dict[str, _State] = {}
        self._succeeded_at: float | None = None
        self._failed_at: float | None = None
        self._failing = False

    def condition(self) -> Condition:
        """Tell how asking Auth0 has gone in this process; one question that was rejected is no failure."""
        usable = self._succeeded_at is not None and not self._failing
        return Condition(self._failing, usable, self._succeeded_at, self._failed_at)

    def check(self, key: str, kind: str) -> None:
        """Return if Auth0 may be asked now.

        :param key: the question.
        :param kind: what tells it from questions that need another permission of ours.
        :raises AuthorizationUnavailable: with the time that is left, if it is to be left alone.
        """
        now = self._clock()
        with self._lock.get():
            for state in (self._all, self._kinds.get(kind), self._own.get(key)):
                if state is not None and (left := state.left(now)):
                    raise AuthorizationUnavailable(state.reason, max(1, round(left)))
        shared = self._cache.get(self._shared_key)
        if isinstance(shared, int | float) and (left := time_left(shared, now, _LONGEST_TOLD)):
            raise AuthorizationUnavailable("rate limit (told by another worker)", max(1, round(left)))
        with self._lock.get():
            if self._all.failures > 1:
                self._all.probe(now)
            if kind in self._kinds:
                self._kinds[kind].probe(now)

    def failed(self, key: str, kind: str, error: AuthorizationUnavailable) -> None:
        """Note that asking failed.

        The first failure in a row concerns its own question only, the next ones everybody: a single lost
        answer must not turn all callers away. A rate limit concerns everybody at once; what we are not allowed
        to ask, all questions of its kind and none of another.
        """
        now = self._clock()
        with self._lock.get():
            own = self._own.pop(key, None) or _State()
            self._own[key] = own
            while len(self._own) > _KEYS_REMEMBERED:
                self._own.popitem(last=False)
            own.note(error, now)
            if isinstance(error, NotAllowed):
                self._failing, self._failed_at = True, now
                state = self._kinds.setdefault(kind, _State())
                # All that was on its way is refused at once; it is one failure, not as many.
                if state.probed or not state.left(now):
                    state.note(error, now)
            if isinstance(error, Rejected):
                self._all.clear(now)
            else:
                self._failing, self._failed_at = True, now
                self._all.note(error, now)
                if error.retry_after is None and self._all.failures == 1:
                    self._all.until = 0.0
        if error.retry_after is not None and not isinstance(error, Rejected):
            pause = min(float(error.retry_after), _LONGEST_TOLD)
            self._cache.set(self._shared_key, now + pause, pause)

    def succeeded(self, key: str, kind: str) -> None:
        """Note that Auth0 answered."""
        self._failing, self._succeeded_at = False, self._clock()
        if not self._own and not self._kinds and not self._all.failures:
            return
        with self._lock.get():
            self._own.pop(key, None)
            self._kinds.pop(kind, None)
            self._all.clear(self._clock())
