"""The store of a single process: dictionaries under a lock, bounded, with expiry."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ..per_process import PerProcess
from .rendezvous import Callback, Listeners, Rendezvous
from .store import (
    MAX_MEMBERS,
    MAX_QUEUE,
    Store,
    StoreUnavailable,
    checked_name,
    checked_ttl,
    encoded,
)

Kind = Literal["value", "set", "queue"]


#: What an entry or a member costs beside its text, in bytes, roughly.
_OVERHEAD = 100
#: The part of the room (one in so many) that only what must not be refused may take: records of what was spent,
#: without which nobody's answer is taken, and what has no end, such as components that were switched off.
_RESERVED = 4
#: Seconds between two searches for ended entries while there is no room.
_SWEEP_PAUSE = 1.0


@dataclass(slots=True)
class _Entry:
    data: Any  # JSON text of a value, a set of members, or a deque of JSON texts
    expires_at: float
    size: int

    def copy(self) -> _Entry:
        data = self.data if isinstance(self.data, str) else self.data.copy()
        return _Entry(data, self.expires_at, self.size)


class _Tables:
    """Everything one process keeps; used inside ``with``, which locks and fixes the time of the operation."""

    def __init__(
        self, inherited: _Tables | None, clock: Callable[[], float], max_entries: int, max_size: int
    ) -> None:
        self.rendezvous = Rendezvous()
        self.listeners = Listeners()
        self.now = 0.0
        # What was kept before the fork holds in the child too; only locks, waiters and listeners do not.
        entries = list(inherited.entries.items()) if inherited else []
        self.entries: dict[tuple[Kind, str], _Entry] = {name: entry.copy() for name, entry in entries}
        self.size = sum(entry.size for entry in self.entries.values())
        self._clock = clock
        self._max_entries = max_entries
        self._max_size = max_size
        self._lock = threading.Lock()
        self._sweep_at = 1024
        self._swept_at = -math.inf

    def __enter__(self) -> _Tables:
        self._lock.acquire()
        self.now = self._clock()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def find(self, kind: Kind, name: str) -> _Entry | None:
        entry = self.entries.get((kind, checked_name(name)))
        if entry is not None and entry.expires_at <= self.now:
            self.drop(kind, name)
            return None
        return entry

    def put(self, kind: Kind, name: str, data: Any, size: int, ttl: float, *, reserved: bool = False) -> None:
        """Keep something new in place of whatever was there.

        :param reserved: whether it may take the room that is held back for its like.
        """
        old = self.entries.get((kind, name))
        self._make_room(size + _OVERHEAD - (old.size if old else 0), entry=old is None, reserved=reserved)
        self.drop(kind, name)
        self.entries[kind, name] = _Entry(data, self.now + ttl, size + _OVERHEAD)
        self.size += size + _OVERHEAD

    def grow(self, entry: _Entry, size: int, *, reserved: bool = False) -> None:
        """Account for something more, or less, in an entry; called before it is put there."""
        if size > 0:
            self._make_room(size, entry=False, reserved=reserved)
        entry.size += size
        self.size += size

    def drop(self, kind: Kind, name: str) -> None:
        entry = self.entries.pop((kind, name), None)
        if entry is not None:
            self.size -= entry.size

    def _make_room(self, size: int, *, entry: bool, reserved: bool) -> None:
        if len(self.entries) >= self._sweep_at or (self._full(size, entry, reserved) and self._may_sweep()):
            for kind, name in [key for key, kept in self.entries.items() if kept.expires_at <= self.now]:
                self.drop(kind, name)
            self._sweep_at = max(1024, 2 * len(self.entries))
            self._swept_at = self.now
        if self._full(size, entry, reserved):
            # Making room by dropping what still holds would let something be spent twice.
            raise StoreUnavailable("the store of this process is full")

    def _full(self, size: int, entry: bool, reserved: bool) -> bool:
        most_entries, most_size = self._max_entries, self._max_size
        if not reserved:
            most_entries -= most_entries // _RESERVED
            most_size -= most_size // _RESERVED
        return len(self.entries) + entry > most_entries or self.size + size > most_size

    def _may_sweep(self) -> bool:
        return self.now - self._swept_at >= _SWEEP_PAUSE


class ProcessStore(Store):
    """Keeps everything in the process. Values are copied through JSON, as they are in the shared form.

    :param clock: seconds that never run backwards; decides about expiry.
    :param max_entries: how many keys, sets and queues it holds; more are refused, none is dropped early.
    :param max_size: how many characters of values it holds. A quarter of both is left to :meth:`add` and to sets
        without an end.
    """

    shared = False

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_entries: int = 100_000,
        max_size: int = 64 * 1024 * 1024,
    ) -> None:
        self._of_process = PerProcess[_Tables](
            lambda inherited: _Tables(inherited, clock, max_entries, max_size)
        )

    def add(self, key: str, value: Any, ttl: float) -> bool:
        text, ttl = encoded(value), checked_ttl(ttl)
        with self._of_process.get() as tables:
            if tables.find("value", key) is not None:
                return False
            tables.put("value", key, text, len(text), ttl, reserved=True)
        return True

    def get(self, key: str) -> Any | None:
        with self._of_process.get() as tables:
            entry = tables.find("value", key)
        return None if entry is None else json.loads(entry.data)

    def set(self, key: str, value: Any, ttl: float) -> None:
        text, ttl = encoded(value), checked_ttl(ttl)
        with self._of_process.get() as tables:
            tables.put("value", checked_name(key), text, len(text), ttl)

    def delete(self, key: str) -> None:
        with self._of_process.get() as tables:
            tables.drop("value", checked_name(key))

    def members(self, name: str) -> frozenset[str]:
        with self._of_process.get() as tables:
            entry = tables.find("set", name)
            return frozenset() if entry is None else frozenset(entry.data)

    def add_member(
        self, name: str, member: str, *, ttl: float | None = None, limit: int = MAX_MEMBERS
    ) -> bool:
        ends_in = math.inf if ttl is None else checked_ttl(ttl)
        size = len(checked_name(member)) + _OVERHEAD
        with self._of_process.get() as tables:
            entry = tables.find("set", name)
            if entry is None:
                if limit < 1:
                    return False
                tables.put("set", name, {member}, size, ends_in, reserved=ttl is None)
                return True
            if member not in entry.data:
                if len(entry.data) >= min(limit, MAX_MEMBERS):
                    return False
                tables.grow(entry, size, reserved=ttl is None)
                entry.data.add(member)
            entry.expires_at = tables.now + ends_in
        return True

    def remove_member(self, name: str, member: str) -> None:
        with self._of_process.get() as tables:
            entry = tables.find("set", name)
            if entry is None or member not in entry.data:
                return
            tables.grow(entry, -len(member) - _OVERHEAD)
            entry.data.remove(member)
            if not entry.data:
                tables.drop("set", name)

    def keep_members(self, name: str, ttl: float) -> None:
        ttl = checked_ttl(ttl)
        with self._of_process.get() as tables:
            entry = tables.find("set", name)
            if entry is not None:
                entry.expires_at = tables.now + ttl

    def push(self, queue: str, value: Any, ttl: float) -> bool:
        text, ttl = encoded(value), checked_ttl(ttl)
        with self._of_process.get() as tables:
            entry = tables.find("queue", queue)
            if entry is None:
                tables.put("queue", queue, deque([text]), len(text), ttl)
            elif len(entry.data) >= MAX_QUEUE:
                return False
            else:
                tables.grow(entry, len(text))
                entry.data.append(text)
                entry.expires_at = tables.now + ttl
        tables.rendezvous.wake(queue)
        return True

    def publish(self, topic: str, message: Any) -> None:
        tables = self._of_process.get()
        tables.listeners.tell(checked_name(topic), json.loads(encoded(message)))

    def listen(
        self, topic: str, callback: Callback, on_gap: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        tables = self._of_process.get()
        tables.listeners.add(checked_name(topic), callback, on_gap)

        def stop() -> None:
            # A child does not know its parent's listeners, and must not wait for their lock.
            if self._of_process.peek() is tables:
                tables.listeners.remove(topic, callback, on_gap)

        return stop

    def close(self) -> None:
        """Nothing to let go of."""

    def _take(self, queue: str) -> Any | None:
        with self._of_process.get() as tables:
            entry = tables.find("queue", queue)
            if entry is None:
                return None
            text = entry.data.popleft()
            tables.grow(entry, -len(text))
            if not entry.data:
                tables.drop("queue", queue)
        return json.loads(text)

    def _rendezvous(self) -> Rendezvous:
        return self._of_process.get().rendezvous
