"""The load generator that takes wrk's place: what it counts is what a server saw."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .answering import Answering, serving

ROOT = Path(__file__).parents[2]


class Counting(ThreadingHTTPServer):
    """Answers 200, but 403 to one token; closes the connection after every answer to another."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that ends without a goodbye, as a generator does whose time is over."""


class Handler(Answering):
    server: Counting

    def do_POST(self) -> None:
        body, token = self.posted(), self.token
        with self.server.lock:
            self.server.seen[token] += 1
        self.answer(403 if token == "refused" else 200, body, close=token == "closing")


@pytest.fixture
def server() -> Iterator[Counting]:
    server = Counting()
    with serving(server):
        yield server


def press(url: str, tokens: list[str], folder: Path) -> dict[str, Any]:
    body, listed = folder / "body", folder / "tokens"
    body.write_bytes(b'{"jsonrpc":"2.0"}')
    listed.write_text("\n".join(tokens))
    command = [sys.executable, "-m", "benchmarks.load_asyncio", url, str(body), str(listed), "3", "0.3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.removeprefix("RESULT "))
    return found


def test_every_answer_is_counted_and_refusals_by_themselves(server: Counting, tmp_path: Path) -> None:
    found = press(f"http://127.0.0.1:{server.server_port}/mcp", ["good", "refused", "closing"], tmp_path)
    assert found["requests"] == server.seen.total() > 3
    assert found["refused"] == server.seen["refused"] > 0
    assert found["broken"] == 0
    assert 0 < found["p50_ms"] <= found["p99_ms"]


def test_connections_that_cannot_be_made_are_counted(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as closed:
        closed.server_bind()  # never listens
        found = press(f"http://127.0.0.1:{closed.server_address[1]}/mcp", ["good"], tmp_path)
    assert found["requests"] == 0
    assert found["broken"] > 0
