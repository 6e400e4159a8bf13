"""What streams cost: how soon the first event arrives, and what a thousand idle subscriptions hold."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from .over_http import OURS, gunicorn
from .servers import Server, running
from .workbench import Bench, bench, call, headers, spread

_SUBSCRIBE = "2026-07-28"


def first_event(server: Server, work: Bench, calls: int) -> dict[str, float]:
    """Return the milliseconds between a tool's first progress message and its arrival at the client.

    Both ends read the clock of the same machine (CLOCK_MONOTONIC).
    """
    place = urlsplit(server.origin)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    body = call("streamed", _meta={"progressToken": 1})
    delays = []
    for _ in range(calls):
        connection.request("POST", "/mcp", body, work.headers)
        answer = connection.getresponse()
        while not (line := answer.readline()).startswith(b"data:"):
            pass
        arrived = time.monotonic_ns()
        emitted = int(json.loads(line.removeprefix(b"data:"))["params"]["message"])
        delays.append((arrived - emitted) / 1e6)
        answer.read()
    return spread(delays)


def _subscribe(server: Server, token: str) -> socket.socket:
    """Open a subscription and return its connection when the acknowledgement has been read."""
    meta = "io.modelcontextprotocol/"
    params = {
        "notifications": {"toolsListChanged": True},
        "_meta": {meta + "protocolVersion": _SUBSCRIBE, meta + "clientCapabilities": {}},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
    body = json.dumps(message).encode()
    sent = headers(token) | {"MCP-Protocol-Version": _SUBSCRIBE, "Mcp-Method": "subscriptions/listen"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    place = urlsplit(server.origin)
    connection = socket.create_connection((place.hostname, place.port), timeout=30)
    head = f"POST /mcp HTTP/1.1\r\nHost: {place.netloc}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    received = b""
    while b"acknowledged" not in received:
        received += (part := connection.recv(65536))
        if not part:
            raise RuntimeError(f"no subscription: {received[:300]!r}")
    return connection


def idle_subscriptions(server: Server, work: Bench, count: int) -> float:
    """Return the MiB that so many idle subscriptions add to the server's memory."""
    _subscribe(server, work.tokens[0]).close()
    before = server.memory_mib()
    open_streams = [_subscribe(server, work.tokens[0]) for _ in range(count)]
    held = server.memory_mib() - before
    for stream in open_streams:
        stream.close()
    return round(held, 2)


def run(*, calls: int = 500, subscriptions: int = 1000) -> dict[str, Any]:
    """Measure both."""
    with bench(users=1) as work:
        threaded = gunicorn("benchmarks.apps.ours:create_app()", "gthread")
        with running("gthread", threaded, work.environment, work.headers, call("public")) as server:
            first = first_event(server, work, calls)
        options = ("--worker-connections", str(subscriptions * 3))
        roomy = {**work.environment, "FLASK_MCP_MAX_STREAMS": str(subscriptions + 1)}
        with running(
            "gevent", gunicorn(OURS, "gevent", *options), roomy, work.headers, call("public")
        ) as server:
            held = idle_subscriptions(server, work, subscriptions)
    return {"first_event_ms": first, "subscriptions": subscriptions, "subscriptions_mib": held}
