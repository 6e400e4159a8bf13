"""MCP over bare HTTP: what a client library would never send, and what it would hide."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import requests

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

#: Seconds that a test waits for bytes; nothing here takes that long unless something is wrong.
PATIENCE = 20

_ids = itertools.count(1)


def meta(**changes: Any) -> dict[str, Any]:
    """Return the ``_meta`` that a modern request must carry; ``None`` takes a member out."""
    whole = {
        "protocolVersion": MODERN,
        "clientCapabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
        **changes,
    }
    return {META + name: value for name, value in whole.items() if value is not None}


def header_value(text: str) -> str:
    """Return ``text`` as a header can carry it (streamable-http, Value Encoding)."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def events(response: requests.Response) -> Iterator[dict[str, Any]]:
    """Return the messages of an event stream as they come (WHATWG, server-sent events)."""
    data: list[str] = []
    for line in response.iter_lines(chunk_size=1):
        text = line.decode("utf-8")
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            joined, data = "\n".join(data), []
            if joined:
                yield json.loads(joined)


def messages(response: requests.Response) -> list[dict[str, Any]]:
    """Return every message of a response, plain JSON or event stream."""
    if response.headers["Content-Type"].startswith("text/event-stream"):
        return list(events(response))
    body = response.json()
    return body if isinstance(body, list) else [body]


def answer(response: requests.Response) -> dict[str, Any]:
    """Return the last message of a response: the answer."""
    return messages(response)[-1]


class Wire:
    """One client, with a token, at one endpoint.

    :param token: ``None`` for a client without one.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        if token is not None:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def post(
        self, body: Any, headers: Mapping[str, str | None] | None = None, *, stream: bool = False
    ) -> requests.Response:
        """Post a body: a JSON value, or bytes as they are. A header given as ``None`` is left out."""
        whole: dict[str, str | None] = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        whole.update(headers or {})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(self.url, data=data, headers=whole, stream=stream, timeout=PATIENCE)

    def modern(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        id: Any = None,
        headers: Mapping[str, str | None] | None = None,
        stream: bool = False,
        progress_token: Any = None,
        **meta_changes: Any,
    ) -> requests.Response:
        """Send a well-formed 2026-07-28 request, but for what the arguments change.

        :param meta_changes: members of ``_meta`` by their short names (``logLevel=…``).
        """
        params = dict(params or {})
        own = params.pop("_meta", {})
        params["_meta"] = {**meta(**meta_changes), **own}
        if progress_token is not None:
            params["_meta"]["progressToken"] = progress_token
        whole: dict[str, str | None] = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        named = params.get(NAMED.get(method, ""))
        if isinstance(named, str):
            whole["Mcp-Name"] = header_value(named)
        whole.update(headers or {})
        number = next(_ids) if id is None else id
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        return self.post(body, whole, stream=stream)

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Call a tool the modern way and return the answer."""
        params = {"name": tool, "arguments": dict(arguments or {})}
        return answer(self.modern("tools/call", params, **options))

    def initialize(
        self, version: str, capabilities: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], Handshaken]:
        """Shake hands for ``version``; return the result and the session."""
        params = {
            "protocolVersion": version,
            "capabilities": dict(capabilities or {}),
            "clientInfo": {"name": "raw", "version": "1"},
        }
        body = {"jsonrpc": "2.0", "id": next(_ids), "method": "initialize", "params": params}
        response = self.post(body)
        assert response.status_code == 200, response.text
        result = answer(response)["result"]
        session = Handshaken(self, result["protocolVersion"], response.headers.get("Mcp-Session-Id"))
        assert session.notify("notifications/initialized").status_code == 202
        return result, session


class Handshaken:
    """What a client of the handshake revisions does after ``initialize``."""

    def __init__(self, wire: Wire, version: str, session_id: str | None) -> None:
        self.wire = wire
        self.version = version
        self.session_id = session_id

    @property
    def headers(self) -> dict[str, str | None]:
        """The headers of every further request; 2025-03-26 knows no version header."""
        headers: dict[str, str | None] = {}
        if self.version != "2025-03-26":
            headers["MCP-Protocol-Version"] = self.version
        if self.session_id is not None:
            headers["Mcp-Session-Id"] = self.session_id
        return headers

    def at(self, wire: Wire) -> Handshaken:
        """Return the same session, as it is used at another server."""
        return Handshaken(wire, self.version, self.session_id)

    def post(
        self, body: Any, headers: Mapping[str, str | None] | None = None, *, stream: bool = False
    ) -> requests.Response:
        """Post a body with the session's headers."""
        return self.wire.post(body, {**self.headers, **(headers or {})}, stream=stream)

    def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        id: Any = None,
        headers: Mapping[str, str | None] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send a request."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": next(_ids) if id is None else id, "method": method}
        if params is not None:
            body["params"] = dict(params)
        return self.post(body, headers, stream=stream)

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> requests.Response:
        """Send a notification."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            body["params"] = dict(params)
        return self.post(body)

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a tool and return the answer."""
        return answer(self.request("tools/call", {"name": tool, "arguments": dict(arguments or {})}))

    def listen(self) -> requests.Response:
        """Open the stream of the server's own messages."""
        headers = {"Accept": "text/event-stream", **self.headers}
        return self.wire.http.get(self.wire.url, headers=headers, stream=True, timeout=PATIENCE)
