"""``flask mcp doctor``: what is wrong, why, and how to put it right."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from ..errors import ConfigurationError
from ..tenant.doctor import CHECKS, examine, selected
from ..tenant.findings import Check, Cure, Finding, Status, exit_code
from .output import as_json, clean, examination, indented, is_terminal, load_app, load_state, plainly, wrapped

_MARKS: dict[Status, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "failure": ("failure", "red"),
    "skipped": ("skipped", "bright_black"),
}
_GROUPS = ("app", "server", "credentials", "tenant", "api")


@click.command("doctor", short_help="Find what keeps clients from logging in or calling tools.")
@click.option("--json", "json_", is_flag=True, help="For programs: a list of findings.")
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="Only this check (T1, A10 …) or group (app, server, credentials, tenant, api). Repeatable.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    envvar="WEB_CONCURRENCY",
    help="How many worker processes serve the app [default: WEB_CONCURRENCY].",
)
@plainly
def doctor_command(json_: bool, only: tuple[str, ...], workers: int | None) -> None:
    """Look the app and its tenant over: what is wrong, why, and how to put it right.

    Changes nothing. Exit code 0: all is well. 1: warnings, or something could not be looked at. 2: failures.
    """
    wanted = _wanted(only)
    try:
        load_app()
    except ConfigurationError as error:
        findings = [_of_configuration(error)]
    else:
        examined = examination(load_state(), workers=workers)
        findings = []
        with _Progress(len(selected(wanted))) as progress:
            findings += examine(examined, wanted, progress.before)
    if json_:
        click.echo(as_json([finding.as_json() for finding in findings]))
    else:
        _show(findings)
    sys.exit(exit_code(findings))


commands: list[click.Command] = [doctor_command]


def _wanted(only: Iterable[str]) -> frozenset[str]:
    known = {check.id for check in CHECKS}
    wanted = set()
    for name in only:
        if name.upper() in known:
            wanted.add(name.upper())
        elif name.lower() in _GROUPS:
            wanted.add(name.lower())
        else:
            raise click.BadParameter(
                f"there is no check {name!r}; there are {', '.join(sorted(known))} and the groups {', '.join(_GROUPS)}",
                param_hint="--only",
            )
    return frozenset(wanted)


def _of_configuration(error: ConfigurationError) -> Finding:
    reason = "; ".join(error.problems)
    cure = Cure("set them before init_app; docs/configuration.md explains every key")
    return Finding("S1", "Settings", "app", "failure", reason, cure, "the app does not start")


def _show(findings: list[Finding]) -> None:
    lead = 6 + 9 + max((len(finding.title) for finding in findings), default=0) + 2
    for finding in findings:
        word, colour = _MARKS[finding.status]
        title = finding.title.ljust(lead - 15)
        first, *rest = wrapped(finding.reason, lead)
        click.echo(f"  {finding.id:<4}{click.style(word.ljust(9), fg=colour)}{title}{first}")
        for line in rest:
            click.echo(" " * lead + line)
        if finding.status in ("warning", "failure"):
            _advise(finding)
    counted = {status: sum(one.status == status for one in findings) for status in _MARKS}
    parts = [f"{counted['ok']} ok"]
    parts += [_plural(counted[name], name) for name in ("warning", "failure") if counted[name]]
    parts += [f"{counted['skipped']} skipped"] if counted["skipped"] else []
    click.echo(f"\n{', '.join(parts)}.")
    if any(finding.incomplete for finding in findings):
        click.echo("Not everything could be looked at: see what was skipped, and why.")


def _advise(finding: Finding) -> None:
    """Say what it is felt as, and what helps; lines to copy are never broken."""
    if finding.explains:
        click.echo(indented(f"Seen as: {finding.explains}.", 15))
    cure = finding.cure
    if cure.command:
        click.echo(" " * 15 + "Run: " + click.style(clean(cure.command), bold=True))
    if cure.dashboard:
        click.echo(indented(f"{'Or: ' if cure.command else 'Cure: '}{cure.dashboard}", 15))
    if cure.auth0:
        click.echo(" " * 15 + clean(f"Or: {cure.auth0}"))


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _title(item: object) -> str | None:
    return None if item is None else str(item)


class _Progress:
    """A bar on standard error, where somebody looks at it."""

    def __init__(self, length: int) -> None:
        self._bar = (
            click.progressbar(length=length, file=sys.stderr, item_show_func=_title)
            if is_terminal()
            else None
        )

    def __enter__(self) -> _Progress:
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            click.echo("\r\x1b[2K\x1b[1A\x1b[2K", nl=False, err=True)

    def before(self, check: Check) -> None:
        if self._bar is not None:
            self._bar.update(1, check.title)
