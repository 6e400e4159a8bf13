"""Coordination between requests, and between the workers that serve them.

What may vanish at any moment (look-ups) belongs into the cache. Here is what needs atomic operations: answers
that arrive at another worker, records of what was spent, components that were disabled, news of changes.
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ..condition import Condition
from ..errors import Auth0MCPError
from .rendezvous import Callback, Rendezvous

#: Longest name of a key, a queue, a set, a topic or a member, in characters.
MAX_NAME = 2048
#: Largest value, as JSON, in bytes.
MAX_VALUE = 1024 * 1024
#: Longest time that anything with an expiry is kept, in seconds.
MAX_TTL = 31 * 24 * 3600.0
#: Longest wait of one :meth:`Store.pop`, in seconds.
MAX_WAIT = 600.0
#: Most values that wait in one queue.
MAX_QUEUE = 32
#: Most members of one set.
MAX_MEMBERS = 10_000


class StoreUnavailable(Auth0MCPError):
    """The store cannot be reached, or has no room: nothing was read or kept, and it may be tried again."""


class Store(ABC):
    """Small, bounded, atomic operations on JSON values. Safe to share between threads, and after a fork.

    ``None`` stands for absence, so it cannot be kept. Keys are visible to whoever can read the store: they
    name things and hold nothing personal or secret; values and members may. Every method may raise
    :class:`StoreUnavailable`, and ``ValueError`` where a name, a value or a time is out of bounds.

    :cvar shared: whether other processes see the same.
    """

    shared: bool = False

    def condition(self) -> Condition:
        """Tell how the store has answered this process, without asking it."""
        return Condition(failing=False, usable=True)

    def may_evict(self) -> bool:
        """Tell whether something may be dropped before its time, so that what was spent could be used again."""
        return False

    @abstractmethod
    def add(self, key: str, value: Any, ttl: float) -> bool:
        """Keep ``value`` for ``ttl`` seconds unless there is one; tell whether it was kept (single use)."""

    @abstractmethod
    def get(self, key: str) -> Any | None:
        """Return the value kept under ``key``."""

    @abstractmethod
    def set(self, key: str, value: Any, ttl: float) -> None:
        """Keep ``value`` for ``ttl`` seconds in place of whatever was there."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Drop what is kept under ``key``."""

    @abstractmethod
    def members(self, name: str) -> frozenset[str]:
        """Return the members of a set; an empty one where there is none."""

    @abstractmethod
    def add_member(
        self, name: str, member: str, *, ttl: float | None = None, limit: int = MAX_MEMBERS
    ) -> bool:
        """Put a member into a set.

        :param ttl: seconds after which the whole set ends, counted anew; ``None``: never.
        :param limit: how many members the set may have.
        :return: whether the member is in the set now; ``False`` where the set is full.
        """

    @abstractmethod
    def remove_member(self, name: str, member: str) -> None:
        """Take a member out of a set."""

    @abstractmethod
    def keep_members(self, name: str, ttl: float) -> None:
        """Let a set, if there is one, end ``ttl`` seconds from now."""

    @abstractmethod
    def push(self, queue: str, value: Any, ttl: float) -> bool:
        """Put a value at the end of a queue, which ends ``ttl`` seconds after the last push.

        :return: whether it was kept; ``False`` where the queue is full (:data:`MAX_QUEUE`).
        """

    @abstractmethod
    def publish(self, topic: str, message: Any) -> None:
        """Hand a message to every listener in every process that shares the store, at most once to each."""

    @abstractmethod
    def listen(
        self, topic: str, callback: Callback, on_gap: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Have a function called with each message of a topic, until the returned function is called.

        Holds for this process alone: a child forked from it listens for itself.

        :param callback: called from whichever thread delivers; it must be quick and must not use the store.
        :param on_gap: called, likewise, when messages may have been missed since the store was out of reach.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of this process's connections and background thread, as at its end.

        The connections come back when needed, the thread with the next :meth:`listen` or :meth:`pop`.
        """

    def pop(self, queue: str, timeout: float) -> Any | None:
        """Take the first value out of a queue, waiting for one at most ``timeout`` seconds.

        Wakes at once when a value arrives, whichever process pushed it. An outage in the midst of the wait is
        sat out; one that lasts to its end is :class:`StoreUnavailable`.

        :return: the value, ``None`` where none arrived in time.
        """
        checked_name(queue)
        deadline = time.monotonic() + min(timeout, MAX_WAIT)
        with self._rendezvous().waiting(queue) as woken:
            while True:
                # Cleared before looking, so that what arrives after the look still wakes.
                woken.clear()
                outage: StoreUnavailable | None = None
                value: Any | None = None
                try:
                    value = self._take(queue)
                except StoreUnavailable as error:
                    outage = error
                if value is not None:
                    return value
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    if outage is not None:
                        raise outage
                    return None
                woken.wait(min(remaining, self._look_again_after(outage)))

    @abstractmethod
    def _take(self, queue: str) -> Any | None:
        """Take the first value out of a queue without waiting."""

    @abstractmethod
    def _rendezvous(self) -> Rendezvous:
        """Return where this process's waiters are."""

    def _look_again_after(self, outage: StoreUnavailable | None) -> float:
        """Return the seconds after which a waiter looks again although nobody woke it."""
        return MAX_WAIT


def checked_name(name: str) -> str:
    """Return the name of a key, queue, set, topic or member.

    :raises ValueError: if it is empty or longer than :data:`MAX_NAME`.
    """
    if not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"a name in the store has 1 to {MAX_NAME} characters, this one {len(name)}")
    return name


def checked_ttl(ttl: float) -> float:
    """Return a time to live in seconds, :data:`MAX_TTL` at most.

    :raises ValueError: if it is not a positive number.
    """
    if math.isnan(ttl) or ttl <= 0:
        raise ValueError(f"a time to live is a positive number of seconds, not {ttl}")
    return min(ttl, MAX_TTL)


def encoded(value: Any) -> str:
    """Return a value as JSON.

    :raises ValueError: if it is ``None``, cannot be JSON, or is larger than :data:`MAX_VALUE`.
    """
    if value is None:
        raise ValueError("None stands for absence in the store")
    try:
        text = json.dumps(value, separators=(",", ":"))
    except TypeError as error:
        raise ValueError("only JSON values can be kept in the store") from error
    if len(text) > MAX_VALUE:
        raise ValueError(f"a value in the store is at most {MAX_VALUE} bytes of JSON")
    return text
