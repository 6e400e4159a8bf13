"""A load generator for where wrk is not installed: ``python -m benchmarks.load_asyncio`` (see ``load.py``)."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """One connection that sends a request, reads the answer, and sends the next until time is over."""

    def __init__(self, requests: Iterator[bytes], until: float, latencies: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._received = b""
        self._sent_at = 0.0
        self.refused = 0
        self.answered = False
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._received, self.answered, self._sent_at = b"", False, time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        name = b"content-length: "
        position = head.lower().find(name)
        length = int(head[position + len(name) :].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        now = time.perf_counter()
        self._latencies.append(now - self._sent_at)
        self.refused += head[9:10] != b"2"
        self.answered = True
        if now >= self._until:
            self._transport.close()
        elif b"connection: close" not in head.lower():
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def _press(host: str, port: int, requests: Iterator[bytes], connections: int, seconds: float) -> str:
    loop, latencies = asyncio.get_running_loop(), list[float]()
    began = time.perf_counter()
    until, refused, broken = began + seconds, 0, 0

    async def keep_pressing() -> None:
        nonlocal refused, broken
        while time.perf_counter() < until:
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(requests, until, latencies), host, port
                )
            except OSError:
                broken += 1
                continue
            await connection.over
            refused += connection.refused
            broken += not connection.answered

    await asyncio.gather(*(keep_pressing() for _ in range(connections)))
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    return json.dumps(
        {
            "requests": len(latencies),
            "seconds": time.perf_counter() - began,
            "refused": refused,
            "broken": broken,
            "p50_ms": cuts[49] * 1e3,
            "p99_ms": cuts[98] * 1e3,
        }
    )


def main(url: str, body_file: str, token_file: str, connections: str, seconds: str) -> None:
    """Press, and print the result as ``load.lua`` does."""
    parts, body = urlsplit(url), Path(body_file).read_bytes()
    requests = [
        (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        + body
        for token in Path(token_file).read_text().split()
    ]
    pressing = _press(
        str(parts.hostname),
        int(parts.port or 80),
        itertools.cycle(requests),
        int(connections),
        float(seconds),
    )
    print("RESULT", asyncio.run(pressing))


if __name__ == "__main__":
    main(*sys.argv[1:])
