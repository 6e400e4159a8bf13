"""The transcript: two people, one server, and an administrator who changes their mind."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from mcp import Client
from mcp_types import CallToolResult, TextContent, Tool

from .browser import Person
from .client import Exchange, Wallet, connect
from .tenant import Administrator
from .transcript import Transcript

ALICE = Person("alice", "alice-password")
BOB = Person("bob", "bob-password")

PUBLIC = {"greet", "whoami", "random-number", "loyalty-points", "find_orders", "get_order"}
PROTECTED = {"update-preferences", "refund_order", "sales_report"}
REFUSED = "You don't have permission to use the 'refund_order' tool."
REFUND = {"order_id": 1004, "amount_cents": 560, "reason": "It came a week late. We are sorry!"}

#: A refusal is remembered for five seconds at most, in each worker; this is well past that.
PATIENCE = 20.0


T = TypeVar("T")


class StepFailed(Exception):
    """Something was not as the demo says it is."""


@dataclass(frozen=True)
class Stage:
    """Where everything is."""

    mcp_url: str
    issuer: str
    administrator: Administrator


Act = Callable[[Client, Wallet, Stage, Transcript], Awaitable[None]]


async def tell(stage: Stage, say: Transcript) -> None:
    """Tell the whole story.

    :raises StepFailed: at the first step that does not go as told.
    """
    await _as(ALICE, stage, say, _alice)
    await _as(BOB, stage, say, _bob)


async def _as(person: Person, stage: Stage, say: Transcript, act: Act) -> None:
    wallet = Wallet()
    try:
        async with connect(stage.mcp_url, person, wallet) as client:
            await act(client, wallet, stage, say)
    except Exception as error:
        cause = _innermost(error)
        if isinstance(cause, StepFailed):
            raise cause from error
        _so_far(wallet, say)
        raise StepFailed(f"{person.name}'s client could not go on: {cause!r}") from error


def _how_it_connected(wallet: Wallet, stage: Stage, say: Transcript) -> None:
    say.step("A client knocks without a token, and is told where to get one")
    knock = wallet.exchanges[0]
    expect(knock.status == 401, f"the first answer was {knock.status}, not 401")
    challenge = knock.headers.get("www-authenticate", "")
    expect("resource_metadata=" in challenge, f"the challenge names no metadata: {challenge!r}")
    say.sent(knock.request)
    say.answered(
        f"{knock.status} {knock.body.get('error', '')}", f"WWW-Authenticate: {challenge}", good=False
    )

    say.step("It reads the two documents that say who issues tokens for this server, and how")
    resource = _must(wallet, "/.well-known/oauth-protected-resource")
    say.sent(resource.request)
    say.answered("200", *_fields(resource.body, "resource", "authorization_servers", "scopes_supported"))
    expect(resource.body["authorization_servers"] == [stage.issuer], "the metadata names another issuer")
    server = _must(wallet, f"GET {stage.issuer}.well-known/")
    say.sent(server.request)
    fields = ("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint")
    say.answered("200", *_fields(server.body, *fields))

    say.step("It registers itself with the tenant: nobody has typed a client ID anywhere")
    registration = _must(wallet, "POST " + server.body["registration_endpoint"])
    say.sent(registration.request)
    say.answered(str(registration.status), *_fields(registration.body, "client_name", "client_id"))
    expect(registration.status == 201, "the registration was refused")

    say.step("Alice logs in, in her browser, on the tenant's own page")
    _login(wallet, say)
    token = _must(wallet, "POST " + server.body["token_endpoint"])
    expect(token.status == 200 and wallet.tokens is not None, f"no token: {token.body}")
    say.sent(f"{token.request}   (the code, with the proof that this client asked for it: PKCE)")
    seconds = token.body["expires_in"]
    say.answered("200", f"an access token for {resource.body['resource']} only, good for {seconds} s")
    say.explain("What Alice may do is not in it for good: the tenant is asked when she calls.")
    again = wallet.exchanges[-1]
    expect(again.status == 200, f"with the token, the server answered {again.status}")


async def _alice(client: Client, wallet: Wallet, stage: Stage, say: Transcript) -> None:
    _how_it_connected(wallet, stage, say)

    say.step("Alice's client lists the tools: all of them, for she is a support lead")
    tools = await _list(client, say)
    expect(set(tools) == PUBLIC | PROTECTED, f"the tools are {sorted(tools)}")

    say.step("It calls some")
    greeting = await _call(client, say, "greet", {"name": "Alice"})
    expect("auth0|alice" in greeting, "greet does not know Alice")
    await _call(client, say, "random-number", {"minimum": 1, "maximum": 6})
    points = await _call(client, say, "loyalty-points")
    expect('"points"' in points, "the loyalty service gave no points")
    say.explain(
        "For that, the app exchanged Alice's token for one that only the loyalty service accepts. Her own "
        "token never leaves the app."
    )
    await _call(client, say, "find_orders", {"customer": "okafor", "limit": 1})
    refund = await _call(client, say, "refund_order", REFUND)
    expect('"auth0|alice"' in refund, "the refund is not in Alice's name")
    await _call(client, say, "update-preferences", {"preferences": {"theme": "dark"}})
    say.explain("That one wrote to Alice's profile, through the tenant's Management API.")


async def _bob(client: Client, wallet: Wallet, stage: Stage, say: Transcript) -> None:
    say.step("Bob logs in with a client of his own")
    _login(wallet, say)
    expect("auth0|bob" in await _call(client, say, "greet", {"name": "Bob"}), "greet does not know Bob")

    say.step("His list is shorter: he holds no permissions")
    tools = await _list(client, say)
    expect(set(tools) == PUBLIC, f"Bob sees {sorted(tools)}")

    say.step("He has the refund tool called all the same, and is refused")
    refused = await client.call_tool("refund_order", REFUND)
    _show(say, "refund_order", REFUND, refused)
    expect(bool(refused.is_error) and _text(refused) == REFUSED, f"not refused: {_text(refused)}")

    say.step("The administrator grants Bob the permission tool:refund_order, in the tenant")
    say.sent(f"POST {stage.issuer}api/v2/users/auth0%7Cbob/permissions")
    status = await anyio.to_thread.run_sync(
        stage.administrator.grant, "auth0|bob", stage.mcp_url, "tool:refund_order"
    )
    say.answered(str(status))
    expect(status == 201, f"the tenant answered {status}")

    say.step("The same call, with the same token, to the same running server")
    seconds, granted = await _patiently(
        lambda: client.call_tool("refund_order", REFUND), lambda r: not r.is_error
    )
    _show(say, "refund_order", REFUND, granted)
    expect('"auth0|bob"' in _text(granted), f"not refunded in Bob's name: {_text(granted)}")
    say.explain(f"It took {seconds:.1f} s to be noticed; a refusal is kept for 5 s at most.")
    await _patiently(lambda: _names(client), lambda names: "refund_order" in names)
    await _list(client, say, only={"refund_order"})
    say.explain("Nobody logged in again, and no code, setting or process was touched.")


async def _patiently(ask: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> tuple[float, T]:
    """Ask again and again until the answer is good; return how long that took, and the last answer."""
    begun = time.monotonic()
    answer = await ask()
    while not good(answer) and time.monotonic() - begun < PATIENCE:
        await anyio.sleep(0.5)
        answer = await ask()
    expect(good(answer), f"still not after {PATIENCE:.0f} s: {answer}")
    return time.monotonic() - begun, answer


async def _names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}


def expect(true: bool, otherwise: str) -> None:
    """:raises StepFailed: with the text ``otherwise``, unless ``true``."""
    if not true:
        raise StepFailed(otherwise)


async def _list(client: Client, say: Transcript, only: set[str] | None = None) -> dict[str, Tool]:
    result = await client.list_tools(cache_mode="bypass")
    tools = {tool.name: tool for tool in result.tools}
    say.sent("tools/list")
    say.answered(f"{len(tools)} tools" + (", among them" if only else ""))
    say.table(
        (name, (tool.description or "").partition("\n")[0])
        for name, tool in tools.items()
        if only is None or name in only
    )
    return tools


async def _call(client: Client, say: Transcript, name: str, arguments: dict[str, Any] | None = None) -> str:
    result = await client.call_tool(name, arguments or {})
    _show(say, name, arguments or {}, result)
    expect(not result.is_error, f"{name} failed: {_text(result)}")
    return _text(result)


def _show(say: Transcript, name: str, arguments: dict[str, Any], result: CallToolResult) -> None:
    say.sent(f"tools/call {name} {json.dumps(arguments) if arguments else ''}".rstrip())
    say.answered(" ".join(_text(result).split()), good=not result.is_error)


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def _login(wallet: Wallet, say: Transcript) -> None:
    pages = [e for e in wallet.exchanges if not e.headers]
    expect(bool(pages), "no login page was seen")
    for page in pages:
        say.sent(page.request)
        say.answered(page.body)


def _must(wallet: Wallet, part: str) -> Exchange:
    exchange = wallet.find(part)
    if exchange is None:
        raise StepFailed(f"the client never got an answer to {part}")
    return exchange


def _fields(document: Any, *names: str) -> list[str]:
    def shown(value: Any) -> str:
        return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)

    return [f"{name}: {shown(document[name])}" for name in names if name in document]


def _so_far(wallet: Wallet, say: Transcript) -> None:
    say.plain()
    for exchange in wallet.exchanges:
        # Never the whole body: one of them holds the tokens.
        error = exchange.body.get("error_description", "") if isinstance(exchange.body, dict) else ""
        say.plain(f"   {exchange.request} → {exchange.status} {error}".rstrip())


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
