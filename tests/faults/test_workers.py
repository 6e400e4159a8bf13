"""Workers that are killed in the middle of something, and reloaded under load, on a real gunicorn."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ..issuer import Issuer
from ..wire.raw import Wire, answer, events
from ..wire.serving import Server, gunicorn, report_logs
from .rows import fault, seen

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("faults of workers")]
pytest_runtest_makereport = report_logs

#: Attempts that a test makes for something to happen, a moment apart.
ATTEMPTS = 600
CALLERS = 4


class Site:
    """A running server of two workers, and clients of it."""

    def __init__(self, server: Server, issuer: Issuer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.token = issuer.token(server.url)

    def wire(self) -> Wire:
        """Return a client."""
        return Wire(self.server.url, self.token)

    def who(self) -> int:
        """Return the process that answers a call on a connection of its own."""
        with self.wire() as wire:
            pid: int = wire.call("who")["result"]["structuredContent"]["pid"]
            return pid

    def all_there(self, gone: set[int]) -> None:
        """Wait until both workers serve, none of them one of those that are to be gone."""
        found: set[int] = set()

        def both() -> bool:
            found.add(self.who())
            return len(found - gone) >= 2

        wait_until(both)

    def told(self, name: str) -> int:
        """Return the process in which a tool runs that tells so."""
        file = self.folder / name
        wait_until(file.exists)
        return int(file.read_text())

    def ended(self, pid: int) -> None:
        """Wait until a process is no more."""
        wait_until(lambda: not Path(f"/proc/{pid}/task").exists())


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(ATTEMPTS):
        if true():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="module")
def site(issuer: Issuer, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("workers")
    environ = {
        "FLASK_AUTH0_DOMAIN": issuer.url,
        "FLASK_MCP_BASE_URL": "{origin}",
        "FLASK_SECRET_KEY": "only-for-this-test",
        "FLASK_MCP_STORE_URL": valkey_url,
        "FAULTS_FOLDER": str(folder),
    }
    app = "tests.faults.worker_app:create_app()"
    with gunicorn(app, environ, log=folder / "gunicorn.log", threads=8, keep_alive=60) as server:
        yield Site(server, issuer, folder)


@fault(
    "A worker is killed in the middle of a call that streams",
    sees="the stream ends without an answer",
    recovers="gunicorn starts another at once; other workers go on; the session stays valid, and the call can be made "
    "again.",
)
def test_a_worker_that_is_killed_takes_its_own_calls_with_it_and_nothing_else(site: Site) -> None:
    with site.wire() as wire, site.wire() as other:
        _, session = wire.initialize("2025-11-25")
        params = {"name": "hold", "arguments": {"name": "killed"}}
        response = wire.modern("tools/call", params, progress_token="p", stream=True)
        stream = events(response)
        assert next(stream)["method"] == "notifications/progress"
        pid = site.told("killed")

        os.kill(pid, signal.SIGKILL)

        messages: list[dict[str, Any]] = []
        with contextlib.suppress(requests.RequestException):
            messages.extend(stream)
        test = test_a_worker_that_is_killed_takes_its_own_calls_with_it_and_nothing_else
        seen(test, "the stream ends without an answer" if not messages else f"{messages}")
        site.ended(pid)
        assert site.who() != pid
        assert session.at(other).call("who")["result"]["structuredContent"]["pid"] != pid

    site.all_there({pid})


@fault(
    "A worker is killed while its tool waits for the user (2025 revisions)",
    sees="the stream ends without an answer",
    recovers="An answer that comes all the same is a 400, since nobody waits for it; the call can be made again.",
)
def test_a_question_of_a_killed_worker_ends_with_it(site: Site) -> None:
    with site.wire() as wire, site.wire() as other:
        _, session = wire.initialize("2025-11-25", {"elicitation": {}})
        params = {"name": "confirm", "arguments": {"name": "asking"}}
        stream = events(session.request("tools/call", params, stream=True))
        question = next(stream)
        assert question["method"] == "elicitation/create"
        os.kill(pid := site.told("asking"), signal.SIGKILL)
        left: list[dict[str, Any]] = []
        with contextlib.suppress(requests.RequestException):
            left.extend(stream)
        seen(
            test_a_question_of_a_killed_worker_ends_with_it,
            "the stream ends without an answer" if not left else "",
        )
        site.ended(pid)
        assert session.at(other).call("who")["result"]["isError"] is False
    site.all_there({pid})


@fault(
    "A worker is killed between a question and its answer (2026-07-28)",
    sees="200, the answer",
    recovers="Nothing has to: what the call needs travels in its sealed state, and any worker takes it.",
)
def test_a_request_state_outlives_the_worker_that_sealed_it(site: Site) -> None:
    with site.wire() as wire, site.wire() as other:
        params: dict[str, Any] = {"name": "confirm", "arguments": {"name": "sealed"}}
        capabilities = {"elicitation": {"form": {}}}
        first = answer(wire.modern("tools/call", params, clientCapabilities=capabilities))["result"]
        assert first["resultType"] == "input_required"
        os.kill(pid := site.told("sealed"), signal.SIGKILL)
        site.ended(pid)
        params |= {
            "requestState": first["requestState"],
            "inputResponses": {"ok": {"action": "accept", "content": {"ok": True}}},
        }
        response = other.modern("tools/call", params, clientCapabilities=capabilities)
        text = answer(response)["result"]["content"][0]["text"]
        said = f"{response.status_code}, the answer" if text.startswith("accept ") else text
        seen(test_a_request_state_outlives_the_worker_that_sealed_it, said)
    site.all_there({pid})


class Caller(threading.Thread):
    """Calls without a pause on one connection; a call that meets a closed connection is made again on a new one."""

    def __init__(self, site: Site, stop: threading.Event) -> None:
        super().__init__()
        self.site = site
        self.stop = stop
        self.counts: Counter[str] = Counter()
        self.last = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                with self.site.wire() as wire:
                    self.calls(wire)
        except BaseException as error:
            self.failure = error

    def calls(self, wire: Wire) -> None:
        """Call until the server closes the connection: only a connection that has carried an answer may be closed."""
        for number in range(10_000):
            if self.stop.is_set():
                return
            try:
                message = wire.call("who")
            except requests.ConnectionError:
                if number == 0:
                    raise
                self.counts["closed while idle"] += 1
                return
            self.last = message["result"]["structuredContent"]["pid"]
            self.counts["answered"] += 1


@fault(
    "The app is reloaded under load (SIGHUP)",
    sees="200, the answer",
    recovers="Calls that run are finished, new connections wait for the new workers. An idle connection may be closed "
    "just as its client sends; clients and proxies send again on a new one.",
)
def test_a_reload_under_load_fails_no_call(site: Site) -> None:
    stop = threading.Event()
    callers = [Caller(site, stop) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()

    def moved(before: set[int]) -> bool:
        """Tell whether everybody is served by a process that was not there before."""
        return any(caller.failure for caller in callers) or all(
            caller.last not in before for caller in callers
        )

    try:
        known = {0}
        for _ in range(3):
            wait_until(lambda known=known: moved(known))  # type: ignore[misc]
            known |= {caller.last for caller in callers} | {site.who() for _ in range(10)}
            site.server.process.send_signal(signal.SIGHUP)
            # gunicorn that is reloaded or ended while a worker still starts takes that for a failure.
            site.all_there(known)
        wait_until(lambda: moved(known))
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    failures = [caller.failure for caller in callers if caller.failure]
    assert not failures, failures
    counts = sum((caller.counts for caller in callers), Counter[str]())
    print(f"\n{counts['answered']:,} calls over three reloads: {dict(counts)}")
    seen(test_a_reload_under_load_fails_no_call, "200, the answer" if counts["answered"] else "nothing")
