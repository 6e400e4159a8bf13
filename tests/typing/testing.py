"""What type checkers see of the testing kit, of what can be asked, and of the rest. Checked, never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, assert_type

from flask import Flask
from pydantic import BaseModel

from flask_mcp_auth0 import (
    Answer,
    Auth0MCP,
    Call,
    Form,
    InsufficientScopeError,
    Link,
    MirroredHeader,
    Roots,
    Sampling,
    ask,
    signals,
)
from flask_mcp_auth0.errors import Auth0MCPError, PermissionDenied
from flask_mcp_auth0.testing import Auth0Tenant, CallResult, MCPClient

app = Flask(__name__)
mcp = Auth0MCP()


class Size(BaseModel):
    guests: int


with Auth0Tenant() as tenant:
    assert_type(tenant, Auth0Tenant)
    assert_type(tenant.issuer, str)
    assert_type(tenant.config, dict[str, Any])
    assert_type(tenant.environment, dict[str, str])
    assert_type(tenant.token("alice", scopes=["read:x"]), str)
    tenant.define("tool:x")
    app.config.update(tenant.config)

    client = MCPClient.for_app(app, tenant)
    assert_type(client.login("alice", permissions=["tool:x"]), MCPClient)
    assert_type(client.call("x", month="2026-11"), CallResult)
    assert_type(client.call("x").text, str)
    assert_type(client.call("x").progress, list[float])
    assert_type(client.list_tools(), list[str])
    assert_type(client.read("shop://menu"), str)
    assert_type(client.assert_denied("x"), CallResult)
    client.call(tool="x")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    client.login(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@mcp.tool
def in_region(region: Annotated[str, MirroredHeader("Region")], call: Call) -> str:
    several = call.ask_all(
        {
            "size": Form("How many?", Size),
            "go": Link("Please look", "https://example.com/"),
            "roots": Roots(),
            "model": Sampling([{"role": "user"}], max_tokens=10),
        }
    )
    assert_type(several, dict[str, Answer[Any]])
    by_schema = call.ask(
        "size", {"type": "object", "properties": {"guests": {"type": "integer"}}}, "How many?"
    )
    assert_type(by_schema, Answer[dict[str, Any]])
    assert_type(ask("size", {"type": "object"}, "How many?"), Answer[dict[str, Any]])
    return region


assert_type(in_region("eu", Call.__new__(Call)), str)

mcp.disable("x")
mcp.enable("x", kind="prompt")
mcp.enable("x", kind="page")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
assert_type(mcp.forget_permissions("auth0|x"), bool)


@signals.access_denied.connect
def denied(sender: Flask, *, name: str, **more: object) -> None: ...


def raised(error: InsufficientScopeError, other: PermissionDenied) -> tuple[Auth0MCPError, Auth0MCPError]:
    return error, other


def answered(result: CallResult) -> Mapping[str, Any]:
    value: Mapping[str, Any] = result.value
    return value
