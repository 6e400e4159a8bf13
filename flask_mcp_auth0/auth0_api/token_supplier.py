"""The token that the Management API is called with: one for all workers, sealed wherever it rests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..auth.cache import LookupCache, SingleFlight, cache_key
from ..errors import Auth0APIError
from ..pauses import time_left
from ..per_process import PerProcess
from ..sealing import Sealer, SealError
from .access_token import AccessToken

log = logging.getLogger("flask_mcp_auth0.auth0_api")

_PURPOSE = "management-token"
_LEEWAY = 60.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
#: Seconds for which a token that is refused was refused for another reason than its age.
_YOUNG = 30.0
#: Seconds that a token is used for if Auth0 does not say how long it lives.
_UNSTATED = 300


@dataclass(frozen=True, slots=True)
class _Entry:
    """A token and its times (Unix time in seconds)."""

    token: str = field(repr=False)
    expires_at: int
    fetched_at: float

    @property
    def fresh_until(self) -> float:
        return self.expires_at - min(_LEEWAY, max(0.0, self.expires_at - self.fetched_at) / 2)


class _Held:
    """What one process knows: its token, and since when Auth0 does not give it another."""

    def __init__(self) -> None:
        self.flight = SingleFlight()
        self.entry: _Entry | None = None
        self.refused: str | None = None
        self.failures = 0
        self.failure: Auth0APIError | None = None
        self.quiet_until = 0.0


class TokenSupplier:
    """Returns a token that is valid for at least a minute (half its life, if that is shorter).

    It is renewed before it expires. While it cannot be, the one in hand is used up to its end; without one,
    the last failure is told again for a while instead of asking again, and nobody waits for that while to
    pass. The shared cache keeps it sealed, and not at all where there is no key to seal it with.

    Safe to share between threads, and after a fork: the token in hand is an immutable record that is replaced
    whole, in a table of each process, and one thread at a time asks for another.

    :param fetch: asks Auth0 for a token.
    :param name: what tells this token from others: tenant, client, audience.
    :param cache: shared between workers, if the app's cache is.
    :param sealer: seals what is put there.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], AccessToken],
        name: tuple[str, ...],
        cache: LookupCache,
        sealer: Sealer,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fetch = fetch
        self._key = cache_key(_PURPOSE, *name)
        self._cache = cache
        self._sealer = sealer
        self._clock = clock
        self._process = PerProcess[_Held](lambda _: _Held())

    def __call__(self) -> str:
        """Return the token.

        :raises Auth0APIError: if Auth0 refuses it, or does not answer.
        """
        held = self._process.get()
        entry = held.entry
        if entry is not None and self._clock() < entry.fresh_until:
            return entry.token
        try:
            return held.flight.do(self._key, lambda: self._renew(held)).token
        except TimeoutError:
            raise Auth0APIError(
                "Auth0 does not answer requests for a Management API token. Try again."
            ) from None

    def invalidate(self, token: str) -> bool:
        """Forget ``token``, which the Management API refused, here and for every worker.

        :return: whether asking again makes sense. A token that was new a moment ago is kept: another would
            fare no better, and each one counts against the tenant's quota.
        """
        held = self._process.get()
        entry = held.entry
        if entry is None or entry.token != token:
            return True
        if 0 <= self._clock() - entry.fetched_at < _YOUNG:
            return False
        # Should the shared cache not forget it, it must not come back from there.
        held.refused = token
        held.entry = None
        shared = self._read()
        if shared is not None and shared.token == token:
            self._cache.delete(self._key)
        return True

    def _renew(self, held: _Held) -> _Entry:
        current, now = held.entry, self._clock()
        if current is not None and now < current.fresh_until:
            return current
        shared = self._read()
        if shared is not None and now < shared.fresh_until and shared.token != held.refused:
            held.entry = shared
            return shared
        if time_left(held.quiet_until, now, _LONGEST_PAUSE) and held.failure is not None:
            return self._last_resort(current, held.failure)
        try:
            token = self._fetch()
        except Auth0APIError as error:
            held.failure = error
            held.failures += 1
            pause = min(_FIRST_PAUSE * 2 ** min(held.failures - 1, 10), _LONGEST_PAUSE)
            held.quiet_until = now + max(pause, min(error.retry_after or 0, _LONGEST_PAUSE))
            log.warning("No token for the Management API (failure %d in a row): %s", held.failures, error)
            return self._last_resort(current, error)
        held.failures, held.failure = 0, None
        expires_at = int(now) + _UNSTATED if token.expires_at is None else token.expires_at
        entry = held.entry = _Entry(token.access_token, expires_at, now)
        self._write(entry)
        return entry

    def _last_resort(self, current: _Entry | None, failure: Auth0APIError) -> _Entry:
        if current is not None and self._clock() < current.expires_at:
            return current
        # A new exception each time: one that is raised again and again would gather everybody's traceback.
        raise Auth0APIError(
            str(failure),
            error=failure.error,
            status_code=failure.status_code,
            retry_after=failure.retry_after,
        )

    def _read(self) -> _Entry | None:
        if not self._sealer.available:
            return None
        sealed = self._cache.get(self._key)
        if not isinstance(sealed, str):
            return None
        try:
            token, expires_at, fetched_at = self._sealer.open(_PURPOSE, sealed, context=self._key)
        except (SealError, TypeError, ValueError):
            return None
        return _Entry(token, expires_at, fetched_at)

    def _write(self, entry: _Entry) -> None:
        if self._sealer.available:
            value = [entry.token, entry.expires_at, entry.fetched_at]
            sealed = self._sealer.seal(_PURPOSE, value, context=self._key)
            self._cache.set(self._key, sealed, entry.fresh_until - entry.fetched_at)
