"""What ``check_package.py`` asks of an installed wheel; run by the interpreter it is installed for."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distribution
from pathlib import Path

from flask import Flask

import flask_mcp_auth0
from flask_mcp_auth0 import Auth0MCP

#: What only an extra, or a test runner, brings.
OPTIONAL = {"flask_mcp_auth0.testing.plugin": "pytest"}
CALL = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hello"}}'
BIN = Path(sys.prefix, "bin")


def create_app() -> Flask:
    """Make an app with a tool for everybody."""
    app = Flask("probe")
    app.config.update(
        AUTH0_DOMAIN="https://tenant.example.com",
        MCP_BASE_URL="http://127.0.0.1:8000",
        MCP_ANONYMOUS=True,
        AUTH0_PROTECT="decorated",
        SECRET_KEY="only for this probe, and long enough",  # noqa: S106
    )
    mcp = Auth0MCP(app)

    @mcp.tool(anonymous=True)
    def hello() -> str:
        return "hello from the wheel"

    return app


def check(holds: bool, what: str) -> None:
    """End with what does not hold."""
    if not holds:
        raise SystemExit(f"the installed package: {what}")


def import_everything() -> int:
    """Import every module, and return how many there are."""
    check(Path(flask_mcp_auth0.__file__).is_relative_to(sys.prefix), f"is {flask_mcp_auth0.__file__}")
    names = [each.name for each in pkgutil.walk_packages(flask_mcp_auth0.__path__, "flask_mcp_auth0.")]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            check(error.name == OPTIONAL.get(name, ""), f"{name} needs {error.name}, which nothing brings")
    return len(names)


def check_metadata(installed: Distribution) -> None:
    """Compare what the package says of itself with what it is."""
    about = installed.metadata
    classifiers = about.get_all("Classifier") or []
    files = {str(file) for file in installed.files or ()}
    check(installed.version == flask_mcp_auth0.__version__, f"says that it is {installed.version}")
    check(about["Requires-Python"] == ">=3.11", f"requires Python {about['Requires-Python']}")
    check(about["License-Expression"] == "MIT", "has another licence")
    check(about["Description-Content-Type"] == "text/markdown", "has no description")
    here = f"Programming Language :: Python :: {sys.version_info[0]}.{sys.version_info[1]}"
    check(here in classifiers, f"does not name Python {sys.version}")
    check(("Typing :: Typed" in classifiers) and ("flask_mcp_auth0/py.typed" in files), "is not typed")
    points = {(point.group, point.name): point for point in installed.entry_points}
    check(
        set(points) == {("flask.commands", "mcp"), ("pytest11", "flask_mcp_auth0")},
        f"has the entry points {sorted(points)}",
    )
    check(points["flask.commands", "mcp"].load().name == "mcp", "has another command")


def check_command() -> None:
    """Run the command as a user does."""
    app = f"{Path(__file__).resolve()}:create_app"
    command = [str(BIN / "flask"), "--app", app, "mcp", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    check(done.returncode == 0 and "doctor" in done.stdout, f"flask mcp --help: {done.stdout}{done.stderr}")


@contextmanager
def served() -> Iterator[str]:
    """Serve the app by gunicorn on a port that the system chooses; yield its URL."""
    command = [str(BIN / "gunicorn"), "--bind", "127.0.0.1:0", "--pythonpath", str(Path(__file__).parent)]
    server = subprocess.Popen(  # noqa: S603
        [*command, "package_probe:create_app()"], stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    said: list[str] = []
    try:
        for line in server.stderr:
            said.append(line)
            if listening := re.search(r"Listening at: (http://\S+)", line):
                yield listening[1]
                return
        check(False, f"gunicorn does not serve: {''.join(said)}")
    finally:
        server.terminate()
        server.communicate(timeout=60)


def ask(url: str) -> tuple[int, str, str]:
    """Call the tool; return the status, the challenge and the body."""
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = urllib.request.Request(url, CALL, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers.get("WWW-Authenticate", ""), refused.read().decode()


def main() -> None:
    """Do everything, and say so."""
    modules = import_everything()
    installed = distribution("flask-mcp-auth0")
    check_metadata(installed)
    check_command()
    with served() as url:
        status, _, body = ask(f"{url}/mcp")
        check(status == 200 and "hello from the wheel" in body, f"answered {status}: {body}")
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"flask-mcp-auth0 {installed.version} on Python {version}: {modules} modules, one call served")


if __name__ == "__main__":
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    main()
