"""Changing the user's own profile in Auth0, through the Management API."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from flask_mcp_auth0 import ToolError, get_auth_info, get_management

from .extensions import mcp


class Preferences(BaseModel):
    """What the user likes. What is left out stays as it is."""

    theme: Literal["light", "dark"] | None = Field(None, description="How pages look")
    language: str | None = Field(None, pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description="As in en or pt-BR")
    newsletter: bool | None = Field(None, description="Whether to get the monthly letter")


@mcp.protected_tool(name="update-preferences", annotations={"idempotentHint": True, "destructiveHint": False})
def update_preferences(preferences: Preferences) -> Preferences:
    """Update the user's own preferences, and show them all as they are now."""
    info = get_auth_info()
    if info.is_machine:
        raise ToolError("A machine has no preferences: this tool needs a person to be logged in.")
    changes = preferences.model_dump(exclude_none=True)
    if not changes:
        raise ToolError("Name at least one preference to change: theme, language or newsletter.")
    # Auth0 merges user_metadata key by key, so what is not named here is kept.
    user = get_management().users.update(info.user.sub, user_metadata=changes)
    return Preferences.model_validate(user.user_metadata or {})
