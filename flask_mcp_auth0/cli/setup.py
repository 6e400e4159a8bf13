"""``flask mcp setup``: put the tenant right."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ..tenant.apply import apply
from ..tenant.examination import Examination
from ..tenant.plan import READS, make_plan
from ..tenant.steps import Plan, Step, Wishes
from .output import confirmed, examination, fail, load_state, note, plainly, table


@click.command("setup", short_help="Put the tenant right: show what would change, then change it.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dcr", is_flag=True, help="Open dynamic client registration: anybody may register a client.")
@click.option(
    "--default-audience",
    is_flag=True,
    help="Make the API the default audience of every application of the tenant.",
)
@click.option(
    "--consent-descriptions",
    is_flag=True,
    help="Show what permissions mean on every consent page of the tenant.",
)
@click.option("--connection", metavar="NAME", help="Open this connection to third-party clients.")
@click.option(
    "--grant-all",
    is_flag=True,
    help="Let third-party clients ask for every permission of the API, future ones too.",
)
@plainly
def setup_command(
    dry_run: bool,
    yes: bool,
    dcr: bool,
    default_audience: bool,
    consent_descriptions: bool,
    connection: str | None,
    grant_all: bool,
) -> None:
    """Work out what the tenant lacks, show it as a plan, and carry it out after a yes.

    It can be run again and again: what is right already is left alone. The application needs scopes for
    writing, which it does not need at work; an administrator's Management API token in the environment
    variable AUTH0_MANAGEMENT_TOKEN is used instead where it is set.
    """
    examined = examination(load_state())
    wishes = Wishes(dcr, default_audience, consent_descriptions, connection, grant_all)
    granted = examined.management.scopes
    if granted is not None:
        _demand([scope for scope in READS if scope not in granted])
    plan = make_plan(examined, wishes)
    _show(plan, examined)
    if not plan.steps:
        return
    _demand(plan.missing_scopes(granted))
    if dry_run:
        return
    if not confirmed("Make these changes?", yes=yes):
        sys.exit(1)
    _apply(plan, examined)


commands: list[click.Command] = [setup_command]


def _demand(missing: Sequence[str]) -> None:
    """Name every scope that lacks at once, before anything is changed."""
    if missing:
        fail(
            f"Nothing was changed: the application's grant for the Management API lacks {', '.join(missing)}. Grant "
            "them, or set AUTH0_MANAGEMENT_TOKEN to an administrator's token."
        )


def _show(plan: Plan, examined: Examination) -> None:
    click.echo(f"Tenant {examined.settings.management_url}")
    if plan.steps:
        rows = [(step.check, step.title, step.before, "->", step.after) for step in plan.steps]
        click.echo(table(rows))
    else:
        click.echo("There is nothing to change.")
    for text in plan.notes:
        note(f"Left alone: {text}")


def _apply(plan: Plan, examined: Examination) -> None:
    def said(step: Step) -> None:
        click.echo(f"{click.style('done', fg='green')}  {step.check}  {step.title}")

    applied = apply(plan, examined, said)
    if applied.failed is None:
        click.echo("The tenant is set up. See for yourself: flask mcp doctor")
        return
    left = ", ".join(f"{step.check} ({step.title})" for step in applied.left)
    fail(
        f"{applied.failed.check} ({applied.failed.title}) did not work: {applied.reason}.\n"
        f"Done: {', '.join(step.check for step in applied.done) or 'nothing'}. "
        f"Not tried: {left or 'nothing more'}.\n"
        "Put that right and run flask mcp setup again: it goes on from here."
    )
