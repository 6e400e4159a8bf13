"""``flask mcp sync``: the app's protected tools become permissions of the API."""

from __future__ import annotations

import sys

import click

from ..tenant.examination import Examination
from ..tenant.management import ManagementProblem, NotFound
from ..tenant.sync import Difference, carry_out, difference, losers
from .output import confirmed, examination, fail, load_state, note, plainly, table


@click.command("sync", short_help="Define the permissions that the app's tools ask for on the API.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--prune",
    multiple=True,
    metavar="NAME",
    help="Remove this permission, from everybody who has it. Repeatable.",
)
@click.option("--assign-role", metavar="ROLE", help="Let this role bring every permission of the app.")
@plainly
def sync_command(dry_run: bool, yes: bool, prune: tuple[str, ...], assign_role: str | None) -> None:
    """Define the permissions that the app's tools ask for on the API, and touch no others.

    Nothing is written if somebody else changes the list in between.
    """
    examined = examination(load_state())
    try:
        wanted = difference(examined, prune, assign_role)
    except NotFound:
        fail(f"There is no API {examined.settings.resource_server_identifier}. Make it: flask mcp setup")
    _show(wanted, examined)
    if wanted.empty or dry_run:
        return
    if not confirmed("Make these changes?", yes=yes):
        sys.exit(1)
    for text in carry_out(examined, wanted):
        click.echo(f"{click.style('done', fg='green')}  {text}")


commands: list[click.Command] = [sync_command]


def _show(wanted: Difference, examined: Examination) -> None:
    count = len(wanted.before)
    click.echo(
        f"API {examined.settings.resource_server_identifier}, {count} permission{'s' if count != 1 else ''}"
    )
    rows = [("+", need.name, need.description) for need in wanted.add]
    rows += [("-", name, _who_loses(examined, name)) for name in wanted.prune]
    rows += [("+", name, "in the grant of third-party clients") for name in wanted.grant]
    if wanted.role is not None:
        rows += [("+", name, f"brought by the role {wanted.role['name']}") for name in wanted.role_lacks]
    click.echo(table(rows) if rows else "There is nothing to change.")
    if wanted.orphans:
        names = " ".join(f"--prune {name}" for name in wanted.orphans)
        note(
            f"Left alone, though nothing asks for them any more: {', '.join(wanted.orphans)}. Remove: {names}"
        )
    if wanted.add and wanted.role is None:
        note(
            "Who shall use them must hold them: give them to a role with --assign-role ROLE, or in the dashboard."
        )


def _who_loses(examined: Examination, name: str) -> str:
    try:
        roles = losers(examined, name)
    except ManagementProblem as error:
        return f"removed from every role and user ({error.reason})"
    if roles:
        return f"the roles {', '.join(roles)} lose it, and every user who has it directly"
    return "no role has it; users who have it directly lose it"
