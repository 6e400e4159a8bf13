"""The app that is fuzzed: the whole extension, with components of every kind, and good requests of both eras."""

from __future__ import annotations

import base64
import datetime
import decimal
import enum
import json
import time
import uuid
from collections.abc import Generator, Mapping
from typing import Annotated, Any, Literal

from flask import Flask
from joserfc.jwk import RSAKey
from pydantic import BaseModel, Field

from flask_mcp_auth0 import Auth0MCP, Call, File, Image, MirroredHeader, ToolError, get_auth_info
from flask_mcp_auth0.app_state import AppState

from ..auth.doubles import Clock, FakeOutbound, Tenant
from .gateway import Answer, send
from .wellformed import SECRET

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class Colour(enum.Enum):
    """One of a few."""

    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    """A model within a model."""

    sku: str = Field(pattern=r"^[A-Z]{2}-[0-9]{1,4}$")
    count: int = Field(default=1, ge=1, le=10)
    tags: list[str] = []


class Order(BaseModel):
    items: list[Item] = Field(max_length=5)
    note: str | None = None


class Confirmation(BaseModel):
    sure: bool


def register(mcp: Auth0MCP) -> None:
    """Give the app functions of many signatures; some fail, and put what must not be seen into their exceptions."""

    @mcp.tool
    def greet(name: str | None = None) -> str:
        return f"{get_auth_info().user.sub} {name}"

    @mcp.tool
    def add(a: int, b: float = 0.5) -> float:
        return a + b

    @mcp.tool
    def scalars(
        day: datetime.date,
        moment: datetime.datetime | None = None,
        amount: decimal.Decimal | None = None,
        number: uuid.UUID | None = None,
        raw: bytes = b"",
        colour: Colour = Colour.RED,
        size: Literal["s", "m", 3] = "s",
    ) -> dict[str, Any]:
        return {"day": day, "moment": moment, "amount": str(amount), "colour": colour.value, "size": size}

    @mcp.tool
    def order(order: Order, extra: dict[str, list[int]] | None = None) -> Order:
        return order

    @mcp.tool
    def echo(value: Any = None, *, more: list[Any] | None = None) -> Any:
        return {"value": value, "more": more}

    @mcp.tool
    def region(
        where: Annotated[str, MirroredHeader("Region")],
        level: Annotated[int | None, MirroredHeader("Level")] = None,
    ) -> str:
        return where

    @mcp.tool(
        input_schema={
            "type": "object",
            "properties": {
                "q": {"type": "string", "pattern": "^(a+)+$"},
                "n": {"multipleOf": 0.1},
                "tree": {"$ref": "#/$defs/tree"},
                "different": {"uniqueItems": True},
            },
            "patternProperties": {"^(x|x)*y$": {"type": "integer"}},
            "required": ["q"],
            "additionalProperties": False,
            "$defs": {
                "tree": {"oneOf": [{"$ref": "#/$defs/all"}, {"$ref": "#/$defs/any"}]},
                "all": {"properties": {"kind": {"const": "all"}, "of": {"items": {"$ref": "#/$defs/tree"}}}},
                "any": {"properties": {"kind": {"const": "any"}, "of": {"items": {"$ref": "#/$defs/tree"}}}},
            },
        }
    )
    def raw(**arguments: Any) -> str:
        return json.dumps(arguments)

    @mcp.tool
    def steps(count: Annotated[int, Field(ge=0, le=5)]) -> Generator[tuple[int, int], None, str]:
        for step in range(count):
            yield step + 1, count
        return "done"

    @mcp.tool
    def tell(call: Call, text: str) -> str:
        call.log("info", {"text": text}, logger="fuzz")
        call.progress(1, 2, text)
        return text

    @mcp.tool
    def confirm(call: Call, what: str = "it") -> str:
        answer = call.ask("sure", Confirmation, f"Are you sure of {what}?")
        return answer.action

    @mcp.tool
    def breaks(how: int = 0) -> Any:
        kinds: list[Any] = [
            RuntimeError(SECRET),
            ValueError(SECRET),
            KeyError(SECRET),
            UnicodeDecodeError("utf-8", b"x", 0, 1, SECRET),
            RecursionError(SECRET),
            MemoryError(SECRET),
            SystemError(SECRET),
            OSError(5, SECRET),
            StopIteration(SECRET),
        ]
        if how >= len(kinds):
            raise ToolError("told to fail")
        raise kinds[how]

    @mcp.tool
    def unfit(how: int = 0) -> Any:
        return [
            object(),
            float("nan"),
            {1: 2},
            "\ud800",
            b"\xff",
            Image(data=b"\x89PNG", mime_type="image/png"),
            File(data="x", uri="doc://x"),
        ][how % 7]

    @mcp.protected_tool
    def guarded() -> str:
        return "held"

    @mcp.protected_tool(scopes=["read:it"])
    def scoped() -> str:
        return "scoped"

    @mcp.resource("doc://{section}/{page}", completions={"section": lambda value: [value, "a"]})
    def page(section: str, page: int) -> str:
        return f"{section} {page}"

    @mcp.resource("files://{+path}{?version,lang*}")
    def file(path: str, version: str | None = None, lang: list[str] | None = None) -> dict[str, Any]:
        return {"path": path, "version": version, "lang": lang}

    @mcp.resource("fixed://one")
    def fixed() -> bytes:
        return b"\x00\xff"

    @mcp.resource("bad://one")
    def bad() -> str:
        raise RuntimeError(SECRET)

    @mcp.prompt(completions={"topic": lambda value: ["alpha", "beta", value]})
    def summary(topic: str, words: int = 10) -> str:
        return f"{topic} {words}"

    @mcp.prompt
    def broken() -> str:
        raise RuntimeError(SECRET)


class Target:
    """The app, its tenant in memory, and a caller of it."""

    def __init__(self, key: RSAKey, **config: Any) -> None:
        self.clock = Clock()
        self.tenant = Tenant(key, clock=self.clock)
        self.tenant.outbound = self.outbound = FakeOutbound(self.tenant.outbound.documents)
        self.app = Flask("fuzzed")
        self.app.config.update(
            SECRET_KEY="a secret of the fuzz tests, long enough",
            AUTH0_DOMAIN="tenant.example.com",
            MCP_BASE_URL="https://app.example.com",
            AUTH0_PERMISSIONS_SOURCE="token",
        )
        self.app.config.update(config)
        self.mcp = Auth0MCP()
        register(self.mcp)
        self.mcp.init_app(self.app)
        self.state: AppState = self.app.extensions["mcp_auth0"]
        # Documents come from memory; everything else is as it is wired for every app.
        self.state.outbound.get_json = self.outbound.get_json  # type: ignore[method-assign]
        self.token = self._token()
        self.sessions = {
            version: self._session(version) for version in ("2025-11-25", "2025-06-18", "2025-03-26")
        }
        asked = self.call("confirm", {"what": "this"}, capabilities={"elicitation": {"form": {}}})
        self.request_state: str = asked.json()["result"]["requestState"]

    def _token(self, **claims: Any) -> str:
        now = int(time.time())
        return self.tenant.token(
            **{"permissions": ["tool:guarded"], "iat": now, "exp": now + 86_400, **claims}
        )

    def base_headers(self, token: str | None = None) -> dict[str, str]:
        """Return what every request carries."""
        return {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {token or self.token}",
        }

    def modern(
        self, method: str, params: Mapping[str, Any], *, capabilities: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a good request of 2026-07-28: body and headers."""
        meta = {
            META + "protocolVersion": MODERN,
            META + "clientCapabilities": dict(capabilities or {}),
            META + "clientInfo": {"name": "fuzz", "version": "1"},
            META + "logLevel": "debug",
            "progressToken": 7,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        headers = self.base_headers() | {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        if method in NAMED:
            headers["Mcp-Name"] = mirrored(str(params[NAMED[method]]))
        return body, headers

    def handshake(
        self, method: str, params: Mapping[str, Any], version: str = "2025-11-25"
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a good request of an earlier revision: body and headers."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        return body, self.base_headers() | {
            "MCP-Protocol-Version": version,
            "Mcp-Session-Id": self.sessions[version],
        }

    def call(self, tool: str, arguments: Mapping[str, Any], **options: Any) -> Answer:
        """Call a tool the modern way."""
        body, headers = self.modern("tools/call", {"name": tool, "arguments": dict(arguments)}, **options)
        return send(self.app, json.dumps(body).encode(), headers)

    def _session(self, version: str) -> str:
        params = {
            "protocolVersion": version,
            "capabilities": {"elicitation": {}},
            "clientInfo": {"name": "fuzz", "version": "1"},
        }
        body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        answer = send(self.app, json.dumps(body).encode(), self.base_headers())
        session = answer.header("Mcp-Session-Id")
        assert session is not None, answer
        return session

    def bounds(self) -> None:
        """Check that nothing of the app has grown past its bound."""
        verifier = self.state.verifier
        assert len(verifier._remembered) <= 2048
        assert len(verifier._keys._absent) <= 256
        tables = getattr(self.state.store, "_of_process").get()  # noqa: B009
        assert tables.size <= 64 * 1024 * 1024


def mirrored(text: str) -> str:
    """Return a text as ``Mcp-Name`` carries it."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode('utf-8', 'replace')).decode()}?="


#: Good requests: method and params, served in both eras.
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("tools/list", {"cursor": "dG9vbHM6MQ=="}),
    ("tools/call", {"name": "greet", "arguments": {"name": "you"}}),
    ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2.5}}),
    (
        "tools/call",
        {
            "name": "scalars",
            "arguments": {
                "day": "2026-01-31",
                "moment": "2026-01-31T10:00:00Z",
                "amount": "1.5",
                "number": "5c2a8c7e-5d0c-4a39-8d29-2a4b6d6a4e4f",
                "raw": "YQ==",
                "colour": "blue",
                "size": 3,
            },
        },
    ),
    (
        "tools/call",
        {
            "name": "order",
            "arguments": {"order": {"items": [{"sku": "AB-12", "count": 2}]}, "extra": {"a": [1]}},
        },
    ),
    ("tools/call", {"name": "echo", "arguments": {"value": {"a": [1, None, True]}, "more": [1]}}),
    ("tools/call", {"name": "region", "arguments": {"where": "eu", "level": 3}}),
    ("tools/call", {"name": "raw", "arguments": {"q": "aaaa", "n": 1, "xxxy": 1}}),
    (
        "tools/call",
        {
            "name": "raw",
            "arguments": {
                "q": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "tree": {"kind": "all", "of": [{"kind": "any", "of": [{"kind": "all"}]}, {"kind": "any"}]},
                "different": [{"a": 1}, {"a": 2}, [1], 1, True],
            },
        },
    ),
    ("tools/call", {"name": "steps", "arguments": {"count": 3}}),
    ("tools/call", {"name": "tell", "arguments": {"text": "hello"}}),
    ("tools/call", {"name": "confirm", "arguments": {"what": "this"}}),
    ("tools/call", {"name": "breaks", "arguments": {"how": 3}}),
    ("tools/call", {"name": "unfit", "arguments": {"how": 1}}),
    ("tools/call", {"name": "guarded", "arguments": {}}),
    ("tools/call", {"name": "scoped", "arguments": {}}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "doc://a/1"}),
    ("resources/read", {"uri": "files://x/y?version=1&lang=en&lang=de"}),
    ("resources/read", {"uri": "fixed://one"}),
    ("resources/read", {"uri": "bad://one"}),
    ("prompts/list", {}),
    ("prompts/get", {"name": "summary", "arguments": {"topic": "x", "words": "3"}}),
    ("prompts/get", {"name": "broken", "arguments": {}}),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/prompt", "name": "summary"},
            "argument": {"name": "topic", "value": "a"},
            "context": {"arguments": {"words": "1"}},
        },
    ),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/resource", "uri": "doc://{section}/{page}"},
            "argument": {"name": "section", "value": ""},
        },
    ),
]
MODERN_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("server/discover", {}),
    (
        "subscriptions/listen",
        {"notifications": {"toolsListChanged": True, "resourceSubscriptions": ["fixed://one"]}},
    ),
]
HANDSHAKE_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("ping", {}),
    ("logging/setLevel", {"level": "info"}),
    ("resources/subscribe", {"uri": "fixed://one"}),
    ("resources/unsubscribe", {"uri": "fixed://one"}),
    (
        "initialize",
        {
            "protocolVersion": "2025-11-25",
            "capabilities": {"roots": {}},
            "clientInfo": {"name": "a", "version": "1"},
        },
    ),
]

__all__ = ["HANDSHAKE_ONLY", "MODERN", "MODERN_ONLY", "REQUESTS", "Target", "mirrored"]
