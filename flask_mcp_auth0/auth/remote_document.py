"""A JSON document of the tenant that is kept while it is fresh, and used on while the tenant is down."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..condition import Condition
from ..errors import AuthorizationUnavailable
from ..outbound import OutboundError
from ..pauses import time_left
from ..per_process import lock_per_process
from .cache import LookupCache

log = logging.getLogger("flask_mcp_auth0.auth")

T = TypeVar("T")

#: How long a document is taken for current, in seconds.
FRESH_FOR = 600.0
#: How long one is used on while it cannot be fetched: an outage, not a way to keep revoked keys alive.
STALE_FOR = 86_400.0
#: How long nobody asks again after a failure, with nothing in hand and with a stale document.
PAUSE_WITHOUT, PAUSE_WITH_STALE = 5.0, 30.0
#: The longest that the tenant's own word (``Retry-After``) is taken for, in seconds.
_LONGEST_TOLD = 60.0
#: How long nobody asks out of turn again, whatever came of it.
REFETCH_PAUSE = 30.0
#: How long a caller waits while another one fetches.
_WAIT = 10.0


class DocumentError(AuthorizationUnavailable):
    """The tenant answered, but not with a document that can be trusted or understood."""


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    raw: Any
    value: T
    fetched_at: float


class RemoteDocument(Generic[T]):
    """Fetches, parses and keeps one document, in this process and in the shared cache.

    Safe to share between threads: what is held is one immutable record, replaced whole; a lock, made anew
    after a fork, lets one thread at a time fetch. With a stale document in hand nobody waits for that thread.

    :param name: for log and error texts.
    :param key: of the shared cache.
    :param fetch: returns the JSON value; raises :class:`OutboundError` or :class:`AuthorizationUnavailable`.
    :param parse: turns it into what is used; raises :class:`DocumentError`.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        name: str,
        key: str,
        fetch: Callable[[], Any],
        parse: Callable[[Any], T],
        cache: LookupCache,
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._key = key
        self._fetch = fetch
        self._parse = parse
        self._cache = cache
        self._clock = clock
        self._held: _Held[T] | None = None
        self._failure: AuthorizationUnavailable | None = None
        self._failed_at: float | None = None
        self._paused_until = 0.0
        self._refetched_at = -math.inf
        self._lock = lock_per_process()
        #: How often the document has been fetched from the tenant, successes only.
        self.fetches = 0

    def get(self) -> T:
        """Return the parsed document; the same object as long as the document does not change.

        :raises AuthorizationUnavailable: if there is none, nor one that is not too old.
        """
        held = self._held
        if held is not None and 0 <= self._clock() - held.fetched_at < FRESH_FOR:
            return held.value
        return self._renewed(held)

    def condition(self) -> Condition:
        """Tell how fetching has gone, without fetching."""
        held = self._held
        return Condition(
            failing=self._failure is not None,
            usable=held is not None and self._clock() - held.fetched_at <= STALE_FOR,
            succeeded_at=None if held is None else held.fetched_at,
            failed_at=self._failed_at,
        )

    def refetch(self, since: int) -> T:
        """Return the document as a fetch from the tenant answered that ended after ``fetches`` was ``since``.

        :raises AuthorizationUnavailable: if there was none, and one was tried a moment ago or fails now.
        """
        with self._turn(wait=_WAIT) as mine:
            if self.fetches > since and self._held is not None:
                return self._held.value
            if not mine:
                raise AuthorizationUnavailable(f"{self._name} is being fetched", retry_after=1)
            wait = time_left(self._refetched_at + REFETCH_PAUSE, self._clock(), REFETCH_PAUSE)
            if wait:
                reason = f"{self._name} was asked for again a moment ago"
                raise AuthorizationUnavailable(reason, retry_after=math.ceil(wait))
            self._refetched_at = self._clock()
            if not self._fetch_now() or self._held is None:
                raise self._unavailable()
            return self._held.value

    def _renewed(self, seen: _Held[T] | None) -> T:
        if not self._pause_left():
            with self._turn(wait=_WAIT if seen is None else 0) as mine:
                if mine and self._held is seen and not self._pause_left():
                    self._renew()
        held = self._held
        if held is None or self._clock() - held.fetched_at > STALE_FOR:
            raise self._unavailable()
        return held.value

    def _renew(self) -> None:
        cached = self._cached()
        fresh = cached is not None and 0 <= self._clock() - cached.fetched_at < FRESH_FOR
        fetched = not fresh and self._fetch_now()
        if cached is not None and not fetched and (fresh or self._held is None):
            self._hold(cached)

    def _fetch_now(self) -> bool:
        try:
            raw = self._fetch()
            held = _Held(raw, self._parse(raw), self._clock())
        except OutboundError as error:
            self._failed(AuthorizationUnavailable(error.reason, error.retry_after))
            return False
        except AuthorizationUnavailable as error:
            self._failed(error)
            return False
        self._hold(held)
        self.fetches += 1
        if self._failure is not None:
            log.info("%s can be fetched again.", self._name)
        self._failure = None
        self._paused_until = 0.0
        self._cache.set(self._key, {"fetched_at": held.fetched_at, "document": raw}, STALE_FOR)
        return True

    def _failed(self, error: AuthorizationUnavailable) -> None:
        pause = PAUSE_WITHOUT if self._held is None else PAUSE_WITH_STALE
        self._paused_until = self._clock() + max(pause, min(error.retry_after or 0, _LONGEST_TOLD))
        self._failure = error
        self._failed_at = self._clock()
        log.warning(
            "%s cannot be fetched (%s); %s.",
            self._name,
            error.reason,
            "there is none in hand, so tokens cannot be checked"
            if self._held is None
            else "the last one is used on",
        )

    def _pause_left(self) -> float:
        return time_left(self._paused_until, self._clock(), _LONGEST_TOLD)

    def _hold(self, new: _Held[T]) -> None:
        # An unchanged document keeps its parsed value, and with it whatever was derived from that value.
        old = self._held
        self._held = (
            _Held(old.raw, old.value, new.fetched_at) if old is not None and old.raw == new.raw else new
        )

    def _cached(self) -> _Held[T] | None:
        entry = self._cache.get(self._key)
        if not isinstance(entry, dict):
            return None
        raw, fetched_at = entry.get("document"), entry.get("fetched_at")
        if not isinstance(fetched_at, int | float) or not self._clock() - fetched_at <= STALE_FOR:
            return None
        try:
            return _Held(raw, self._parse(raw), float(fetched_at))
        except AuthorizationUnavailable:
            return None

    def _unavailable(self) -> AuthorizationUnavailable:
        wait = max(1, math.ceil(self._pause_left()))
        failure = self._failure
        kind = DocumentError if isinstance(failure, DocumentError) else AuthorizationUnavailable
        return kind(failure.reason if failure else f"{self._name} is not there yet", retry_after=wait)

    @contextmanager
    def _turn(self, *, wait: float) -> Iterator[bool]:
        lock = self._lock.get()
        mine = lock.acquire(timeout=wait) if wait else lock.acquire(blocking=False)
        try:
            yield mine
        finally:
            if mine:
                lock.release()
