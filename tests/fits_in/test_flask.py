"""Flask itself: abort and error handlers, hooks, factories, the command line, the reloader, python-dotenv."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import textwrap
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from ..extension.conftest import Site
from ..issuer import Issuer


@pytest.mark.parametrize(
    ("code", "description", "text"),
    [
        (404, "No such order", "Not Found: No such order"),
        (404, None, "Not Found"),
        (409, "It is shipped already", "Conflict: It is shipped already"),
        (503, "db at 10.0.0.7 is down", "The tool failed; the server's log says why."),
    ],
)
def test_abort_in_a_tool_tells_the_caller_what_a_client_error_says(
    site: Site, code: int, description: str | None, text: str
) -> None:
    @site.mcp.tool
    def find() -> str:
        abort(code, description)

    result = site.start().call("find")
    assert (result["isError"], result["content"][0]["text"]) == (True, text)


def test_error_handlers_of_the_app_do_not_get_between_the_server_and_its_clients(site: Site) -> None:
    @site.app.errorhandler(Exception)
    def everything(error: Exception) -> tuple[str, int]:
        return "<h1>Oops</h1>", 418

    @site.app.errorhandler(404)
    def missing(error: HTTPException) -> tuple[str, int]:
        return "<h1>Lost</h1>", 404

    @site.mcp.tool
    def broken() -> str:
        raise RuntimeError("x")

    site.start()
    assert site.text("broken") == "The tool failed; the server's log says why."
    assert site.post("tools/list", path="/mcp/nowhere").get_json()["error"] == "not_found"
    assert site.post("tools/list", token="").get_json()["error"] == "unauthorized"
    assert site.app.test_client().get("/page").text == "<h1>Lost</h1>"


def test_hooks_of_the_app_run_around_a_call_and_cannot_run_before_the_guard(site: Site) -> None:
    ran: list[str] = []

    @site.app.before_request
    def before() -> None:
        ran.append("before")

    @site.app.after_request
    def after(response: Response) -> Response:
        response.headers["X-App"] = "yes"
        return response

    @site.app.teardown_request
    def teardown(error: BaseException | None) -> None:
        ran.append("teardown")

    @site.mcp.tool
    def tool() -> str:
        ran.append("tool")
        return ""

    site.start()
    response = site.post("tools/call", {"name": "tool"})
    assert (ran, response.headers["X-App"]) == (["before", "tool", "teardown"], "yes")
    ran.clear()
    assert site.post("tools/list", token="").status_code == 401
    assert ran == ["teardown"]


def test_a_hook_that_sends_visitors_to_a_login_can_leave_the_endpoint_alone(site: Site) -> None:
    @site.app.before_request
    def log_in_first() -> Any:
        ours = ("mcp_auth0", "mcp_auth0_metadata")
        return None if request.blueprint in ours else redirect("/login")

    @site.mcp.tool
    def tool() -> str:
        return "ran"

    assert site.start().text("tool") == "ran"
    client = site.app.test_client()
    assert client.get("/page").location == "/login"
    assert client.get("/.well-known/oauth-protected-resource/mcp").status_code == 200


def test_what_a_proxy_says_of_itself_changes_no_address_of_ours(site: Site) -> None:
    site.app.wsgi_app = ProxyFix(site.app.wsgi_app, x_host=1, x_proto=1, x_prefix=1)  # type: ignore[method-assign]
    forwarded = {
        "X-Forwarded-Host": "evil.example.net",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/x",
    }
    response = site.start().post("tools/list", token="", headers=forwarded)
    assert response.status_code == 401
    assert "http://localhost:8000/.well-known/" in response.headers["WWW-Authenticate"]
    assert "evil" not in str(response.headers) + response.text


PROGRAM = """
    from flask import Flask
    from flask_mcp_auth0 import Auth0MCP

    mcp = Auth0MCP()


    @mcp.tool(anonymous=True)
    def version() -> str:
        return "one"


    def create_app():
        app = Flask(__name__)
        app.config.from_prefixed_env()
        mcp.init_app(app)
        return app
"""


@pytest.fixture
def project(tmp_path: Path, issuer: Issuer) -> Path:
    """A project with a factory and a ``.env`` file that holds all of its settings."""
    (tmp_path / "site_app.py").write_text(textwrap.dedent(PROGRAM), "utf-8")
    settings = {
        "FLASK_APP": "site_app:create_app",
        "FLASK_AUTH0_DOMAIN": issuer.url,
        "FLASK_MCP_BASE_URL": "http://127.0.0.1:5000",
        "FLASK_MCP_ANONYMOUS": "true",
        "FLASK_AUTH0_PROTECT": "decorated",
        "FLASK_AUTH0_PERMISSIONS_TTL": "7",
        "FLASK_SECRET_KEY": "for the tests, long enough",
    }
    lines = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    return tmp_path


def environment() -> dict[str, str]:
    """The environment of a developer's shell, where ``.env`` files are read."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FLASK_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def test_settings_come_from_a_dotenv_file(project: Path) -> None:
    code = (
        "from flask import current_app\n"
        "print(current_app.extensions['mcp_auth0'].settings.permissions_ttl)\n"
        "print([rule.rule for rule in current_app.url_map.iter_rules() if rule.endpoint == 'mcp_auth0.endpoint'])"
    )
    done = subprocess.run(
        [sys.executable, "-m", "flask", "shell"],
        input=code,
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "7" in done.stdout, done.stderr
    assert "['/mcp']" in done.stdout


class Reloader:
    """``flask run --debug`` as a developer runs it, and its output line by line."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "run", "--debug", "--port", "0"],
            cwd=project,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.output: list[str] = []

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the output."""
        while True:
            try:
                line = self._lines.get(timeout=90)
            except queue.Empty:
                raise AssertionError("".join(self.output)) from None
            self.output.append(line)
            if found := re.search(pattern, line):
                return found

    def stop(self) -> None:
        os.killpg(self.process.pid, 15)
        self.process.wait(10)
        self._thread.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)


@pytest.fixture
def reloader(project: Path) -> Iterator[Reloader]:
    running = Reloader(project)
    yield running
    running.stop()


def ask(url: str) -> str:
    """Call the tool of the project."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "version"}}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/mcp", json.dumps(call).encode(), headers), timeout=60
    ) as answer:
        assert "tool;dur=" in answer.headers["Server-Timing"]
        text: str = json.load(answer)["result"]["content"][0]["text"]
        return text


def test_the_reloader_serves_the_tools_as_they_are_now(project: Path, reloader: Reloader) -> None:
    url = reloader.until(r"Running on (http://\S+)").group(1)
    reloader.until("Debugger is active")
    assert ask(url) == "one"
    changed = project / "site_app.py"
    changed.write_text(changed.read_text("utf-8").replace('"one"', '"two!"'), "utf-8")
    reloader.until("Detected change")
    reloader.until("Debugger is active")
    assert ask(url) == "two!"


def test_a_factory_may_be_called_many_times(issuer: Issuer) -> None:
    sites = [Site(issuer, MCP_SERVER_NAME=f"app {number}") for number in range(3)]
    for site in sites[1:]:
        site.mcp = sites[0].mcp

    @sites[0].mcp.tool
    def shared() -> str:
        from flask import current_app

        return str(current_app.config["MCP_SERVER_NAME"])

    assert [site.start().text("shared") for site in sites] == ["app 0", "app 1", "app 2"]
    assert len({id(site.app) for site in sites if isinstance(site.app, Flask)}) == 3
