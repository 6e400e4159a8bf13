"""The load of people who call at random: what it counts is what a server saw, and what it takes for wrong is."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .answering import Answering, serving

ROOT = Path(__file__).parents[2]
UNAVAILABLE = "Authorization is unavailable for now, so it cannot be checked"


class App(ThreadingHTTPServer):
    """Answers with the token, but that it cannot tell to one; closes the connection after each answer to another."""

    daemon_threads = True
    #: On a busy machine many connect at once, and who finds the queue full may wait for long.
    request_queue_size = 128

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.connections = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(Answering):
    server: App

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        called = json.loads(self.posted())
        assert called["params"]["name"] == "protected"
        token = self.token
        with self.server.lock:
            self.server.seen[token] += 1
        body = (UNAVAILABLE if token == "unlucky" else f"for {token}").encode()
        self.answer(200, body, close=token == "closing")


@pytest.fixture
def app() -> Iterator[App]:
    server = App()
    with serving(server):
        yield server


def callers(port: int, people: dict[str, str], folder: Path, warm_up: str = "0.2") -> dict[str, Any]:
    """Let them call 300 times a second for a second after the warm-up; return the result."""
    file = folder / "people"
    file.write_text("\n".join(f"{token}\t{wanted}" for token, wanted in people.items()) + "\n")
    command = [sys.executable, "-m", "benchmarks.random_callers", f"http://127.0.0.1:{port}/mcp", str(file)]
    command += ["300", warm_up, "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    steady, result = done.stdout.splitlines()
    assert steady == "STEADY"
    found: dict[str, Any] = json.loads(result.removeprefix("RESULT "))
    return found


def test_everybody_calls_at_random_and_right_answers_are_no_more_than_counted(
    app: App, tmp_path: Path
) -> None:
    found = callers(app.server_port, {token: f"for {token}" for token in "abcd"}, tmp_path)
    # Six standard deviations of what chance makes of 300, 360 and a quarter of that.
    assert abs(found["calls"] - 300) < 6 * 300**0.5
    assert abs(app.seen.total() - 360) < 6 * 360**0.5
    assert all(abs(app.seen[token] - 90) < 6 * 90**0.5 for token in "abcd")
    assert (found["wrong"], found["unavailable"], found["example"]) == (0, 0, "")
    assert app.connections < app.seen.total()


def test_calls_of_the_warm_up_are_not_counted(app: App, tmp_path: Path) -> None:
    found = callers(app.server_port, {"a": "for a"}, tmp_path, warm_up="1")
    assert abs(app.seen.total() - 600) < 6 * 600**0.5
    assert abs(found["calls"] - 300) < 6 * 300**0.5


def test_wrong_answers_and_those_that_nobody_could_be_asked_for_are_told_apart(
    app: App, tmp_path: Path
) -> None:
    people = {
        "right": "for right",
        "closing": "for closing",
        "other": "for somebody",
        "unlucky": "for unlucky",
    }
    found = callers(app.server_port, people, tmp_path)
    assert found["wrong"] == app.seen["other"] > 0
    assert found["unavailable"] == app.seen["unlucky"] > 0
    assert found["example"] in ("for other", UNAVAILABLE)


def test_a_server_that_is_not_there_is_wrong_at_each_call(tmp_path: Path, unused_port: int) -> None:
    found = callers(unused_port, {"a": "for a"}, tmp_path)
    assert found["wrong"] >= found["calls"] > 0
    assert "Connect" in found["example"]


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is bound, so that nobody takes it, and that nobody listens on."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
        server.server_bind()
        yield server.server_address[1]
