"""Mixed load in one process, which must not grow: everything of both eras, callers that come and go, refusals.

``SOAK_SECONDS`` sets how long it lasts for ``make soak``; without it, it is a few thousand requests.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from flask_mcp_auth0.auth import tokens

from ..fuzz.gateway import send
from ..fuzz.mutation import mutated, odd, written
from ..fuzz.target import HANDSHAKE_ONLY, MODERN_ONLY, REQUESTS, Target
from ..fuzz.wellformed import check

SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))

#: Requests of one round; a round's mixture is the same each time, its callers are new.
ROUND = 300
SHORT_ROUNDS = 2
#: Callers at a time; new ones come all the time.
CALLERS = 8
#: Verified tokens that are remembered, instead of 2048, so that a short run too fills what is bounded.
REMEMBERED = 10

#: Bytes that each request may leave behind on average.
BYTES_A_REQUEST = 64
#: Bytes of resident memory that a long run may gain, whatever its length.
RSS_GAIN = 48 * 1024 * 1024


@pytest.fixture
def quiet() -> Iterator[None]:
    """Failures by the thousand are not kept as log records."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Load:
    """A mixture of requests that repeats, by callers who do not."""

    def __init__(self) -> None:
        self.target = Target(RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True))
        self.tokens: list[str] = []
        self.number = 0
        self.requests = 0

    def newcomer(self) -> str:
        """Return the token of somebody who was never here; some of those before are forgotten."""
        self.number += 1
        now = int(time.time())
        token = self.target.tenant.token(
            sub=f"auth0|{self.number}",
            iat=now,
            exp=now + 86_400,
            permissions=["tool:guarded"] * (self.number % 2),
        )
        self.tokens.append(token)
        del self.tokens[:-CALLERS]
        return token

    def round(self) -> None:
        """Make :data:`ROUND` requests, and check every answer."""
        turn = random.Random(7)
        target = self.target
        for step in range(ROUND):
            token = self.newcomer() if step % 20 == 0 else turn.choice(self.tokens)
            modern = turn.random() < 0.6
            method, params = turn.choice(REQUESTS + (MODERN_ONLY if modern else HANDSHAKE_ONLY))
            body, headers = (target.modern if modern else target.handshake)(method, params)
            headers["Authorization"] = f"Bearer {token}"
            # Sessions are their owner's; whoever is somebody else has none.
            headers.pop("Mcp-Session-Id", None)
            if turn.random() < 0.2:
                body = mutated(body, turn)
            if turn.random() < 0.05:
                headers["Authorization"] = f"Bearer {token[:-9]}{step:09d}"
            if turn.random() < 0.05:
                headers["Mcp-Session-Id"] = str(odd(turn)).encode("latin-1", "replace").decode("latin-1")
            sent = written(body, turn) if turn.random() < 0.2 else _plain(body)
            check(send(target.app, sent, headers), sent)
            self.requests += 1


def _plain(body: object) -> bytes:
    return json.dumps(body).encode()


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_mixed_load_leaves_nothing_behind(quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_MAX_REMEMBERED", REMEMBERED)
    load = Load()
    for _ in range(20 if SECONDS else 1):
        load.round()
    rss, began = _rss(), time.monotonic()
    if SECONDS:
        while time.monotonic() - began < SECONDS:
            load.round()
        gained = _rss() - rss
        print(
            f"\n{load.requests:,} requests in {SECONDS:.0f} s: {gained / 1024:+,.0f} KiB of resident memory"
        )
        assert gained < RSS_GAIN, f"{gained:,} bytes more after {load.requests:,} requests"
    tracemalloc.start()
    try:
        # What was there before tracing began is replaced by what is traced, which looks like growth at first.
        for _ in range(2):
            load.round()
        before, counted = _traced(), load.requests
        first = tracemalloc.take_snapshot()
        for _ in range(SHORT_ROUNDS):
            load.round()
        left = (_traced() - before) / (load.requests - counted)
        top = tracemalloc.take_snapshot().compare_to(first, "lineno")[:12]
    finally:
        tracemalloc.stop()
    print(f"\n{load.requests:,} requests; {left:,.1f} bytes left behind by each")
    assert left < BYTES_A_REQUEST, "\n".join([f"{left:,.0f} bytes a request", *map(str, top)])
    load.target.bounds()
