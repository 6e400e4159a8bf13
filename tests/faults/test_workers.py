"""Workers that are killed in the middle of a call, of a stream, of a question."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack

import pytest

from ..wire.raw import answer, events
from ..wire.serving import report_logs
from .rows import fault, sees
from .served import ONE_AT_A_TIME, Workers, broken, holding

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("workers")]

pytest_runtest_makereport = report_logs

ABLE = {"clientCapabilities": {"elicitation": {}}}
YES = {"action": "accept", "content": {"ok": True}}


@fault(
    "A worker is killed (SIGKILL, out of memory) in the middle of a call",
    sees="the connection ends, without an answer",
    recovers="gunicorn starts another worker at once; it serves when the app is loaded. Calls at the other workers "
    "do not notice. What ran at the killed one is lost, and nobody can tell how far it came.",
)
def test_a_killed_worker_ends_its_own_calls_and_no_others(workers: Workers) -> None:
    with ExitStack() as stack:
        lost, killed = stack.enter_context(holding(workers, "lost"))
        for attempt in range(100):
            kept, other = stack.enter_context(holding(workers, f"kept-{attempt}"))
            if other != killed:
                break
            workers.release(f"kept-{attempt}")
        os.kill(killed, signal.SIGKILL)

        sees(test_a_killed_worker_ends_its_own_calls_and_no_others, lost.seen)
        workers.server.await_workers(1)
        assert workers.other_than(other) != killed
        workers.release(f"kept-{attempt}")
        response = kept.seen
        assert not isinstance(response, Exception)
        assert answer(response)["result"]["content"][0]["text"] == f"kept-{attempt} done"


@fault(
    "A worker is killed in the middle of a stream",
    sees="200, an event stream that ends without the answer",
    recovers="As above. The client calls again, which is another call: nothing is taken up where it broke off.",
)
def test_a_killed_worker_ends_its_streams(workers: Workers) -> None:
    params = {"name": "hold", "arguments": {"name": "streaming"}}
    with workers.wire() as wire:
        stream = events(wire.modern("tools/call", params, progress_token="t", stream=True))
        assert next(stream)["params"]["progress"] == 1
        workers.kill(workers.pid_of("streaming"))

        sees(test_a_killed_worker_ends_its_streams, broken(stream))
    assert workers.who()


@fault(
    "Every worker is killed; sessions and request states are older",
    sees="200, the answer",
    recovers="Nothing has to: both are sealed, and good at every worker with the same key. That a state was used is "
    "in the shared store.",
)
def test_sessions_and_states_outlive_the_workers_that_made_them(workers: Workers) -> None:
    test = test_sessions_and_states_outlive_the_workers_that_made_them
    call = {"name": "confirm", "arguments": {"name": "asked"}}
    with workers.wire() as wire:
        _, session = wire.initialize("2025-11-25")
        state = answer(wire.modern("tools/call", call, **ABLE))["result"]["requestState"]
        first = workers.who()
        second = workers.other_than(first)
        for pid in (first, second):
            workers.kill(pid)

        sees(test, session.request("tools/call", {"name": "who", "arguments": {}}))
        again = {**call, "requestState": state, "inputResponses": {"ok": YES}}
        response = wire.modern("tools/call", again, **ABLE)
        sees(test, response)
        assert answer(response)["result"]["content"][0]["text"] == "accept auth0|ada"
        assert workers.who() not in (first, second)
        assert answer(wire.modern("tools/call", again, **ABLE))["error"]["code"] == -32602


@pytest.mark.skipif(ONE_AT_A_TIME, reason="such a worker cannot wait for an answer")
@fault(
    "A worker is killed while its tool waits for its user's answer (client of a 2025 revision)",
    sees="200, an event stream that ends without the answer",
    recovers="The answer, sent afterwards, is taken (202) and dropped after 10 minutes. Calling again asks again.",
)
def test_a_question_ends_with_the_worker_that_asked_it(workers: Workers) -> None:
    call = {"name": "confirm", "arguments": {"name": "waiting"}}
    with workers.wire() as wire, workers.wire() as other:
        _, session = wire.initialize("2025-11-25", {"elicitation": {}})
        stream = events(session.request("tools/call", call, stream=True))
        question = next(stream)
        workers.kill(workers.pid_of("waiting"))
        sees(test_a_question_ends_with_the_worker_that_asked_it, broken(stream))

        late = {"jsonrpc": "2.0", "id": question["id"], "result": YES}
        assert session.at(other).post(late).status_code == 202
        stream = events(session.request("tools/call", call, stream=True))
        asked = {"jsonrpc": "2.0", "id": next(stream)["id"], "result": YES}
        assert session.at(other).post(asked).status_code == 202
        assert next(stream)["result"]["content"][0]["text"] == "accept auth0|ada"
