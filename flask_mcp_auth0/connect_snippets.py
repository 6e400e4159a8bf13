"""How each MCP client is told of a server: what ``flask mcp connect`` prints and the page for people shows.

None of it holds a client id or a secret: clients register themselves and log their user in.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .config_reader import LOOPBACK_HOSTS


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to copy.

    :param where: what to do with it, as in ``In a terminal`` or ``In .cursor/mcp.json``.
    :param text: the text itself.
    """

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    """How one client is connected.

    :param key: its name on the command line.
    :param title: its name.
    :param local: whether it runs on the user's own machine, and so reaches a server on loopback.
    :param steps: what to do by hand, in order.
    :param snippets: what to copy, best first.
    :param link: a URL that opens the client and adds the server, where the client has one.
    """

    key: str
    title: str
    local: bool
    steps: tuple[str, ...]
    snippets: tuple[Snippet, ...] = ()
    link: str | None = None


def guides(server_name: str, url: str) -> tuple[Guide, ...]:
    """Return one guide for each client.

    :param server_name: what the server is called; made to fit configuration files and command lines.
    :param url: of the MCP endpoint.
    """
    name = configuration_name(server_name)
    return tuple(make(name, url) for make in _CLIENTS)


def configuration_name(name: str) -> str:
    """Return a name that every client's configuration takes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:64].strip("-") or "mcp-server"


def is_on_loopback(url: str) -> bool:
    """Tell whether only this machine reaches the URL, so that clients in the cloud cannot."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


def _claude_code(name: str, url: str) -> Guide:
    return Guide(
        "claude-code",
        "Claude Code",
        local=True,
        steps=("Add the server.", "Start claude, type /mcp, choose the server and log in."),
        snippets=(
            Snippet("In a terminal", f"claude mcp add --transport http {name} {shlex.quote(url)}"),
            Snippet(
                "Or in .mcp.json of a project", _json({"mcpServers": {name: {"type": "http", "url": url}}})
            ),
        ),
    )


def _claude_desktop(name: str, url: str) -> Guide:
    bridge = {"mcpServers": {name: {"command": "npx", "args": ["-y", "mcp-remote", url]}}}
    snippets = [Snippet("Remote MCP server URL", url)]
    if is_on_loopback(url):
        snippets.append(Snippet("For a server on this machine, in claude_desktop_config.json", _json(bridge)))
    return Guide(
        "claude-desktop",
        "Claude Desktop and claude.ai",
        local=False,
        steps=(
            "Open Connectors, which is under Customize or Settings, and choose Add custom connector.",
            f"Name it {name} and paste the URL.",
            "Choose Connect and log in.",
        ),
        snippets=tuple(snippets),
    )


def _cursor(name: str, url: str) -> Guide:
    config = base64.b64encode(json.dumps({"url": url}).encode()).decode("ascii")
    return Guide(
        "cursor",
        "Cursor",
        local=True,
        steps=("Add the server.", "In Settings, under Tools & MCP, choose the server and log in."),
        snippets=(
            Snippet(
                "In .cursor/mcp.json of a project, or ~/.cursor/mcp.json",
                _json({"mcpServers": {name: {"url": url}}}),
            ),
        ),
        link=f"cursor://anysphere.cursor-deeplink/mcp/install?name={quote(name, safe='')}"
        f"&config={quote(config, safe='')}",
    )


def _vscode(name: str, url: str) -> Guide:
    added = json.dumps({"name": name, "type": "http", "url": url})
    return Guide(
        "vscode",
        "VS Code",
        local=True,
        steps=("Add the server.", "Start it from the list of MCP servers; VS Code asks to log in."),
        snippets=(
            Snippet("In a terminal", f"code --add-mcp {shlex.quote(added)}"),
            Snippet(
                "Or in .vscode/mcp.json of a project",
                _json({"servers": {name: {"type": "http", "url": url}}}),
            ),
        ),
        link=f"vscode:mcp/install?{quote(added, safe='')}",
    )


def _chatgpt(name: str, url: str) -> Guide:
    return Guide(
        "chatgpt",
        "ChatGPT",
        local=False,
        steps=(
            "Open Settings, then Apps & Connectors (or Apps), then Advanced settings, and turn on Developer mode.",
            f"Choose Create, name it {name}, paste the URL and keep OAuth as the authentication.",
            "Log in, and enable it in a chat.",
        ),
        snippets=(Snippet("MCP server URL", url),),
    )


def _inspector(name: str, url: str) -> Guide:
    command = f"npx @modelcontextprotocol/inspector --transport http --server-url {shlex.quote(url)}"
    return Guide(
        "inspector",
        "MCP Inspector",
        local=True,
        steps=("Start the inspector, choose Connect and log in. It shows every message.",),
        snippets=(Snippet("In a terminal", command),),
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


_CLIENTS: tuple[Callable[[str, str], Guide], ...] = (
    _claude_code,
    _claude_desktop,
    _cursor,
    _vscode,
    _chatgpt,
    _inspector,
)
