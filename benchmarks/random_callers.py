"""Many people who each call at random: ``python -m benchmarks.random_callers`` (see ``budget_over_http.py``).

Calls are sent when they are due, whether others were answered or not; who calls is drawn for each. So every person's
calls are a Poisson process. Its lines: ``STEADY`` when the warm-up is over, ``RESULT`` and figures at the end.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

#: Seconds after which a call that is not answered counts as wrong.
_PATIENCE = 30.0

_UNAVAILABLE = "Authorization is unavailable for now"


@dataclass
class Met:
    """What the callers met with after the warm-up.

    :ivar unavailable: answers that Auth0 could not be asked in time, as a busy machine has them.
    :ivar wrong: other answers that are not what this person must get; ``example`` is one of them.
    :ivar latest: seconds by which the call that was most behind was sent late.
    """

    calls: int = 0
    unavailable: int = 0
    wrong: int = 0
    example: str = ""
    latest: float = 0.0
    seconds: float = 0.0


class Connections:
    """Keep-alive connections, as many as are needed at once, taken in turn so that each is in use."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def post(self, request: bytes) -> bytes:
        """Send one request; return the body of the answer."""
        if self._idle.empty():
            reader, writer = await asyncio.open_connection(self._host, self._port)
        else:
            reader, writer = self._idle.get_nowait()
        kept = False
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
            body = await reader.readexactly(length)
            kept = b"connection: close" not in head
        finally:
            if kept:
                self._idle.put_nowait((reader, writer))
            else:
                writer.close()
        return body


async def call(url: str, people: list[tuple[bytes, str]], rate: float, warm_up: float, seconds: float) -> Met:
    """Call for so long, at so many calls a second.

    :param people: the request of each, and what its answer must hold.
    """
    parts, turn, met = urlsplit(url), random.Random(20261126), Met()
    connections = Connections(str(parts.hostname), int(parts.port or 80))
    began = time.perf_counter()
    steady_at, ends_at = began + warm_up, began + warm_up + seconds

    async def one(due: float) -> None:
        request, wanted = people[turn.randrange(len(people))]
        late = time.perf_counter() - due
        try:
            async with asyncio.timeout(_PATIENCE):
                said = (await connections.post(request)).decode()
        except (OSError, EOFError, ValueError) as error:
            said = repr(error)
        if wanted not in said:
            unavailable = _UNAVAILABLE in said
            met.unavailable += unavailable
            met.wrong += not unavailable
            met.example = said[:300]
        if due >= steady_at:
            met.calls += 1
            met.latest = max(met.latest, late)

    due = began
    async with asyncio.TaskGroup() as running:
        for end, word in ((steady_at, "STEADY"), (ends_at, "")):
            while due < end:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                running.create_task(one(due))
                due += turn.expovariate(rate)
            if word:
                print(word, flush=True)
    met.seconds = max(seconds, time.perf_counter() - steady_at)
    return met


def main(url: str, people_file: str, rate: str, warm_up: str, seconds: str) -> None:
    """Call as the people of a file do: on each line a token and, after a tab, what the answer must hold."""
    parts = urlsplit(url)
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"protected","arguments":{"name":"Ada"}}}'
    people = []
    for line in Path(people_file).read_text("utf-8").splitlines():
        token, _, wanted = line.partition("\t")
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        people.append((head.encode() + body, wanted))
    met = asyncio.run(call(url, people, float(rate), float(warm_up), float(seconds)))
    print("RESULT", json.dumps(asdict(met)))


if __name__ == "__main__":
    main(*sys.argv[1:])
