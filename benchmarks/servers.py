"""Servers under measurement: started, awaited, and asked what they used."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).parents[1]

#: Processors, where there are several: one for the server, the others for whoever loads it.
SERVER_CPU = 0

#: Seconds in which a server must have answered its first call.
_START = 60.0


@dataclass(eq=False)
class Server:
    """A running server, with everything that it started.

    :param origin: its URL without a path.
    """

    name: str
    origin: str
    process: psutil.Process = field(repr=False)

    def workers(self) -> list[psutil.Process]:
        """Return the processes that serve: the children, or the process itself where it has none."""
        return self.process.children(recursive=True) or [self.process]

    def cpu_seconds(self) -> float:
        """Return user and system time of the serving processes so far."""
        return sum(times.user + times.system for times in (one.cpu_times() for one in self.workers()))

    def memory_mib(self) -> float:
        """Return what the serving processes have to themselves (unique set size), in MiB."""
        return sum(one.memory_full_info().uss for one in self.workers()) / 2**20


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def pin(process: psutil.Process, *, to_server_cpu: bool) -> None:
    """Keep a process to the server's processor, or off it, where there is more than one."""
    cpus = sorted(psutil.Process().cpu_affinity())
    if len(cpus) > 1:
        process.cpu_affinity([cpus[SERVER_CPU]] if to_server_cpu else cpus[SERVER_CPU + 1 :])


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    path: str = "/mcp",
) -> Iterator[Server]:
    """Run a server until the block ends.

    :param command: ``{port}`` in it becomes the port.
    :param headers: of a call that is made until it is answered.
    :param body: of that call.
    :raises RuntimeError: if the server ends, or does not answer in time.
    """
    port = free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    with tempfile.TemporaryFile("w+b") as log:
        started = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            process = psutil.Process(started.pid)
            pin(process, to_server_cpu=True)
            server = Server(name, f"http://127.0.0.1:{port}", process)
            try:
                _await(server, started, path, headers, body)
            except RuntimeError as error:
                log.seek(0)
                raise RuntimeError(f"{error}\n{log.read()[-3000:].decode(errors='replace')}") from None
            yield server
        finally:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _await(
    server: Server, started: subprocess.Popen[bytes], path: str, headers: Mapping[str, str], body: bytes
) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise RuntimeError(f"{server.name} ended with status {started.returncode}")
        try:
            answer = requests.post(server.origin + path, data=body, headers=dict(headers), timeout=5)
        except requests.RequestException:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            return
        raise RuntimeError(f"{server.name} answered {answer.status_code}: {answer.text[:500]}")
    raise RuntimeError(f"{server.name} did not answer in time")
