"""A real gunicorn for a test: on a port of its own, awaited without sleeping, stopped gracefully."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Seconds in which all workers must have loaded the application; generous, for a busy machine.
START = 60.0

#: Seconds that gunicorn gives running requests, and that a test then gives gunicorn.
GRACE = 3
STOP = 30.0

_running: list[Server] = []


@dataclass(eq=False)
class Server:
    """A running gunicorn.

    :param url: the MCP endpoint.
    :param origin: the same without the path.
    :param log: what gunicorn and its workers write.
    """

    origin: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    reading: int = field(repr=False)
    ending: bool = field(default=False, repr=False)

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    def await_workers(self, count: int) -> None:
        """Wait until ``count`` more workers have loaded the application."""
        deadline = time.monotonic() + START
        ready = 0
        while ready < count:
            readable, _, _ = select.select([self.reading], [], [], max(0.0, deadline - time.monotonic()))
            written = os.read(self.reading, count - ready) if readable else b""
            if not written:
                what = "ended" if readable else "was not ready in time"
                raise RuntimeError(f"gunicorn {what}:\n{self.tail()}")
            ready += len(written)

    def resident(self) -> int:
        """Return the resident memory of all workers, in bytes; 0 where there is no ``/proc`` to read it from."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        if not children.exists():
            return 0
        pages = [
            Path(f"/proc/{child}/statm").read_text().split()[1] for child in children.read_text().split()
        ]
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """Ask gunicorn to end gracefully. Several servers are asked at once, and awaited one by one."""
        if not self.ending:
            self.ending = True
            self.process.send_signal(signal.SIGTERM)

    def tail(self, characters: int = 20_000) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace")[-characters:]


@contextmanager
def gunicorn(
    app: str,
    environ: Mapping[str, str],
    *,
    log: Path,
    worker_class: str = "gthread",
    workers: int = 2,
    threads: int = 16,
    timeout: int = 60,
    keep_alive: int = 2,
    options: Sequence[str] = (),
    own_socket: bool = False,
) -> Iterator[Server]:
    """Run ``app`` under gunicorn and stop it afterwards.

    :param app: ``module:factory()`` as gunicorn takes it.
    :param environ: more environment variables; ``{origin}`` in a value becomes the server's origin.
    :param options: more of gunicorn's own, and others for those that are set here.
    :param own_socket: gunicorn opens its socket itself. One that it was given it cannot hand on (SIGUSR2).
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        origin = f"http://localhost:{port}"
        reading, writing = os.pipe()
        # With ``python -m gunicorn`` SIGUSR2 would fail: gunicorn's own ``http`` hides the standard library's.
        command = [str(Path(sys.executable).with_name("gunicorn"))]
        command += ["--config", str(ROOT / "tests/wire/gunicorn_conf.py")]
        passed = (writing,) if own_socket else (listener.fileno(), writing)
        command += ["--bind", f"127.0.0.1:{port}" if own_socket else f"fd://{listener.fileno()}"]
        command += ["--worker-class", worker_class]
        if own_socket:
            listener.close()
        command += ["--workers", str(workers), "--timeout", str(timeout)]
        command += ["--keep-alive", str(keep_alive)]
        if worker_class == "gthread":
            # With threads, gunicorn would take gthread for sync.
            command += ["--threads", str(threads)]
        command += ["--graceful-timeout", str(GRACE), *options, app]
        variables = {name: value.replace("{origin}", origin) for name, value in environ.items()}
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | variables | {"TEST_READY_FD": str(writing), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=passed,
            )
        os.close(writing)
        server = Server(origin, log, process, reading)
        try:
            server.await_workers(workers)
            _running.append(server)
            yield server
        finally:
            os.close(reading)
            if server in _running:
                _running.remove(server)
            _stop(server)


@pytest.hookimpl(wrapper=True)
def report_logs(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """As ``pytest_runtest_makereport``: show the logs of the running servers beside a failure."""
    report = yield
    if report.failed:
        report.sections += [(f"gunicorn at {server.origin}", server.tail()) for server in _running]
    return report


def _stop(server: Server) -> None:
    server.terminate()
    try:
        status = server.process.wait(STOP)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise RuntimeError(f"gunicorn did not stop:\n{server.tail()}") from None
    if status:
        raise RuntimeError(f"gunicorn ended with status {status}:\n{server.tail()}")
