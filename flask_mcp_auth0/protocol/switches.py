"""Components that are switched off at run time, the same in every worker that shares the store."""

from __future__ import annotations

import time
from collections.abc import Callable

from .components import ComponentKind
from .store import Store, StoreUnavailable

#: Seconds for which a call may go by what was read before; lists are always read anew.
_FRESH = 1.0


class Switches:
    """Remembers in the store which components are off. While the store is away, the last known holds.

    Safe to share between threads: what is remembered is an immutable record for each kind, replaced whole; a
    thread that replaces it by an older one is put right within a second.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def off(self, kind: ComponentKind, *, fresh: bool = False) -> frozenset[str]:
        """Return the names of the components of a kind that are off.

        :param fresh: ask the store now, whatever is remembered.
        """
        known = self._known.get(kind)
        if known is not None and not fresh and self._clock() - known[0] < _FRESH:
            return known[1]
        try:
            names = self._store.members(f"off:{kind}")
        except StoreUnavailable:
            return known[1] if known is not None else frozenset()
        self._known[kind] = (self._clock(), names)
        return names

    def switch(self, kind: ComponentKind, name: str, *, on: bool) -> bool:
        """Switch a component on or off; tell whether that changed anything.

        :raises StoreUnavailable: if the store cannot be reached: nothing was changed then.
        """
        changed = (name in self.off(kind, fresh=True)) == on
        if on:
            self._store.remove_member(f"off:{kind}", name)
        else:
            self._store.add_member(f"off:{kind}", name)
        self._known.pop(kind, None)
        return changed
