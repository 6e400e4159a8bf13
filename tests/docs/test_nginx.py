"""The documented nginx, run for real before an upstream that writes down what reaches it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .proxy import documented_nginx

pytestmark = pytest.mark.wire


class Upstream:
    """Answers every connection once, or with ``mute`` hangs up instead, and keeps what it got."""

    def __init__(self, *, mute: bool = False) -> None:
        self.got: list[bytes] = []
        self.mute = mute
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.got.append(connection.recv(65_536))
                if not self.mute:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


@pytest.fixture
def proxy(tmp_path: Path, upstream: Upstream) -> Iterator[int]:
    """The port of nginx."""
    with documented_nginx(tmp_path, upstream.port) as port:
        yield port


def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes; return what comes back first."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


HEAD = b"POST /mcp HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n"


def test_what_the_app_needs_reaches_it(proxy: int, upstream: Upstream) -> None:
    wanted = b"Authorization: Bearer x\r\nMcp-Method: tools/list\r\nMCP-Protocol-Version: 2026-07-28\r\n"
    answer = exchange(proxy, HEAD + wanted + b"Content-Length: 2\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 200")
    [got] = upstream.got
    assert got.startswith(b"POST /mcp HTTP/1.1\r\n")
    for line in wanted.splitlines():
        assert line in got


def test_two_ways_to_tell_the_length_end_at_the_proxy(proxy: int, upstream: Upstream) -> None:
    smuggled = b"0\r\n\r\nPOST /mcp HTTP/1.1\r\nHost: x\r\n\r\n"
    both = HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled
    assert exchange(proxy, both).startswith(b"HTTP/1.1 400")
    twice = HEAD + b"Content-Length: 4\r\nContent-Length: 30\r\n\r\n" + smuggled
    assert exchange(proxy, twice).startswith(b"HTTP/1.1 400")
    odd = HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + smuggled
    assert exchange(proxy, odd).split(b" ")[1] in (b"400", b"501")
    assert upstream.got == []


def test_a_request_goes_to_another_instance_only_where_it_never_reached_the_first(
    tmp_path: Path, upstream: Upstream
) -> None:
    request = HEAD + b"Content-Length: 2\r\n\r\n{}"
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port_of_none = gone.getsockname()[1]
    (tmp_path / "one").mkdir()
    with documented_nginx(tmp_path / "one", port_of_none, upstream.port) as port:
        # Two in a row, so that the instance that is down has its turn.
        assert [exchange(port, request)[:12] for _ in range(2)] == [b"HTTP/1.1 200"] * 2
    assert len(upstream.got) == 2

    mute = Upstream(mute=True)
    (tmp_path / "two").mkdir()
    with documented_nginx(tmp_path / "two", mute.port, mute.port) as port:
        assert exchange(port, request).startswith(b"HTTP/1.1 502")
    mute.close()
    assert len(mute.got) == 1
