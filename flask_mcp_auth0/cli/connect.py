"""``flask mcp connect``: ready-made configuration for MCP clients."""

from __future__ import annotations

import textwrap

import click

from ..connect_snippets import Guide, guides, is_on_loopback
from .output import indented, load_state, note, plainly


@click.command("connect", short_help="Print ready-made configuration for MCP clients.")
@click.argument("client", required=False)
@plainly
def connect_command(client: str | None) -> None:
    """Print how a client is told of this server: claude-code, claude-desktop, cursor, vscode, chatgpt, inspector.

    Without CLIENT, all of them. None needs a client id or a secret: clients register themselves and log their
    user in.
    """
    settings = load_state().settings
    every = guides(settings.server_name, settings.endpoint_url)
    wanted = (
        every if client is None else [one for one in every if one.key == client.lower().replace(" ", "-")]
    )
    if not wanted:
        keys = ", ".join(guide.key for guide in every)
        raise click.BadParameter(f"there is no {client!r}; there are {keys}", param_hint="CLIENT")
    for index, guide in enumerate(wanted):
        if index:
            click.echo()
        _show(guide, settings.endpoint_url)


commands: list[click.Command] = [connect_command]


def _show(guide: Guide, url: str) -> None:
    click.echo(click.style(guide.title, bold=True))
    if not guide.local and is_on_loopback(url):
        note(indented(f"{url} cannot be reached from there: deploy the app, or put a tunnel before it.", 2))
    for step in guide.steps:
        click.echo(indented(f"- {step}", 2))
    for snippet in guide.snippets:
        click.echo(f"  {snippet.where}:\n{textwrap.indent(snippet.text, '      ')}")
    if guide.link:
        click.echo(f"  Or open this link:\n      {guide.link}")
