"""The tutorial's shell lines, typed in one after the other, and what they print."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from example_app.demo.processes import free_port, wait_until_ready

from .test_pages import ROOT

pytestmark = pytest.mark.wire

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
SHELL: list[str] = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OUTPUT: list[str] = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """Somebody at a terminal, whose tenant and app have other ports than those of the text."""

    folder: Path
    ports: dict[str, str]
    path: str

    def start(self, lines: str) -> subprocess.Popen[bytes]:
        """Type lines in that go on running."""
        with (self.folder / "output.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-e", "-c", self.adapted(lines)],
                cwd=self.folder,
                env=os.environ | {"PATH": self.path, "HOME": str(self.folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, lines: str) -> str:
        """Type lines in; return what they print, as the text would have it."""
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", self.adapted(lines)],
            cwd=self.folder,
            env=os.environ | {"PATH": self.path, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        printed = done.stdout
        for port, other in self.ports.items():
            printed = printed.replace(other, port)
        return printed

    def adapted(self, lines: str) -> str:
        for port, other in self.ports.items():
            lines = lines.replace(port, other)
        audience = f"http://127.0.0.1:{self.ports['8000']}/mcp"
        lines = lines.replace("flask mcp tenant", f"flask mcp tenant --audience {audience}")
        issuer = f"http://127.0.0.1:{self.ports['8400']}/"
        return lines.replace("flask mcp token", f"flask mcp token --issuer {issuer}")


def block(words: str) -> str:
    """Return the shell lines that hold some words."""
    return next(lines for lines in SHELL if words in lines)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copy(ROOT / "docs" / "samples" / "quickstart.py", folder / "app.py")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    somebody = Reader(folder, {"8000": str(free_port(0)), "8400": str(free_port(0))}, path)
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    running = [somebody.start(block("flask mcp tenant")), somebody.start(block("gunicorn --bind"))]

    def alive() -> None:
        log = (folder / "output.log").read_text("utf-8", "replace")
        assert all(process.poll() is None for process in running), log

    try:
        for port, page in (("8400", ".well-known/openid-configuration"), ("8000", "mcp/health")):
            assert wait_until_ready(f"http://127.0.0.1:{somebody.ports[port]}/{page}", alive)
        yield somebody
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def test_a_client_is_turned_away_with_the_header_on_the_page(reader: Reader) -> None:
    answer = reader.run(block("curl -i"))
    assert answer.startswith("HTTP/1.1 401")
    assert OUTPUT[0].strip() in answer


def test_alice_reads_the_report_and_bob_is_told_what_the_page_says(reader: Reader) -> None:
    call = block("TOKEN=")
    assert reader.run(call).strip() == OUTPUT[1].strip()
    assert OUTPUT[2].strip() in reader.run(call.replace("alice", "bob"))
