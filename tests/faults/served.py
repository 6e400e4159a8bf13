"""A real gunicorn whose workers are killed, stopped and reloaded, and what its callers do meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ..issuer import Issuer
from ..wire.raw import Wire
from ..wire.serving import Server

#: The class of the workers; ``make test-faults`` runs every one.
WORKER_CLASS = os.environ.get("GUNICORN_WORKER_CLASS", "gthread")
ONE_AT_A_TIME = WORKER_CLASS == "sync"

#: Seconds in which what a test waits for must have come about.
PATIENCE = 60.0

APP = "tests.faults.worker_app:create_impatient_app()"


@dataclass(frozen=True)
class Workers:
    """A running server of :mod:`tests.faults.worker_app`.

    :param folder: where its tools say that they run.
    """

    server: Server
    issuer: Issuer
    folder: Path

    def token(self) -> str:
        """Return a token of Ada's."""
        return self.issuer.token(self.server.url)

    def wire(self) -> Wire:
        """Return a client of Ada's."""
        return Wire(self.server.url, self.token())

    def who(self) -> int:
        """Call a tool over a new connection, and return which process answered."""
        with self.wire() as wire:
            result = wire.call("who")["result"]
            assert result["structuredContent"]["sub"] == "auth0|ada"
            pid: int = result["structuredContent"]["pid"]
            return pid

    def pid_of(self, name: str) -> int:
        """Wait until a tool says that it runs, and return the process that runs it."""
        until((self.folder / name).exists, f"{name} began")
        return int((self.folder / name).read_text())

    def release(self, name: str) -> None:
        """Let a tool go on."""
        (self.folder / f"{name}.go").touch()

    def kill(self, pid: int) -> None:
        """Kill a worker as the kernel does that runs out of memory, and wait until another one serves."""
        os.kill(pid, signal.SIGKILL)
        self.server.await_workers(1)

    def other_than(self, pid: int) -> int:
        """Return a process that answers now, and is another one."""
        found: list[int] = []

        def another() -> bool:
            found[:] = [self.who()]
            return found[0] != pid

        until(another, "another worker answers")
        return found[0]


class Background:
    """A request in a thread of its own; :attr:`seen` is how it ended."""

    def __init__(self, request: Callable[[], requests.Response]) -> None:
        self._request = request
        self._seen: requests.Response | Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._seen = self._request()
        except requests.RequestException as error:
            self._seen = error

    @property
    def seen(self) -> requests.Response | Exception:
        """Wait for the end, and return the response or what broke it."""
        self._thread.join(PATIENCE)
        assert self._seen is not None, "the request does not end"
        return self._seen


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition that only another process can bring about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE:.0f} s: {what}"
        threading.Event().wait(0.02)


@contextmanager
def holding(workers: Workers, name: str, **options: Any) -> Iterator[tuple[Background, int]]:
    """Have a call of ``hold`` running; give it, and the process that runs it."""
    with workers.wire() as wire:
        params = {"name": "hold", "arguments": {"name": name}}
        call = Background(lambda: wire.modern("tools/call", params, **options))
        try:
            yield call, workers.pid_of(name)
        finally:
            workers.release(name)


def broken(stream: Iterator[dict[str, Any]]) -> requests.RequestException:
    """Read the rest of an event stream, and return what broke it."""
    try:
        rest = list(stream)
    except requests.RequestException as error:
        return error
    raise AssertionError(f"the stream ended well: {rest}")
