"""Exchanged tokens, kept in the process to their expiry."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from ..auth.cache import SingleFlight
from ..errors import Auth0APIError
from ..per_process import PerProcess
from .access_token import AccessToken


class _Held:
    def __init__(self) -> None:
        self.flight = SingleFlight()
        self.lock = threading.Lock()
        self.tokens: OrderedDict[str, tuple[AccessToken, float]] = OrderedDict()


class ExchangeCache:
    """Keeps tokens under the hash of everything that went into asking for them.

    They stay in the memory of one process: each is somebody's token, and belongs into no shared cache.
    Those that were not used for longest make room for others. Safe to share between threads, and after a fork:
    each process has a table and a lock of its own, and threads that want the same token share one request.

    :param max_entries: how many tokens are kept.
    :param leeway: seconds before its expiry at which a token is no longer handed out (half its life, if
        shorter).
    :param clock: Unix time in seconds.
    """

    def __init__(
        self, *, max_entries: int = 2048, leeway: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._max_entries = max_entries
        self._leeway = leeway
        self._clock = clock
        self._process = PerProcess[_Held](lambda _: _Held())

    def get(self, question: Mapping[str, Any], fetch: Callable[[], AccessToken]) -> AccessToken:
        """Return the token kept for ``question``, or fetch it, once for all who ask at the same time.

        :param question: every input, as JSON values.
        :raises Auth0APIError: whatever ``fetch`` raises; failures are not kept.
        """
        key = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
        held = self._process.get()
        found = self._find(held, key)
        if found is not None:
            return found

        def fetch_and_keep() -> AccessToken:
            kept = self._find(held, key)
            if kept is not None:
                return kept
            now = self._clock()
            token = fetch()
            self._keep(held, key, token, now)
            return token

        try:
            return held.flight.do(key, fetch_and_keep)
        except TimeoutError:
            raise Auth0APIError("Auth0 does not answer a token exchange. Try again.") from None

    def _find(self, held: _Held, key: str) -> AccessToken | None:
        with held.lock:
            found = held.tokens.get(key)
            if found is None:
                return None
            token, fresh_until = found
            if self._clock() >= fresh_until:
                del held.tokens[key]
                return None
            held.tokens.move_to_end(key)
            return token

    def _keep(self, held: _Held, key: str, token: AccessToken, now: float) -> None:
        fresh_until = token.fresh_until(now, self._leeway)
        if fresh_until <= now:
            return
        with held.lock:
            held.tokens[key] = token, fresh_until
            held.tokens.move_to_end(key)
            while len(held.tokens) > self._max_entries:
                held.tokens.popitem(last=False)
