"""What type checkers see of callers, calls and answers. Checked, never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_type

from auth0.management import ManagementClient
from pydantic import BaseModel

from flask_mcp_auth0 import (
    Answer,
    Audio,
    AuthInfo,
    Call,
    File,
    Image,
    ToolError,
    User,
    ask,
    auth_info,
    current_call,
    get_auth_info,
    get_client,
    get_management,
    mcp_rate_limit_key,
    require_permission,
    require_scopes,
)
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.observability import current_request_id


class Wishes(BaseModel):
    guests: int


assert_type(get_auth_info(), AuthInfo)
assert_type(auth_info, AuthInfo)
assert_type(get_auth_info().user, User)
assert_type(auth_info.user.sub, str)
assert_type(auth_info.user.name, str | None)
assert_type(auth_info.user.claims, Mapping[str, Any])
assert_type(auth_info.scopes, tuple[str, ...])
assert_type(auth_info.organization, str | None)
assert_type(auth_info.is_machine, bool)

assert_type(current_call, Call)
assert_type(current_call.client_info, Mapping[str, Any] | None)
assert_type(current_call.request_id, str | int)

answer = ask("wishes", Wishes, "What would you like?")
assert_type(answer, Answer[Wishes])
assert_type(answer.action, Literal["accept", "decline", "cancel"])
assert_type(answer.data, Wishes | None)
assert_type(current_call.ask("wishes", Wishes, "?"), Answer[Wishes])
assert_type(current_call.ask_url("go", "https://example.com/", "?"), Answer[Any])
ask("wishes", int, "?")  # type: ignore[type-var] # pyright: ignore[reportArgumentType]

assert_type(get_client(), Auth0Client)
assert_type(get_management(), ManagementClient)
assert_type(get_management(patient=True), ManagementClient)

assert_type(mcp_rate_limit_key(), str)
assert_type(current_request_id(), str | None)
require_permission("a", "b", match="any")
require_scopes("read:x")
require_permission("a", match="some")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

assert_type(Image(data=b"", mime_type="image/png"), Image)
assert_type(Audio(data=b"", mime_type="audio/wav"), Audio)
assert_type(ToolError("no").message, str)
File("shop://x", "text")
