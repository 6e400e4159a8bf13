"""Two gunicorns behind the documented nginx, in turn and without sticky sessions."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flask_mcp_auth0.testing.tenant import Auth0Tenant

from ..wire.raw import Wire, answer, events
from ..wire.serving import gunicorn, report_logs
from .proxy import documented_nginx

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("nginx-instances")]
pytest_runtest_makereport = report_logs


@dataclass(frozen=True)
class Balanced:
    """One of Ada's clients at nginx, and the pipe that a tool reads from."""

    wire: Wire
    pipe: Path


@pytest.fixture
def balanced(tmp_path: Path, auth0_tenant: Auth0Tenant) -> Iterator[Balanced]:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    environment = {**auth0_tenant.environment, "TEST_PIPE": str(pipe)}
    with ExitStack() as stack:
        instances = [
            stack.enter_context(
                gunicorn(
                    "tests.docs.balanced_app:create_app()",
                    environment,
                    log=tmp_path / f"{number}.log",
                    workers=1,
                    threads=4,
                )
            )
            for number in range(2)
        ]
        ports = [int(urlsplit(one.origin).port or 0) for one in instances]
        port = stack.enter_context(documented_nginx(tmp_path, *ports))
        wire = stack.enter_context(Wire(f"http://127.0.0.1:{port}/mcp", auth0_tenant.token("ada")))
        yield Balanced(wire, pipe)


def test_a_session_goes_on_at_whichever_instance_has_its_turn(balanced: Balanced) -> None:
    _, session = balanced.wire.initialize("2025-11-25")
    assert session.session_id
    answered = [session.request("tools/call", {"name": "who"}) for _ in range(6)]
    assert {answer(one)["result"]["content"][0]["text"] for one in answered} == {"auth0|ada"}
    served = [one.headers["X-Served-By"] for one in answered]
    assert len(set(served)) == 2
    assert all(one != following for one, following in itertools.pairwise(served))


def test_an_event_passes_the_proxy_while_its_call_still_runs(balanced: Balanced) -> None:
    response = balanced.wire.modern("tools/call", {"name": "wait_for_word"}, progress_token="t", stream=True)
    coming = events(response)
    assert next(coming)["params"]["message"] == "waiting"
    # Only now is the tool given what it waits for.
    balanced.pipe.write_text("the word")
    assert next(coming)["result"]["content"][0]["text"] == "the word"
