"""Fixtures beside the suite's: scopes, an integer header, cancellation, the caller, changes of a resource."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from flask import current_app
from pydantic import Field

from flask_mcp_auth0 import Call, MCPBlueprint, MirroredHeader, get_auth_info

from .extension import mcp

ours = MCPBlueprint("ours", __name__)

#: Seconds between two looks at whether the client still waits.
STEP = 0.05


@dataclass(frozen=True)
class Caller:
    """Who is calling, as the token says."""

    sub: str
    client_id: str
    scopes: list[str]
    permissions: list[str]


def _tally() -> Path:
    # One file for the workers of one server, which share their parent, and for no other server.
    server = hashlib.sha256(f"{current_app.config['MCP_BASE_URL']} {os.getppid()}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"conformance-cancelled-{server}"


def _count_cancelled() -> None:
    # An append of one byte is atomic among processes.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(_tally(), flags, 0o600)
    try:
        os.write(descriptor, b".")
    finally:
        os.close(descriptor)


@ours.tool(scopes=("conformance:write",), structured_output=False)
def ours_needs_scope() -> str:
    """Answer a token that carries the scope conformance:write."""
    return "the token carries conformance:write"


@ours.tool(structured_output=False)
def ours_int_header(count: Annotated[int, MirroredHeader("Count")]) -> str:
    """Take a whole number that is mirrored in an HTTP header."""
    return f"count={count}"


@ours.tool(structured_output=False)
def ours_slow(seconds: Annotated[float, Field(ge=0, le=60)], call: Call) -> str:
    """Take some seconds, unless the client stops waiting.

    :param seconds: how long
    """
    start = time.monotonic()
    while (spent := time.monotonic() - start) < seconds:
        if call.cancelled:
            _count_cancelled()
            return "cancelled"
        call.progress(spent, seconds)
        time.sleep(min(STEP, seconds - spent))
    return f"took {seconds} seconds"


@ours.resource("ours://cancelled", mime_type="text/plain")
def ours_cancelled() -> str:
    """How many calls of ours_slow noticed that nobody waits any more."""
    try:
        return str(_tally().stat().st_size)
    except FileNotFoundError:
        return "0"


@ours.tool
def ours_whoami() -> Caller:
    """Tell the caller who they are."""
    info = get_auth_info()
    return Caller(info.user.sub, info.client_id, list(info.scopes), list(info.permissions))


@ours.tool(structured_output=False)
def ours_broken() -> str:
    """Go wrong in a way that nobody planned."""
    raise RuntimeError("the secret is 42")


@ours.tool(structured_output=False)
def ours_touch(uri: str) -> str:
    """Tell everybody who listens that a resource has changed.

    :param uri: which one
    """
    mcp.notify_resource_updated(uri)
    return f"touched {uri}"
