"""``flask mcp inspect-token``: what a token says, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..tenant.inspection import Inspection, Rule, inspect
from .output import as_json, examination, indented, load_state, plainly, table
from .tokens import read_token


@click.command(
    "inspect-token", short_help="Say what a token says and which rules it breaks, without printing it."
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default=Path("-"), required=False)
@click.option("--json", "json_", is_flag=True, help="For programs.")
@plainly
def inspect_token_command(file: Path, json_: bool) -> None:
    """Read a token from FILE or standard input and hold it against every rule of the app.

    The token itself is never printed. Exit code 0: the app accepts it. 1: it cannot be told. 2: it is refused.
    """
    token = read_token(file)
    found = inspect(token, examination(load_state()))
    if json_:
        click.echo(as_json(asdict(found)))
    else:
        _show(found)
    sys.exit({True: 0, None: 1, False: 2}[found.accepted])


commands: list[click.Command] = [inspect_token_command]


def _show(found: Inspection) -> None:
    click.echo(table([(name, value) for name, value in found.says]))
    click.echo()
    click.echo(table([(_mark(rule), rule.name, rule.text) for rule in found.rules]))
    colour = {True: "green", None: "yellow", False: "red"}[found.accepted]
    click.echo("\n" + click.style(indented(f"The app's verdict: {found.verdict}", 0), fg=colour))


def _mark(rule: Rule) -> str:
    return {True: "pass", None: "?", False: "FAIL"}[rule.passed]
