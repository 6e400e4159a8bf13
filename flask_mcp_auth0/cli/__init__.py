"""``flask mcp …``: the commands, each in a module of its own that is loaded when it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import click

#: Command names and the modules that hold them, in ``commands``.
_MODULES: dict[str, str] = {
    "tenant": "flask_mcp_auth0.cli.tenant",
    "token": "flask_mcp_auth0.cli.tenant",
    "login": "flask_mcp_auth0.cli.tenant",
    "doctor": "flask_mcp_auth0.cli.doctor",
    "setup": "flask_mcp_auth0.cli.setup",
    "sync": "flask_mcp_auth0.cli.sync",
    "explain": "flask_mcp_auth0.cli.explain",
    "inspect-token": "flask_mcp_auth0.cli.inspect_token",
    "tools": "flask_mcp_auth0.cli.tools",
    "call": "flask_mcp_auth0.cli.call",
    "clients": "flask_mcp_auth0.cli.clients",
    "connect": "flask_mcp_auth0.cli.connect",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        commands: Iterable[click.Command] = importlib.import_module(module).commands
        return next((command for command in commands if command.name == cmd_name), None)


@click.group(cls=_LazyGroup)
def mcp() -> None:
    """An MCP server in this Flask app, protected by Auth0."""
