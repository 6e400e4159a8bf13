"""The documented nginx, run for real before an upstream that writes down what reaches it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_app.demo.processes import free_port

from .test_pages import ROOT

pytestmark = pytest.mark.wire


class Upstream:
    """Answers every connection once, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
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
    """The port of the documented configuration, without its certificate."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    port = free_port(0)
    server = (ROOT / "docs" / "samples" / "nginx.conf").read_text("utf-8")
    for line, other in (
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream.port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("http2 on;", ""),
        ("ssl_certificate     /etc/ssl/app.example.com.pem;", ""),
        ("ssl_certificate_key /etc/ssl/app.example.com.key;", ""),
    ):
        assert line in server
        server = server.replace(line, other)
    places = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{places}{server} }}\n"
    )
    process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(configuration)], stderr=subprocess.PIPE)
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                continue
        assert process.poll() is None, process.communicate()[1]
        yield port
    finally:
        process.terminate()
        process.communicate()


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
