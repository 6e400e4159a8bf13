"""Which permissions there are, and which of them a user holds: asked of Auth0 seldom, kept for a while.

A thousand callers cost one look-up a user and time to live, and one for the API. A look-up that fails is
never kept, and neither a failing cache nor an entry that is not as it was written ever grants anything.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ..condition import Condition
from ..errors import AuthorizationUnavailable
from ..settings import Settings
from .auth_info import AuthInfo
from .backoff import Backoff
from .cache import LookupCache, cache_key
from .generations import Generations
from .single_flight import SingleFlight

log = logging.getLogger("flask_mcp_auth0.auth")

Enough = Callable[[frozenset[str]], bool]

#: Seconds for which "does not hold it" is believed, so that a new grant is seen soon.
REFUSAL_TTL = 5.0

#: Entries end up to this share of their time early, so that those made together do not end together.
_JITTER = 0.1

#: How far the clocks of workers on several machines may differ, in seconds.
_SKEW = 5.0


class NobodyToAsk(AuthorizationUnavailable):
    """There are no client credentials, so that nothing can be asked of Auth0, now or later."""


class PermissionReader(Protocol):
    """Asks Auth0; each method raises :class:`AuthorizationUnavailable` if it gets no answer.

    Implementations are called by many threads at once, keep nothing that could be revoked, and are bounded
    in time.
    """

    def api_scopes(self) -> frozenset[str]:
        """Return the permissions that are defined on the API."""
        ...

    def user_permissions(self, user_id: str) -> frozenset[str]:
        """Return the permissions on the API that the user holds outside of any organisation."""
        ...

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        """Return the ids of the roles that the user has within the organisation."""
        ...

    def role_permissions(self, role_id: str) -> frozenset[str]:
        """Return the permissions on the API that the role brings."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    """One answer of Auth0.

    :param asked_at: when it was asked for, Unix time in seconds.
    :param fresh_until: until when it may be used, Unix time in seconds.
    """

    values: frozenset[str]
    asked_at: float
    fresh_until: float


class PermissionLookup:
    """Looks permissions up, through the cache.

    Safe to share between threads: what it knows lies in the cache, as immutable records that carry the
    generation that they were asked for in; threads that miss the same record share one question.

    :param settings: times to live, and which API.
    :param cache: where answers are kept; shared between workers if the app's cache is.
    :param reader: asks Auth0; ``None`` where there are no client credentials to ask with.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        cache: LookupCache,
        reader: PermissionReader | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._reader = reader
        self._clock = clock
        self._flight = SingleFlight()
        self._name = (settings.management_url, settings.resource_server_identifier)
        self._backoff = Backoff(cache, *self._name, clock=clock)
        longest = max(settings.permissions_ttl, settings.api_scopes_ttl) + settings.permissions_stale_ttl
        self._generations = Generations(cache, *self._name, outlive=longest, clock=clock)

    @property
    def can_ask(self) -> bool:
        """Whether there are client credentials to ask Auth0 with."""
        return self._reader is not None

    def condition(self) -> Condition:
        """Tell how asking Auth0 has gone in this process, without asking."""
        return self._backoff.condition()

    def api_permissions(self, including: str | None = None) -> frozenset[str]:
        """Return the permissions that are defined on the API: one look-up for all callers.

        :param including: a permission; a kept answer without it is asked for again once it is older than 5
            seconds. For answers that would turn out wrong if it had just been defined.
        :raises AuthorizationUnavailable: if Auth0 cannot be asked.
        """
        reader = self._needed_reader()
        enough = _whatever if including is None else partial(_holds, including)
        question = ("api", *self._name)
        return self._look_up(question, None, self._settings.api_scopes_ttl, reader.api_scopes, enough)

    def held_by(self, auth_info: AuthInfo, enough: Enough | None = None) -> frozenset[str]:
        """Return the permissions on the API that the user holds, within the organisation of the token.

        :param auth_info: a user's; a machine is decided by its token alone.
        :param enough: tells whether a set grants what is asked; a kept set that does not is asked for again
            once it is older than 5 seconds.
        :raises AuthorizationUnavailable: if Auth0 cannot be asked and nothing is kept that would do.
        """
        reader = self._needed_reader()
        enough = enough or _whatever
        user_id, organization = auth_info.user.sub, auth_info.organization
        # All issuers that we accept are names of one tenant, but an id is only told apart within its issuer.
        caller = (*self._name, auth_info.issuer, user_id)
        ttl = self._settings.permissions_ttl
        if organization is None:
            ask = partial(reader.user_permissions, user_id)
            return self._look_up(("user", *caller), user_id, ttl, ask, enough)

        def by_roles(enough: Enough) -> frozenset[str]:
            ask = partial(reader.member_roles, user_id, organization)
            held: frozenset[str] = frozenset()
            for role in self._look_up(("member", *caller, organization), user_id, ttl, ask, enough):
                ask = partial(reader.role_permissions, role)
                held |= self._look_up(("role", *self._name, role), None, ttl, ask, enough)
            return held

        held = by_roles(_whatever)
        return held if enough(held) else by_roles(_never)

    def forget(self, user_id: str | None = None, *, within: float = 0.0) -> bool:
        """Make every worker that shares the cache ask Auth0 again.

        :param user_id: one user's permissions; ``None`` for everybody's, and those defined on the API.
        :param within: seconds that it may take at most; so many calls in that time count as one.
        :return: whether the cache took it. If not, what it holds is used until its time to live is over.
        """
        return self._generations.advance(user_id, within=within)

    def kept(self, issuer: str, user_id: str) -> tuple[frozenset[str], float] | None:
        """Return what the cache holds of a user outside of any organisation, without asking Auth0.

        :return: the permissions and until when they are used (Unix time in seconds); ``None`` for nothing.
        """
        key = cache_key("user", *self._name, issuer, user_id)
        generation, record = self._generations.read(user_id, key)
        entry = self._entry(record, generation, self._settings.permissions_ttl)
        return None if entry is None else (entry.values, entry.fresh_until)

    def _needed_reader(self) -> PermissionReader:
        if self._reader is None:
            raise NobodyToAsk("no client credentials are configured (AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET)")
        return self._reader

    def _look_up(
        self,
        question: tuple[str, ...],
        user_id: str | None,
        ttl: float,
        ask: Callable[[], frozenset[str]],
        enough: Enough,
    ) -> frozenset[str]:
        key = cache_key(*question)
        generation, kept = self._generations.read(user_id, key)
        entry = self._entry(kept, generation, ttl)
        if entry is not None and self._will_do(entry, enough):
            return entry.values

        def run() -> frozenset[str]:
            # Somebody's run may have ended between our reading and now.
            latest = self._entry(self._cache.get(key), generation, ttl)
            if latest is not None and self._will_do(latest, enough):
                return latest.values
            return self._ask(key, question[0], generation, ttl, ask)

        try:
            return self._flight.do(f"{key}|{generation}", run)
        except TimeoutError as error:
            failure: AuthorizationUnavailable = AuthorizationUnavailable(str(error), 1)
            failure.__cause__ = error
        except AuthorizationUnavailable as error:
            # One exception object must not gather the tracebacks of all the threads that share it.
            failure = AuthorizationUnavailable(error.reason, error.retry_after)
        # Whatever is kept and does grant is used for as long as settings allow; what does not grant is no
        # ground to tell anybody that they lack it.
        if entry is not None and enough(entry.values) and self._settings.permissions_stale_ttl:
            log.warning("Auth0 cannot be asked (%s): permissions that are kept are used", failure.reason)
            return entry.values
        raise failure

    def _ask(
        self, key: str, kind: str, generation: str | None, ttl: float, ask: Callable[[], frozenset[str]]
    ) -> frozenset[str]:
        self._backoff.check(key, kind)
        asked_at = self._clock()
        try:
            values = ask()
        except AuthorizationUnavailable as error:
            self._backoff.failed(key, kind, error)
            raise
        self._backoff.succeeded(key, kind)
        if generation is not None:
            fresh_until = asked_at + ttl * (1 - _JITTER * random.random())  # noqa: S311 (spread, not secrecy)
            kept_for = fresh_until - asked_at + self._settings.permissions_stale_ttl
            self._cache.set(
                key, [generation, asked_at, fresh_until, sorted(values)], kept_for / (1 - _JITTER)
            )
        return values

    def _will_do(self, entry: _Entry, enough: Enough) -> bool:
        now = self._clock()
        return now < entry.fresh_until and (now - entry.asked_at <= REFUSAL_TTL or enough(entry.values))

    def _entry(self, kept: Any, generation: str | None, ttl: float) -> _Entry | None:
        """Read what the cache gave: exactly as :meth:`_ask` wrote it, in this generation, or nothing."""
        if generation is None or not isinstance(kept, list) or len(kept) != 4:
            return None
        written_in, asked_at, fresh_until, values = kept
        if written_in != generation or not _is_time(asked_at) or not _is_time(fresh_until):
            return None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return None
        now = self._clock()
        if asked_at > now + _SKEW or fresh_until > asked_at + ttl:
            return None
        if now >= fresh_until + self._settings.permissions_stale_ttl:
            return None
        return _Entry(frozenset(values), asked_at, fresh_until)


def _whatever(_held: frozenset[str]) -> bool:
    return True


def _holds(permission: str, held: frozenset[str]) -> bool:
    return permission in held


def _never(_held: frozenset[str]) -> bool:
    return False


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
