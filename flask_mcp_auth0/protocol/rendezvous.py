"""Who, in one process, waits for something with a name or listens to a topic."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger("flask_mcp_auth0.store")

Callback = Callable[[Any], None]


class Rendezvous:
    """Where threads wait for something with a name. Its lock is held for no wait and no callback."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, list[threading.Event]] = {}

    @contextmanager
    def waiting(self, name: str) -> Iterator[threading.Event]:
        """Give an event that is set whenever ``name`` is woken."""
        event = threading.Event()
        with self._lock:
            self._events.setdefault(name, []).append(event)
        try:
            yield event
        finally:
            with self._lock:
                events = self._events[name]
                events.remove(event)
                if not events:
                    del self._events[name]

    def wake(self, name: str) -> None:
        """Wake whoever waits for ``name``."""
        with self._lock:
            for event in self._events.get(name, ()):
                event.set()

    def wake_all(self) -> None:
        """Wake everybody."""
        with self._lock:
            for events in self._events.values():
                for event in events:
                    event.set()


class Listeners:
    """Functions that are called with the messages of a topic, outside the lock that guards their list."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[tuple[Callback, Callable[[], None] | None]]] = {}

    def add(self, topic: str, callback: Callback, on_gap: Callable[[], None] | None) -> None:
        """Call ``callback`` with each message, ``on_gap`` where some may have been missed."""
        with self._lock:
            self._listeners.setdefault(topic, []).append((callback, on_gap))

    def remove(self, topic: str, callback: Callback, on_gap: Callable[[], None] | None) -> None:
        """Undo one :meth:`add` with the same arguments, if there was one."""
        with self._lock:
            listeners = self._listeners.get(topic, [])
            if (callback, on_gap) in listeners:
                listeners.remove((callback, on_gap))
            if not listeners:
                self._listeners.pop(topic, None)

    def tell(self, topic: str, message: Any) -> None:
        """Deliver a message; a listener that fails is logged and keeps nothing from the others."""
        with self._lock:
            callbacks = [callback for callback, _ in self._listeners.get(topic, ())]
        for callback in callbacks:
            try:
                callback(message)
            except Exception:
                log.exception("a listener of the store failed")

    def tell_gap(self) -> None:
        """Tell everybody that messages may have been missed."""
        with self._lock:
            gaps = [on_gap for listeners in self._listeners.values() for _, on_gap in listeners if on_gap]
        for on_gap in gaps:
            try:
                on_gap()
            except Exception:
                log.exception("a listener of the store failed")
