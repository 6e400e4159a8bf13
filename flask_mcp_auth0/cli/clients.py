"""``flask mcp clients``: the applications that registered at the tenant."""

from __future__ import annotations

import sys

import click

from ..tenant.management import ManagementProblem
from ..tenant.registrations import Registration, preview, register, registrations, remove, seconds_of, stale
from .output import as_json, clean, confirmed, examination, fail, load_state, plainly, table


@click.group("clients", short_help="List, prune and register the MCP clients of the tenant.")
def clients_group() -> None:
    """The third-party applications of the tenant: MCP clients that registered, or were registered."""


@clients_group.command("list")
@click.option("--json", "json_", is_flag=True, help="For programs.")
@plainly
def list_command(json_: bool) -> None:
    """List them, oldest first."""
    found = registrations(examination(load_state()))
    if json_:
        click.echo(
            as_json(
                [
                    {"client_id": one.client_id, "name": one.name, "how": one.how, "age": one.age}
                    for one in found
                ]
            )
        )
    elif found:
        click.echo(table([_row(one) for one in found], ("CLIENT ID", "HOW", "AGE", "NAME")))
    else:
        click.echo("No client is registered.")


@clients_group.command("prune")
@click.option("--older-than", default="30d", show_default=True, metavar="AGE", help="As in 30d, 12h, 2w, 6m.")
@click.option("--name", help="Only those of this name.")
@click.option("--dry-run", is_flag=True, help="Only show them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@plainly
def prune_command(older_than: str, name: str | None, dry_run: bool, yes: bool) -> None:
    """Delete clients that registered themselves long ago. Whoever still uses one connects again.

    Clients with a metadata document, and those that an administrator made, are left alone.
    """
    try:
        seconds = seconds_of(older_than)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from None
    examined = examination(load_state())
    old = stale(registrations(examined), seconds, name)
    if not old:
        click.echo(f"No client registered itself more than {older_than} ago.")
        return
    click.echo(table([_row(one) for one in old], ("CLIENT ID", "HOW", "AGE", "NAME")))
    if dry_run:
        return
    if not confirmed(f"Delete these {len(old)}? Whoever still uses one has to connect again.", yes=yes):
        sys.exit(1)
    for count, one in enumerate(old):
        try:
            remove(examined, one)
        except ManagementProblem as error:
            fail(
                f"{one.client_id} was not deleted: {error.reason}. Deleted before it: {count} of {len(old)}."
            )
    click.echo(f"Deleted {len(old)}.")


@clients_group.command("register")
@click.argument("url")
@click.option("--dry-run", is_flag=True, help="Only show what the tenant makes of the document.")
@plainly
def register_command(url: str, dry_run: bool) -> None:
    """Register the client whose metadata document (CIMD) is at URL. Doing so again changes nothing."""
    examined = examination(load_state())
    mapped = preview(examined, url).get("mapped_fields") or {}
    rows = [
        (str(name), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in mapped.items()
    ]
    click.echo(table(rows))
    if not dry_run:
        click.echo(clean(f"Registered as {register(examined, url)}."))


commands: list[click.Command] = [clients_group]


def _row(one: Registration) -> tuple[str, str, str, str]:
    return one.client_id, one.how, _age(one.age), one.name


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    hours = max(0.0, seconds) / 3600
    if hours < 1:
        return "< 1 h"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
