"""``flask mcp explain``: why this user may or may not call this tool."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..auth.auth_info import AuthInfo
from ..auth.token_errors import TokenError
from ..errors import AuthorizationUnavailable
from ..tenant.conclusion import Explanation
from ..tenant.explanation import explain
from .output import as_json, clean, examination, fail, indented, load_state, plainly, table
from .tokens import read_token


@click.command("explain", short_help="Say why a user may or may not call a tool, step by step.")
@click.argument("user")
@click.argument("tool")
@click.option("--organization", metavar="ORG", help="As a member of this organisation (id or name).")
@click.option(
    "--token",
    "token_file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file with an access token of that user (- for standard input): what it says is looked at too.",
)
@click.option("--json", "json_", is_flag=True, help="For programs.")
@plainly
def explain_command(
    user: str, tool: str, organization: str | None, token_file: Path | None, json_: bool
) -> None:
    """Say why USER (an Auth0 user id or an e-mail address) may or may not call TOOL.

    Is the permission defined? Does the user hold it, by which role or group? Is it in the token? What is
    cached? Resources and prompts are named resource:NAME and prompt:NAME. Exit code 0: yes. 1: it cannot be
    told. 2: no.
    """
    state = load_state()
    examined = examination(state)
    info: AuthInfo | None = None
    if token_file is not None:
        try:
            info = state.verifier.examine(read_token(token_file))
        except TokenError as error:
            fail(f"The token is refused ({error.error}): {error.description} See: flask mcp inspect-token")
        except AuthorizationUnavailable as error:
            fail(f"The token cannot be checked now: {error.reason}")
        if organization is None:
            organization = info.organization
    found = explain(examined, user, tool, organization=organization, token=info)
    if json_:
        click.echo(as_json(asdict(found)))
    else:
        _show(found)
    sys.exit({True: 0, None: 1, False: 2}[found.allowed])


commands: list[click.Command] = [explain_command]

_MARKS = {"yes": "+", "no": "-", "info": " "}


def _show(found: Explanation) -> None:
    click.echo(table([(_MARKS[line.word], line.topic, line.text) for line in found.lines]))
    colour = {True: "green", None: "yellow", False: "red"}[found.allowed]
    click.echo("\n" + click.style(clean(found.verdict), fg=colour, bold=True))
    if found.cure:
        click.echo(indented(f"Cure: {found.cure}", 0))
