"""How much one caller may leave behind in the store, over all of its sessions.

A session costs nothing to begin, so what is bounded for each session alone is bounded for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .store import Store


class Allowance:
    """Counts what each caller has had kept. As safe to share between threads and processes as the store is.

    :param store: where it is counted, and for all who share it.
    :param kind: what is counted.
    :param most: how many different ones are allowed in a period. What is kept no longer than a period, and
        counted anew whenever it is kept on, is there twice as often at most.
    :param period: seconds.
    :param clock: Unix time in seconds, as the processes that share the store agree on it.
    """

    def __init__(
        self, store: Store, kind: str, *, most: int, period: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._kind = kind
        self._most = most
        self._period = period
        self._clock = clock

    def take(self, caller: str, what: str) -> bool:
        """Count something that is about to be kept for a caller; ``False`` where it must not be.

        :param caller: its opaque name.
        :param what: a name of the thing; the same one counts once.
        :raises StoreUnavailable: if it cannot be counted.
        """
        name = f"allowance:{self._kind}:{int(self._clock() // self._period)}:{caller}"
        return self._store.add_member(name, what, ttl=self._period, limit=self._most)
