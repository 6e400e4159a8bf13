"""One logged-in person, calling the app's tools through the MCP endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from ..wire.raw import MODERN, NAMED, header_value, meta


@dataclass
class Desk:
    """A client of the app's MCP endpoint, with a token."""

    app: Flask
    token: str = field(repr=False)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request; return its result."""
        params = {**(params or {}), "_meta": meta()}
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": method,
        }
        if method in NAMED:
            headers["Mcp-Name"] = header_value(params[NAMED[method]])
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.app.test_client().post("/mcp", json=body, headers=headers)
        document = answer.get_json()
        assert "result" in document, document
        result: dict[str, Any] = document["result"]
        return result

    def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool; return its structured result, or the text of one that has only that."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert not result.get("isError"), result
        return result["structuredContent"] if "structuredContent" in result else result["content"][0]["text"]

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that refuses; return the text."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert result.get("isError") is True, result
        text: str = result["content"][0]["text"]
        return text

    def tools(self) -> set[str]:
        """Return the names of the tools in the list."""
        return {tool["name"] for tool in self.ask("tools/list")["tools"]}
