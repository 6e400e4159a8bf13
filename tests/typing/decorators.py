"""What type checkers see of the decorators: a decorated function keeps its type. Checked, never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_type

from flask import Flask

from flask_mcp_auth0 import (
    Auth0MCP,
    AuthInfo,
    Call,
    MCPBlueprint,
    approved_by_user,
    on_behalf_of,
    protected_tool,
    with_connection_token,
)

mcp = Auth0MCP()
reports = MCPBlueprint("reports", __name__, permission="reports:read", url_prefix="/reports")
assert_type(Auth0MCP(Flask(__name__)), Auth0MCP)


@mcp.tool
def bare(name: str, times: int = 1) -> list[str]:
    return [name] * times


assert_type(bare("x"), list[str])
assert_type(bare("x", times=2), list[str])
bare(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@mcp.tool()
def called() -> int:
    return 1


assert_type(called(), int)


@mcp.tool(
    name="with.arguments",
    title="A title",
    annotations={"readOnlyHint": True},
    scopes=("read:x",),
    anonymous=True,
    audit_arguments=("x",),
    meta={"k": 1},
)
def with_arguments(x: float) -> float | None:
    return x


assert_type(with_arguments(1.0), float | None)


@mcp.protected_tool
def protected(x: int) -> str:
    return str(x)


assert_type(protected(1), str)


def only_small(info: AuthInfo, arguments: Mapping[str, Any]) -> bool:
    return bool(info.scopes) and arguments.get("amount", 0) < 10


@mcp.protected_tool(permission="orders:refund", scopes=["refund"], when=only_small)
def refund(amount: int) -> bool:
    return amount > 0


assert_type(refund(1), bool)


@mcp.protected_tool(permissions=["a", "b"], match="any")
def any_of() -> None: ...


assert_type(any_of, Callable[[], None])


@mcp.tool
@protected_tool
def stacked(x: int) -> str:
    return str(x)


@protected_tool(permission="p", when=[only_small])
@mcp.tool(title="Stacked")
def stacked_the_other_way(x: int) -> str:
    return str(x)


assert_type(stacked(1), str)
assert_type(stacked_the_other_way(1), str)


@mcp.tool
async def asynchronous(x: int) -> str:
    return str(x)


async def awaits() -> None:
    assert_type(await asynchronous(1), str)


@mcp.tool
def with_call(x: int, call: Call) -> int:
    call.progress(1, 2, "half")
    call.log("info", {"x": x})
    assert_type(call.cancelled, bool)
    assert_type(call.protocol_version, str)
    return x


@mcp.resource("shop://orders/{order}", mime_type="text/plain", completions={"order": lambda typed: [typed]})
def order(order: str) -> bytes:
    return order.encode()


assert_type(order("7"), bytes)


@mcp.resource("shop://menu", permission="menu:read", size=3)
def menu() -> dict[str, int]:
    return {"tea": 1}


assert_type(menu(), dict[str, int])


@mcp.prompt
def ask(topic: str) -> str:
    return topic


@mcp.prompt(title="Ask", completions={"topic": lambda typed: ["tea"]}, scopes=("x",))
def ask_with(topic: str) -> list[str]:
    return [topic]


assert_type(ask("x"), str)
assert_type(ask_with("x"), list[str])


@reports.tool
def report(month: int) -> str:
    return str(month)


@reports.protected_tool(match="all")
def monthly(month: int) -> str:
    return str(month)


@reports.get("/page")
def page() -> str:
    return "a blueprint's own views stay typed"


assert_type(report(1), str)
assert_type(monthly(1), str)
assert_type(page(), str)


@mcp.tool
@approved_by_user("Pay {amount}")
def pay(amount: int) -> str:
    return str(amount)


assert_type(pay(1), str)


@mcp.tool
@with_connection_token("google-oauth2")
def meetings(google_token: str) -> str:
    return google_token


@mcp.tool
@on_behalf_of(audience="https://api.example.com")
def stock(api_token: str) -> str:
    return api_token


mcp.tool("not a function")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
mcp.tool(colour="red")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
mcp.protected_tool(match="some")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
