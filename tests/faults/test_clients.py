"""Clients that fall silent, vanish or never read; and calls that outlast gunicorn's patience."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from ..wire.raw import MODERN, meta
from ..wire.serving import report_logs
from .conftest import Start
from .rows import NOBODY, fault, sees
from .served import WORKER_CLASS, Background, Workers, until

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("workers")]

pytest_runtest_makereport = report_logs


@contextmanager
def sending(
    workers: Workers, tool: str, arguments: dict[str, object], *, missing: int = 0, token: str | None = ""
) -> Iterator[socket.socket]:
    """Send a call over a bare socket, but for the last ``missing`` bytes of its body."""
    params = {"name": tool, "arguments": arguments, "_meta": meta(logLevel="debug")}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    headers = {
        "Host": urlsplit(workers.server.url).netloc,
        "Authorization": f"Bearer {token or workers.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Content-Length": str(len(body)),
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    if token is None:
        del headers["Authorization"]
    head = "POST /mcp HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    parts = urlsplit(workers.server.url)
    with socket.create_connection((parts.hostname or "", parts.port), timeout=60) as connection:
        connection.sendall(head.encode() + b"\r\n" + body[: len(body) - missing])
        yield connection


def answered(connection: socket.socket) -> requests.Response:
    """Read an answer from a bare socket."""
    raw = http.client.HTTPResponse(connection)
    raw.begin()
    response = requests.Response()
    response.status_code = raw.status
    response.headers.update(dict(raw.getheaders()))
    response._content = raw.read()
    return response


@fault(
    "A client falls silent in the middle of a body",
    sees="408, error -32700: Parse error: the rest of the body did not come",
    recovers="Its thread is free after 20 s of silence (a sync worker whose `timeout` is shorter is ended by it). A "
    "byte now and then keeps it waiting: only a proxy that takes the whole request first bounds that, as nginx does.",
)
def test_a_body_whose_rest_does_not_come_is_given_up(workers: Workers) -> None:
    with sending(workers, "who", {}, missing=5) as connection:
        sees(test_a_body_whose_rest_does_not_come_is_given_up, answered(connection))
        assert connection.recv(1) == b"", "the connection is closed"
    assert workers.who()


@fault(
    "A client without a token announces a body and does not send it",
    sees="401 `unauthorized`",
    recovers="At once: nobody waits for a body before the token is good.",
)
def test_nobody_waits_for_the_body_of_a_stranger(workers: Workers) -> None:
    with sending(workers, "who", {}, missing=100, token=None) as connection:
        sees(test_nobody_waits_for_the_body_of_a_stranger, answered(connection))


@fault(
    "A client leaves in the middle of a call (2026-07-28)",
    sees=NOBODY,
    recovers="`call.cancelled` is true from the next look on; a function that does not look runs to its end. In 2025 "
    "revisions a lost connection takes nothing back: the client sends `notifications/cancelled`.",
)
def test_a_call_whose_client_left_is_cancelled(workers: Workers) -> None:
    with sending(workers, "flood", {"name": "left"}):
        workers.pid_of("left")
    assert workers.pid_of("left.ended")


@fault(
    "A client never reads the stream that it asked for",
    sees=NOBODY,
    recovers="When the buffers are full writing waits, and after 25 s in which nothing was taken the client counts as "
    "gone and its thread is free (on Linux). One that takes a little now and then keeps it.",
)
def test_a_stream_that_nobody_reads_ends(workers: Workers) -> None:
    with sending(workers, "flood", {"name": "unread"}) as connection:
        assert workers.pid_of("unread.ended")
        came = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(1_000_000):
                came += piece
        assert b"event: message" in came
        assert b'"result"' not in came


@fault(
    "A client never reads a long answer",
    sees=NOBODY,
    recovers="As above; gunicorn logs a TimeoutError.",
)
def test_an_answer_that_nobody_reads_is_given_up(workers: Workers) -> None:
    before = workers.server.log.read_text().count("TimeoutError")
    with sending(workers, "large", {"megabytes": 30}):
        until(lambda: workers.server.log.read_text().count("TimeoutError") > before, "the answer is given up")


@fault(
    "A call takes longer than gunicorn's `timeout`; sync worker",
    sees="500, gunicorn's own page",
    recovers="gunicorn ends the worker (SIGABRT) and starts another; threads and greenlets go on. A stream ends "
    "without the answer.",
)
def test_a_sync_worker_is_ended_at_its_timeout(start: Start) -> None:
    test = test_a_sync_worker_is_ended_at_its_timeout
    params = {"name": "hold", "arguments": {"name": "too-long"}}
    with start("sync", timeout=2, options=["--preload"]) as workers, workers.wire() as wire:
        call = Background(lambda: wire.modern("tools/call", params))
        killed = workers.pid_of("too-long")
        assert workers.who() != killed
        sees(test, call.seen)
        workers.server.await_workers(1)
        assert workers.who() != killed


@fault(
    "A call computes without ever letting another thread run, for longer than `timeout`; gthread, gevent",
    sees="the connection ends, without an answer",
    recovers="The worker cannot even be asked to end: gunicorn kills it a second after `timeout`, and what else ran "
    "there is lost. The others do not notice.",
)
def test_a_worker_that_hangs_as_a_whole_is_killed(start: Start) -> None:
    params = {"name": "hang", "arguments": {"name": "hanging"}}
    hung = "gevent" if WORKER_CLASS == "gevent" else "gthread"
    with start(hung, timeout=2, options=["--preload"]) as workers, workers.wire() as wire:
        call = Background(lambda: wire.modern("tools/call", params))
        killed = workers.pid_of("hanging")
        sees(test_a_worker_that_hangs_as_a_whole_is_killed, call.seen)
        workers.server.await_workers(1)
        assert workers.who() != killed
