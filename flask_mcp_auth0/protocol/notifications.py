"""News of changes: published by any worker, heard by every stream in every worker that asked for it.

Serves ``subscriptions/listen`` (2026-07-28 basic/patterns/subscriptions) and the GET stream of the 2025
revisions. A notification is a hint to look again, so equal ones that wait together are one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from ..per_process import PerProcess
from .allowance import Allowance
from .resource_subscriptions import FollowedURIs, ResourceSubscriptions
from .store import Store, StoreUnavailable

__all__ = ["Change", "Filter", "Hub", "LogLevels", "ResourceSubscriptions", "Subscription"]

log = logging.getLogger("flask_mcp_auth0.notifications")

ListKind = Literal["tools/list_changed", "prompts/list_changed", "resources/list_changed"]
#: A notification's method without ``notifications/``.
ChangeKind = ListKind | Literal["resources/updated"]

LIST_KINDS: tuple[ListKind, ...] = ("tools/list_changed", "prompts/list_changed", "resources/list_changed")

_TOPIC = "changes"
#: Most changes that wait for one stream; past that it is told of everything it asked for.
_MAX_PENDING = 256
#: Seconds for which a session's log level is kept.
_LEVEL_TTL = 24 * 3600.0
#: Most sessions of one caller that have a level, within that time.
MAX_LEVELS = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """Something that clients may want to look at again.

    :param uri: which resource was updated; given with ``resources/updated`` and with nothing else.
    """

    kind: ChangeKind
    uri: str | None = None

    def __post_init__(self) -> None:
        if self.kind == "resources/updated":
            if self.uri is None:
                raise ValueError("resources/updated needs the URI of the resource")
        elif self.kind not in LIST_KINDS or self.uri is not None:
            raise ValueError(f"no such change: {self.kind!r} with the URI {self.uri!r}")


@dataclass(frozen=True, slots=True)
class Filter:
    """What one stream asked for; nothing else reaches it.

    :param kinds: the lists whose changes it wants.
    :param uris: the resources whose updates it wants, compared exactly; may be what
        :meth:`ResourceSubscriptions.follow` returns.
    """

    kinds: AbstractSet[ListKind] = frozenset()
    uris: AbstractSet[str] = frozenset()

    def wants(self, change: Change) -> bool:
        """Tell whether a change passes."""
        if change.uri is not None:
            return change.uri in self.uris
        return change.kind in self.kinds

    def everything(self) -> list[Change]:
        """Return one of each change that passes."""
        lists = [Change(kind) for kind in LIST_KINDS if kind in self.kinds]
        return lists + [Change("resources/updated", uri) for uri in sorted(self.uris)]


class Subscription:
    """What waits for one stream; a context manager that ends with the stream. Its owner alone waits on it."""

    def __init__(self, wanted: Filter, index: _Index) -> None:
        self._wanted = wanted
        self._index = index
        self._condition = threading.Condition(threading.Lock())
        # The keys of a dict: in the order of arrival, and one of each.
        self._pending: dict[Change, None] = {}
        self._missed = False
        self._closed = False

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing is delivered any more, since it or the whole hub was closed."""
        return self._closed

    def wait(self, timeout: float) -> list[Change]:
        """Return what changed since the last call, waiting for it at most ``timeout`` seconds.

        :return: each change once, in the order of arrival; empty when the time is over or the subscription
            was closed. Where changes may have been missed: one of each that was asked for.
        """
        self._refresh()
        deadline = time.monotonic() + timeout
        with self._condition:
            while not (self._pending or self._missed or self._closed):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return []
                self._condition.wait(remaining)
            if self._closed:
                return []
            missed, self._missed = self._missed, False
            changes, self._pending = list(self._pending), {}
        self._refresh()
        return (
            self._wanted.everything()
            if missed
            else [change for change in changes if self._wanted.wants(change)]
        )

    def close(self) -> None:
        """End it, and wake whoever waits."""
        self._index.discard(self)
        with self._condition:
            self._closed = True
            self._pending = {}
            self._condition.notify_all()

    def offer(self, change: Change) -> None:
        """Let a change wait here if it is wanted."""
        with self._condition:
            if self._closed or self._missed or not self._wanted.wants(change):
                return
            self._pending[change] = None
            if len(self._pending) > _MAX_PENDING:
                self._pending, self._missed = {}, True
            self._condition.notify_all()

    def miss(self) -> None:
        """Note that changes may have been missed."""
        with self._condition:
            self._pending, self._missed = {}, True
            self._condition.notify_all()

    def _refresh(self) -> None:
        if isinstance(self._wanted.uris, FollowedURIs):
            self._wanted.uris.refresh()


class _Index:
    """The subscriptions of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._listening = False

    def start(self, store: Store) -> None:
        with self._lock:
            if not self._listening:
                store.listen(_TOPIC, self._heard, self._gap)
                self._listening = True

    def add(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.add(subscription)

    def discard(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def all(self) -> tuple[Subscription, ...]:
        with self._lock:
            return tuple(self._subscriptions)

    def _heard(self, message: Any) -> None:
        change = Change(*message)
        for subscription in self.all():
            subscription.offer(change)

    def _gap(self) -> None:
        for subscription in self.all():
            subscription.miss()


class Hub:
    """Takes changes to whoever waits for them. Safe to share between threads, and after a fork.

    Subscriptions are few hundred bytes each, and need no thread: the one that waits is their stream's own.

    :param store: carries the changes to the other workers, as far as it is shared.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._of_process = PerProcess[_Index](lambda _: _Index())

    def subscribe(self, wanted: Filter) -> Subscription:
        """Return a subscription that gets what is published from now on."""
        index = self._of_process.get()
        index.start(self._store)
        subscription = Subscription(wanted, index)
        index.add(subscription)
        return subscription

    def publish(self, change: Change) -> None:
        """Tell everybody of a change. An outage of the store is logged: it is only a hint that is lost."""
        try:
            self._store.publish(_TOPIC, [change.kind, change.uri])
        except StoreUnavailable as error:
            log.warning("a change was told to this process only: %s", error)

    def close(self) -> None:
        """End all subscriptions of this process, so that their streams can end in good order."""
        for subscription in self._of_process.get().all():
            subscription.close()


class LogLevels:
    """The levels that sessions set by ``logging/setLevel`` (2025-11-25 server/utilities/logging).

    They are the store's, so this is as safe to share as the store is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions = Allowance(store, "log-level", most=MAX_LEVELS, period=_LEVEL_TTL)

    def set(self, session: str, level: str, caller: str) -> bool:
        """Keep the level of a session; ``False`` where its caller has :data:`MAX_LEVELS` sessions with one.

        :param session: its opaque key.
        :param caller: the opaque name of whose session it is.
        :raises StoreUnavailable: if it cannot be kept.
        """
        if not self._sessions.take(caller, session):
            return False
        self._store.set(f"log-level:{session}", level, _LEVEL_TTL)
        return True

    def get(self, session: str) -> str | None:
        """Return the level of a session, ``None`` if it set none, or none can be known now."""
        try:
            level = self._store.get(f"log-level:{session}")
        except StoreUnavailable:
            return None
        return level if isinstance(level, str) else None
