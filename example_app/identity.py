"""Who is calling: the smallest tools there are. All of them are public to whoever is logged in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from flask_mcp_auth0 import ToolError, get_auth_info

from .extensions import mcp


@dataclass(frozen=True)
class Identity:
    """What the access token says about its bearer."""

    user_id: str
    name: str | None
    email: str | None
    client_id: str
    scopes: list[str]
    permissions: list[str]
    expires_at: int


@mcp.tool(annotations={"readOnlyHint": True})
def greet(
    name: Annotated[str | None, Field(description="What to call the user if Auth0 does not say")] = None,
) -> str:
    """Greet the user by their Auth0 identity."""
    user = get_auth_info().user
    return f"Hello, {user.name or name or 'there'}! Your Auth0 user ID is {user.sub}"


@mcp.tool(annotations={"readOnlyHint": True})
def whoami() -> Identity:
    """Show who is calling, through which client, and what they may do."""
    info = get_auth_info()
    return Identity(
        user_id=info.user.sub,
        name=info.user.name,
        email=info.user.email,
        client_id=info.client_id,
        scopes=list(info.scopes),
        permissions=list(info.permissions),
        expires_at=info.expires_at,
    )


@mcp.tool(name="random-number", annotations={"readOnlyHint": True, "idempotentHint": False})
def random_number(minimum: int = 1, maximum: int = 100) -> int:
    """Draw a random whole number.

    :param minimum: The smallest number that may come out.
    :param maximum: The largest number that may come out.
    """
    if minimum > maximum:
        raise ToolError(f"minimum ({minimum}) must not be above maximum ({maximum})")
    return minimum + secrets.randbelow(maximum - minimum + 1)
