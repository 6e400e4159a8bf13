"""Let Claude Code log in and call the tutorial's tool, and draw its terminal. Needs ``claude`` on the path.

The client, the tenant, the app and the login are real. The model is not: what it would say is scripted here,
since a picture should need no account. Nothing of Claude Code's own settings is read or changed.
"""

from __future__ import annotations

import json
import logging
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyte
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

sys.path.insert(0, str(Path(__file__).parent))

from terminal_pictures import BASE_URL, Run, draw, local_tenant, reports, runs

from example_app.demo.browser import Person, log_in

TOOL = "mcp__reports__monthly_report"
COLUMNS, ROWS = 100, 44
model = Flask("model")


@model.post("/v1/messages")
def say() -> Response:
    """Ask for the tool once, then repeat what it said (Anthropic's Messages API, streamed)."""
    last = request.get_json()["messages"][-1]["content"]
    results = [block for block in last if isinstance(block, dict) and block.get("type") == "tool_result"]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    if results:
        reason, block = "end_turn", {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "".join(part["text"] for part in results[0]["content"])}
    else:
        reason, block = "tool_use", {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps({"month": "2026-11"})}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage},
        {"type": "message_stop"},
    ]
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Response(text, mimetype="text/event-stream")


def connect(claude: str, folder: Path, environment: dict[str, str]) -> None:
    """Add the server, and log Alice in."""
    opened, opener = folder / "url", folder / "browser"
    opener.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    opener.chmod(0o700)
    add = [claude, "mcp", "add", "--transport", "http", "reports", f"{BASE_URL}/mcp"]
    subprocess.run(add, cwd=folder, env=environment, check=True)
    login = subprocess.Popen(
        ["script", "-qfec", f"{claude} mcp login reports", "/dev/null"],  # it wants a terminal
        cwd=folder,
        env=environment | {"BROWSER": str(opener)},
        stdin=subprocess.DEVNULL,
    )
    while not opened.exists():
        if login.poll() is not None:
            raise SystemExit("claude mcp login ended before it opened the browser.")
        time.sleep(0.1)
    url = opened.read_text("utf-8").strip()
    callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    answer = log_in(url, callback, Person("alice", "alice-password"), lambda *_: None)
    requests.get(f"{callback}?{urlencode(answer)}", timeout=10).raise_for_status()
    if login.wait(30) != 0:
        raise SystemExit("claude mcp login failed.")


class Terminal:
    """Claude Code on a screen."""

    def __init__(self, claude: str, folder: Path, environment: dict[str, str]) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self.child, self._terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execve(claude, [claude], environment)
        ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def type(self, text: str) -> None:
        """Type."""
        os.write(self._terminal, text.encode())

    def until(self, words: str) -> list[list[Run]]:
        """Wait for words to stand on the screen; return its lines from the question on."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.5)[0]:
                self._stream.feed(os.read(self._terminal, 65_536))
            elif any(words in line for line in self.screen.display):
                lines = runs(self.screen, ROWS)
                asked = (n for n, line in enumerate(lines) if any("November" in piece[1] for piece in line))
                return lines[next(asked, 0) :]
        raise SystemExit(f"never saw {words!r}:\n" + "\n".join(self.screen.display))


def main() -> None:
    """Draw Claude Code as it asks to call the tool, and as it has called it."""
    claude = shutil.which("claude")
    if claude is None:
        print("claude is not installed: docs/images/claude-code.svg stays as it is.")
        return
    server = make_server("127.0.0.1", 0, model, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with local_tenant() as tenant, reports(tenant), TemporaryDirectory() as home:
        folder = Path(home) / "reports"
        folder.mkdir()
        tenant.state.settings.client_id_metadata_document_supported = False
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "TERM": "xterm-256color",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}",
            "ANTHROPIC_API_KEY": "scripted",
        }
        connect(claude, folder, environment)
        file = Path(home) / ".claude.json"
        settings = json.loads(file.read_text("utf-8"))
        settings |= {"hasCompletedOnboarding": True, "theme": "dark"}
        settings["customApiKeyResponses"] = {"approved": ["scripted"], "rejected": []}
        for project in settings["projects"].values():
            project["hasTrustDialogAccepted"] = True
        file.write_text(json.dumps(settings), "utf-8")
        terminal = Terminal(claude, folder, environment)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        try:
            terminal.until("? for shortcuts")
            terminal.type("What was the revenue of November 2026?")
            terminal.until("November 2026?")
            terminal.type("\r")
            asks = terminal.until("Do you want to proceed?")
            terminal.type("\r")
            called = terminal.until("Called reports")
        finally:
            os.kill(terminal.child, signal.SIGTERM)
            os.waitpid(terminal.child, 0)
    server.shutdown()
    end = next(n for n, line in enumerate(called) if line and line[0][1].startswith("●"))
    draw(
        "claude-code",
        "Claude Code asks whether it may call monthly_report, and shows what the tool answered",
        [*asks, [], *called[2 : end + 1]],
    )


if __name__ == "__main__":
    main()
