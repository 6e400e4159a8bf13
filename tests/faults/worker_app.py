"""An app whose workers can be killed, reloaded and left waiting: its tools say which process runs them."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from flask import Flask
from pydantic import BaseModel

from flask_mcp_auth0 import Auth0MCP, Call, get_auth_info
from flask_mcp_auth0.protocol import connection

mcp = Auth0MCP()

#: Where tools tell the test that they run, and are told to go on.
_FOLDER = Path(os.environ.get("FAULTS_FOLDER", "."))
#: How often a tool that waits looks whether it may go on, in seconds.
_STEP = 0.02
_CHUNK = "x" * 64 * 1024


class Agreed(BaseModel):
    """The answer to a question."""

    ok: bool


@mcp.tool
def who() -> dict[str, str | int]:
    """Say who is asking, and which process answers."""
    return {"sub": get_auth_info().user.sub, "pid": os.getpid()}


@mcp.tool(structured_output=False)
def hold(name: str, call: Call) -> str:
    """Report progress, tell the test that this runs, and go on when it says so."""
    call.progress(1, 2)
    _tell(name)
    while not (_FOLDER / f"{name}.go").exists():
        threading.Event().wait(_STEP)
    call.progress(2, 2)
    return f"{name} done"


@mcp.tool(structured_output=False)
def confirm(name: str, call: Call) -> str:
    """Ask the user."""
    _tell(name)
    answer = call.ask("ok", Agreed, "Go on?")
    return f"{answer.action} {get_auth_info().user.sub}"


@mcp.tool(structured_output=False)
def flood(name: str, call: Call) -> str:
    """Send more than any buffer holds, and tell the test when that ends."""
    _tell(name)
    while not call.cancelled:
        call.log("info", _CHUNK)
    _tell(f"{name}.ended")
    return "ended"


@mcp.tool(structured_output=False)
def hang(name: str) -> str:
    """Compute for ages, and let no other thread of this process run."""
    _tell(name)
    return str(re.match("(a+)+$", "a" * 64 + "b"))


@mcp.tool(structured_output=False)
def large(megabytes: int) -> str:
    """Answer at length."""
    return "x" * megabytes * 1_000_000


def _tell(name: str) -> None:
    """Leave the process's number in a file, whole or not at all."""
    draft = _FOLDER / f"{name}.{os.getpid()}.{threading.get_ident()}"
    draft.write_text(str(os.getpid()))
    draft.rename(_FOLDER / name)


def create_app() -> Flask:
    """Make the app from ``FLASK_…`` variables."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app


def create_impatient_app() -> Flask:
    """Make the same app, with little patience for clients."""
    connection.BODY_SILENCE, connection.UNREAD = 0.5, 1.0
    return create_app()
