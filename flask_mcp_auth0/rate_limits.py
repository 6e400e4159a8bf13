"""A key function for Flask-Limiter: one budget for each user, or for each user and tool."""

from __future__ import annotations

import hashlib

from flask import request

from .auth.auth_info import find_auth_info
from .protocol.call import find_current_call


def mcp_rate_limit_key() -> str:
    """Return what a limit is counted under: the caller, and within a call what is being called.

    ::

        limiter = Limiter(mcp_rate_limit_key, app=app)

        @mcp.tool
        def search(query: str) -> list[str]:
            with limiter.limit("10 per minute"):  # for each user and this tool
                ...

    As the key of an ordinary limit (``default_limits``), where no tool is running yet, it stands for the user
    alone; for a request without a verified token it is the address that it came from.

    :return: a hash, so that a shared storage holds no user ids.
    """
    info = find_auth_info()
    if info is None:
        who = ("address", request.remote_addr or "")
    else:
        who = ("user", f"{info.issuer}\n{info.user.sub}")
    call = find_current_call()
    component = None if call is None else call.component
    what = () if component is None else (component.kind, component.name)
    return hashlib.sha256("\n".join((*who, *what)).encode("utf-8", "surrogatepass")).hexdigest()
