"""The page on the commands names every command, every option and every check."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from flask_mcp_auth0.cli import mcp
from flask_mcp_auth0.tenant.doctor import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
COMMANDS = sorted(mcp.list_commands(click.Context(mcp)))


def options_of(command: click.Command) -> set[str]:
    found = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    if isinstance(command, click.Group):
        for name in command.commands:
            found |= options_of(command.commands[name])
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_that_names_its_options(name: str) -> None:
    command = mcp.get_command(click.Context(mcp), name)
    assert command is not None
    section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    general = {"--yes", "--dry-run", "--json"}

    assert {option for option in options_of(command) - general if option not in section[1]} == set()
    assert all(option in PAGE for option in general)


def test_every_check_is_in_the_table() -> None:
    table = {match for row in re.findall(r"^\| ([A-Z]\d[^|]*) \|", PAGE, re.MULTILINE) for match in ids(row)}

    assert table == {check.id for check in CHECKS}


def ids(cell: str) -> list[str]:
    """Read "A2-A6, A9" as A2, A3 … A6, A9."""
    found = []
    for part in cell.split(", "):
        first, _, last = part.partition("-")
        for number in range(int(first[1:]), int((last or first)[1:]) + 1):
            found.append(f"{first[0]}{number}")
    return found


def test_help_of_every_command_is_one_screen_of_words() -> None:
    for name in COMMANDS:
        command = mcp.get_command(click.Context(mcp), name)
        assert command is not None
        assert command.help
        assert command.short_help
