"""An app whose answers say who was asking: for callers who must never meet. Look-ups are shared by its workers."""

from __future__ import annotations

import threading

from flask import Flask, g
from flask_caching import Cache

from flask_mcp_auth0 import Auth0MCP, Call, auth_info, get_auth_info

mcp = Auth0MCP()

#: Seconds that a call is held between its two looks at who is asking, so that others run meanwhile.
_HELD = 0.003


def _linger() -> None:
    # Nobody sets it: the wait lets go of the interpreter, as a database would.
    threading.Event().wait(_HELD)


@mcp.tool
def whoami(mark: str) -> dict[str, str]:
    """Say who is asking, before and after a wait, in every way there is."""
    before = get_auth_info().user.sub
    g.mark = mark
    _linger()
    return {"before": before, "after": auth_info.user.sub, "client": auth_info.client_id, "mark": g.mark}


@mcp.tool
def progress(call: Call, mark: str) -> str:
    """Report progress that names the caller."""
    for step in (1, 2):
        call.progress(step, 2, f"{get_auth_info().user.sub} {mark}")
        _linger()
    call.log("info", {"sub": auth_info.user.sub, "mark": mark})
    return f"{get_auth_info().user.sub} {mark}"


@mcp.protected_tool
def ledger(mark: str) -> str:
    """Only for one of the two."""
    _linger()
    return f"{get_auth_info().user.sub} {mark}"


@mcp.resource("me://{mark}")
def me(mark: str) -> str:
    """Who is asking, as a resource."""
    _linger()
    return f"{get_auth_info().user.sub} {mark}"


def create_app() -> Flask:
    """Make the app from ``FLASK_…`` variables, ``FLASK_CACHE_REDIS_URL`` among them."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config["CACHE_TYPE"] = "RedisCache"
    Cache(app)
    mcp.init_app(app)
    return app
