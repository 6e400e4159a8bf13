"""The servers of the demo: started, waited for, stopped; their output in files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import requests

#: How long a server may take to answer for the first time, and to stop, in seconds.
START, STOP = 60.0, 10.0


class ServerFailed(Exception):
    """A server could not be started, or has ended by itself.

    :param log: the end of what it printed.
    """

    def __init__(self, message: str, log: str = "") -> None:
        self.log = log
        super().__init__(message)


class PortTaken(Exception):
    """Somebody else listens on the port."""


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Return a listening socket; port 0 takes any free one.

    A server that is handed the socket cannot lose the port to somebody else while it starts.

    :raises PortTaken: if the port is in use.
    """
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise PortTaken(f"port {port} cannot be used: {error.strerror}") from error
    return sock


def free_port(port: int) -> int:
    """Return ``port`` after making sure that it is free, or any free one for 0.

    :raises PortTaken: if the port is in use.
    """
    with listen(port) as sock:
        return int(sock.getsockname()[1])


class Server:
    """A child process that serves HTTP. Use it as a context manager.

    :param name: what people call it; the log file is called that too.
    :param command: after the Python interpreter: ``["-m", "gunicorn", …]``.
    :param ready_url: answers with anything below 500 once it serves.
    :param environment: set for the child; every other ``FLASK_…`` variable is taken away from it.
    :param logs: the folder of the log file.
    :param sock: a listening socket that the child inherits.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready_url: str,
        environment: Mapping[str, str],
        logs: Path,
        sock: socket.socket | None = None,
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = [sys.executable, *command]
        self._ready_url = ready_url
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("FLASK_")}
        self._environment = inherited | {"FLASK_SKIP_DOTENV": "1"} | dict(environment)
        self._sock = sock
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[self._sock.fileno()] if self._sock else [],
                # Ctrl-C goes to the demo alone, which then stops its servers one by one.
                start_new_session=True,
            )
        if self._sock:
            self._sock.close()
        try:
            if not wait_until_ready(self._ready_url, self.check):
                raise ServerFailed(f"{self.name} did not answer within {START:.0f} s", self.tail())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; for gunicorn, its master's."""
        assert self._process is not None
        return self._process.pid

    def check(self) -> None:
        """:raises ServerFailed: if the process has ended."""
        if self._process is not None and self._process.poll() is not None:
            message = f"{self.name} ended with exit code {self._process.returncode}"
            raise ServerFailed(message, self.tail())

    def stop(self) -> None:
        """Ask it to end; after a while, make it."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.terminate()
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def tail(self, lines: int = 30) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def wait_until_ready(url: str, check: Callable[[], None]) -> bool:
    """Ask until ``url`` answers with anything below 500; return whether it ever did.

    :param check: called before each try; whatever it raises ends the waiting.
    """
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        check()
        try:
            if requests.get(url, timeout=5, allow_redirects=False).status_code < 500:
                return True
        except requests.RequestException:
            time.sleep(0.1)
    return False


def gunicorn(
    app: str, sock: socket.socket, *, workers: int = 1, threads: int = 4, worker_class: str = "gthread"
) -> list[str]:
    """Return the command that serves ``app`` on a listening socket."""
    return [
        *("-m", "gunicorn", app, "--config", "python:example_app.demo.gunicorn_conf"),
        *("--bind", f"fd://{sock.fileno()}", "--worker-class", worker_class),
        *("--workers", str(workers), "--threads", str(threads)),
    ]
