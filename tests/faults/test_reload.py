"""Reloads, upgrades and restarts of gunicorn while clients keep calling."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from ..wire.raw import answer
from ..wire.serving import STOP, report_logs
from .conftest import Start
from .load import Load
from .rows import fault, sees
from .served import Workers, holding, until

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("workers")]

pytest_runtest_makereport = report_logs

#: ``make test-faults`` reloads more often, and in every way.
RELOADS = int(os.environ.get("FAULTS_RELOADS", "1"))
LOADED = [[], ["--preload"]] if RELOADS > 1 else [[]]

#: Clients that never rest, that rest a little, and one that rests for longer than an old worker lingers.
CLIENTS = (0, 0, 0, 0.05, 0.2, 3.0)


def report(what: str, load: Load) -> None:
    """Print the figures of a run, for the page of faults."""
    print(f"\n{what}: {load.calls:,} calls, {len(load.failures)} failed, {load.resent} sent a second time")


@pytest.mark.parametrize("options", LOADED, ids=["loaded-by-workers", "preloaded"][: len(LOADED)])
@fault(
    "gunicorn is reloaded (SIGHUP) while clients call",
    sees="200, the answer",
    recovers="No call fails. The old workers answer what they have begun and close kept connections (gthread, gevent) "
    "with the next answer on them; without `--preload` calls wait for as long as the new workers load the app.",
)
def test_a_reload_fails_no_call(start: Start, options: list[str]) -> None:
    with start(options=["--keep-alive", "65", *options]) as workers, Load(workers, *CLIENTS) as load:
        load.go_on(100)
        for _ in range(RELOADS):
            old = set(load.answered)
            workers.server.process.send_signal(signal.SIGHUP)
            workers.server.await_workers(2)
            load.reaches(old, 1)
            load.go_on(100)
        with workers.wire() as wire:
            sees(test_a_reload_fails_no_call, wire.modern("tools/call", {"name": "who", "arguments": {}}))
    report(f"{RELOADS} reloads {options}", load)
    assert load.failures == []


@fault(
    "gunicorn is reloaded; a call is running",
    sees="200, the answer",
    recovers="It has `graceful_timeout` (30 s) to come to its end.",
)
def test_a_running_call_is_answered_by_the_old_worker(workers: Workers) -> None:
    with holding(workers, "over-a-reload") as (call, old):
        workers.server.process.send_signal(signal.SIGHUP)
        workers.server.await_workers(2)
        assert workers.who() != old
        workers.release("over-a-reload")
        sees(test_a_running_call_is_answered_by_the_old_worker, call.seen)


@fault(
    "gunicorn's program is replaced (SIGUSR2, then SIGTERM to the old master) while clients call",
    sees="200, the answer",
    recovers="No call fails and none waits: the new workers serve before the old ones are told to end. Start it as "
    "`gunicorn`, since with `python -m gunicorn` SIGUSR2 fails.",
)
def test_a_new_master_takes_over_without_a_failed_call(start: Start, tmp_path: Path) -> None:
    pidfile = tmp_path / "gunicorn.pid"
    successor = tmp_path / "gunicorn.pid.2"
    master = 0
    try:
        with (
            start(
                options=["--keep-alive", "65", "--preload", "--pid", str(pidfile)], own_socket=True
            ) as workers,
            Load(workers, *CLIENTS) as load,
        ):
            load.go_on(100)
            old = set(load.answered)
            workers.server.process.send_signal(signal.SIGUSR2)
            workers.server.await_workers(2)
            master = int(successor.read_text())
            workers.server.terminate()
            workers.server.process.wait(STOP)
            load.reaches(old, 1)
            load.go_on(100)
            until(
                lambda: pidfile.exists() and int(pidfile.read_text()) == master,
                "the new master is the master",
            )
            with workers.wire() as wire:
                response = wire.modern("tools/call", {"name": "who", "arguments": {}})
            sees(test_a_new_master_takes_over_without_a_failed_call, response)
            assert answer(response)["result"]["structuredContent"]["pid"] not in old
    finally:
        if master:
            _end(master)
    report("A new master", load)
    assert load.failures == []


@fault(
    "Workers end at their `max_requests` while clients call",
    sees="200, the answer",
    recovers="No call fails; gunicorn starts another worker for each.",
)
def test_workers_that_end_at_their_number_of_requests_fail_no_call(start: Start) -> None:
    options = ["--keep-alive", "65", "--preload", "--max-requests", "40", "--max-requests-jitter", "20"]
    with start(options=options) as workers, Load(workers, *CLIENTS) as load:
        load.reaches(set(), 3 + RELOADS)
        load.go_on(20)
        with workers.wire() as wire:
            response = wire.modern("tools/call", {"name": "who", "arguments": {}})
        sees(test_workers_that_end_at_their_number_of_requests_fail_no_call, response)
    report("max_requests", load)
    assert load.failures == []


def _end(master: int) -> None:
    """End a gunicorn that is no child of ours, and wait for it."""
    gone = os.pidfd_open(master)
    try:
        os.kill(master, signal.SIGTERM)
        assert select.select([gone], [], [], STOP)[0], "the new master does not end"
    finally:
        os.close(gone)
