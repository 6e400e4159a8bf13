"""Calling another API on behalf of the user.

The user's token was made for this server and is never sent on: whoever got it could act as the user here.
It is exchanged for one that only the loyalty service accepts (RFC 8693), which still says who the user is.
"""

from __future__ import annotations

from typing import Any

import requests
from flask import current_app
from pydantic import BaseModel

from flask_mcp_auth0 import ToolError, get_client

from .extensions import mcp


class Points(BaseModel):
    """A member's balance."""

    member: str
    points: int


@mcp.tool(name="loyalty-points", annotations={"readOnlyHint": True, "openWorldHint": True})
def loyalty_points() -> Points:
    """Look up how many loyalty points the user has, in the loyalty service."""
    url, audience = current_app.config.get("LOYALTY_API_URL"), current_app.config.get("LOYALTY_AUDIENCE")
    if not url or not audience:
        raise ToolError(
            "The loyalty service is not connected: set FLASK_LOYALTY_API_URL and FLASK_LOYALTY_AUDIENCE."
        )
    token = get_client().get_token_on_behalf_of(audience=audience, scope="read:points")
    return Points.model_validate(_get_json(f"{url}/points", token.access_token))


def _get_json(url: str, token: str) -> Any:
    try:
        answer = requests.get(
            url, headers={"Authorization": f"Bearer {token}"}, timeout=(3, 5), allow_redirects=False
        )
    except requests.RequestException:
        current_app.logger.exception("the loyalty service cannot be reached")
        raise ToolError("The loyalty service cannot be reached just now.") from None
    if answer.status_code != 200:
        current_app.logger.error("the loyalty service answered %s", answer.status_code)
        raise ToolError("The loyalty service refused the request.")
    return answer.json()
