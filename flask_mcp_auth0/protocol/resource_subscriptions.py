"""Which resources a session subscribed to by ``resources/subscribe`` (2025-11-25 server/resources, Subscriptions).

Any worker may take the request while another one holds the session's stream; the store knows the whole, and
tells the others of each step.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from ..per_process import PerProcess
from .allowance import Allowance
from .store import MAX_NAME, Store, StoreUnavailable

log = logging.getLogger("flask_mcp_auth0.notifications")

_TOPIC = "resource-subscriptions"
#: Seconds for which subscriptions are kept while no stream of their session is open.
TTL = 4 * 3600.0
#: Most resources that one session follows, and the most characters that their URIs have together.
LIMIT = 100
MAX_CHARACTERS = 32 * 1024
#: Most sessions of one caller that follow resources, within :data:`TTL`.
MAX_SESSIONS = 50


class FollowedURIs(AbstractSet[str]):
    """The URIs that a session follows now, kept current while somebody holds this set."""

    def __init__(self, load: Callable[[], frozenset[str]], clock: Callable[[], float]) -> None:
        self._load = load
        self._clock = clock
        self._lock = threading.Lock()
        self._known: frozenset[str] | None = None
        self._steps = 0
        self._refresh_at = 0.0

    def __contains__(self, uri: object) -> bool:
        # While it is not known what is followed, anything may be; refresh() settles it before delivery.
        known = self._known
        return known is None or uri in known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known or ())

    def __len__(self) -> int:
        return len(self._known or ())

    def step(self, uri: str, followed: bool) -> None:
        """Take in that a URI is followed from now on, or no longer."""
        with self._lock:
            self._steps += 1
            if self._known is not None:
                self._known = self._known | {uri} if followed else self._known - {uri}

    def forget(self) -> None:
        """Take in that steps may have been missed."""
        with self._lock:
            self._steps += 1
            self._known = None

    def refresh(self) -> None:
        """Ask the store if need be: at first, after a gap, and now and then so that it keeps what it has.

        While the store is out of reach, nothing is followed rather than everything.
        """
        if self._known is not None and self._clock() < self._refresh_at:
            return
        for last in (False, False, False, True):
            steps = self._steps
            try:
                known = self._load()
            except StoreUnavailable:
                with self._lock:
                    self._known = self._known or frozenset()
                    self._refresh_at = self._clock() + 1.0
                return
            with self._lock:
                # A step between the reading and now would be lost: read again.
                if last or steps == self._steps:
                    self._known = known
                    self._refresh_at = self._clock() + TTL / 4
                    return


class _Followers:
    """The followed sets of one process, by session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: weakref.WeakValueDictionary[str, FollowedURIs] = weakref.WeakValueDictionary()
        self._listening = False

    def follow(self, session: str, make: Callable[[], FollowedURIs], store: Store) -> FollowedURIs:
        with self._lock:
            if not self._listening:
                store.listen(_TOPIC, self._heard, self._gap)
                self._listening = True
            uris = self._sets.get(session)
            if uris is None:
                uris = self._sets[session] = make()
            return uris

    def _heard(self, message: Any) -> None:
        session, uri, followed = message
        with self._lock:
            uris = self._sets.get(session)
        if uris is not None:
            uris.step(uri, followed)

    def _gap(self) -> None:
        with self._lock:
            everybody = list(self._sets.values())
        for uris in everybody:
            uris.forget()


class ResourceSubscriptions:
    """Keeps, with expiry, what each session follows. Safe to share between threads, and after a fork.

    :param store: where it is kept.
    :param clock: seconds that never run backwards.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._sessions = Allowance(store, "subscribing", most=MAX_SESSIONS, period=TTL)
        self._of_process = PerProcess[_Followers](lambda _: _Followers())

    def subscribe(self, session: str, uri: str, caller: str) -> bool:
        """Follow a resource; ``False`` where the session, or its caller, follows as much as it may already.

        :param session: its opaque key.
        :param caller: the opaque name of whose session it is.
        :raises StoreUnavailable: if it cannot be kept.
        """
        if not 0 < len(uri) <= MAX_NAME:
            return False
        known = self.uris(session)
        if uri not in known and sum(map(len, known)) + len(uri) > MAX_CHARACTERS:
            return False
        if not self._sessions.take(caller, session):
            return False
        if not self._store.add_member(_name(session), uri, ttl=TTL, limit=LIMIT):
            return False
        self._store.publish(_TOPIC, [session, uri, True])
        return True

    def unsubscribe(self, session: str, uri: str) -> None:
        """Follow a resource no longer.

        :raises StoreUnavailable: if that cannot be kept.
        """
        if 0 < len(uri) <= MAX_NAME:
            self._store.remove_member(_name(session), uri)
            self._store.publish(_TOPIC, [session, uri, False])

    def uris(self, session: str) -> frozenset[str]:
        """Return what a session follows, asking the store.

        :raises StoreUnavailable: if it cannot be known.
        """
        return self._store.members(_name(session))

    def follow(self, session: str, caller: str) -> AbstractSet[str]:
        """Return what a session follows, current for as long as it is held: for :class:`~.notifications.Filter`."""
        uris = self._of_process.get().follow(
            session, lambda: FollowedURIs(lambda: self._load(session, caller), self._clock), self._store
        )
        uris.refresh()
        return uris

    def _load(self, session: str, caller: str) -> frozenset[str]:
        known = self.uris(session)
        # Kept on, it counts anew: old sessions would add up otherwise, each looked at now and then.
        if known and self._sessions.take(caller, session):
            self._store.keep_members(_name(session), TTL)
        return known


def _name(session: str) -> str:
    return f"resource-subscriptions:{session}"
