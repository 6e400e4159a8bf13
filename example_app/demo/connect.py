"""How to connect a client of one's own to the running demo."""

from __future__ import annotations

import json

from .story import ALICE, BOB
from .transcript import Transcript


def print_connections(url: str, issuer: str, say: Transcript) -> None:
    """Print a ready command or configuration for each of the usual clients."""
    vscode = json.dumps({"name": "shop", "type": "http", "url": url})
    cursor = json.dumps({"mcpServers": {"shop": {"url": url}}})
    say.plain()
    say.title("Now connect a client of your own")
    ways = {
        "Claude Code": f"claude mcp add --transport http shop {url}",
        "VS Code": f"code --add-mcp '{vscode}'",
        "Cursor": f"{cursor}   (in ~/.cursor/mcp.json)",
        "Inspector": f"npx @modelcontextprotocol/inspector --transport http --server-url {url}",
        "any other": f"{url}   (streamable HTTP, OAuth)",
    }
    for client, way in ways.items():
        say.plain(f"   {client:<12} {way}")
    say.plain(f"   Log in as {ALICE.username} ({ALICE.password}) or {BOB.username} ({BOB.password}).")
    say.plain(f"   Grant and revoke with a click, and see the tools come and go: {issuer}admin")
