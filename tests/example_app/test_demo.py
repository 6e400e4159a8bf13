"""``make demo``, as a newcomer runs it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_app.demo.processes import Server, ServerFailed

DEMO = [sys.executable, "-m", "example_app.demo", "--tenant-port", "0"]
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.wire


def demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*DEMO, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture
def serving() -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The demo after its transcript, and what it has printed so far."""
    process = demo("--port", "0")
    printed: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                break
        yield process, printed
    finally:
        process.kill()
        process.wait()


def test_the_demo_tells_its_story_serves_and_stops_at_ctrl_c(
    serving: tuple[subprocess.Popen[str], list[str]],
) -> None:
    process, printed = serving
    text = "".join(printed)
    steps = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
    assert steps == [str(number) for number in range(1, 12)]
    assert text.count("You don't have permission to use the 'refund_order' tool.") == 1
    assert "\033[" not in text, "colours without a terminal"
    assert "eyJ" not in text, "a token was printed"

    url = re.search(r"claude mcp add --transport http shop (http://\S+)", text)
    assert url is not None
    host, port = url[1].split("/")[2].split(":")
    socket.create_connection((host, int(port)), timeout=10).close()

    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert rest == "\nStopped.\n"
    assert process.returncode == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=10)


def test_a_port_in_use_is_named_with_the_way_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = demo("--port", str(port), "--once")
        text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert text.strip() == (
        f"port {port} cannot be used: Address already in use. "
        "Choose others: make demo PORT=8010 TENANT_PORT=8410"
    )


def test_a_server_that_cannot_start_shows_what_it_said(tmp_path: Path) -> None:
    server = Server(
        "app",
        ["-c", "raise SystemExit('no such thing')"],
        ready_url="http://127.0.0.1:9/",
        environment={},
        logs=tmp_path,
    )
    with pytest.raises(ServerFailed, match="app ended with exit code 1") as caught, server:
        pass
    assert caught.value.log == "no such thing"


def test_a_server_gets_none_of_the_developers_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_AUTH0_REQUIRE", "both")
    script = "import os; print(sorted(v for v in os.environ if v.startswith('FLASK_'))); raise SystemExit(3)"
    server = Server(
        "app",
        ["-c", script],
        ready_url="http://127.0.0.1:9/",
        environment={"FLASK_SECRET_KEY": "x"},
        logs=tmp_path,
    )
    with pytest.raises(ServerFailed) as caught, server:
        pass
    assert caught.value.log == "['FLASK_SECRET_KEY', 'FLASK_SKIP_DOTENV']"
