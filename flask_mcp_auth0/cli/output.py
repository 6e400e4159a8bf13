"""What the commands share: finding the app, tables, colours where there is a terminal, errors without traces."""

from __future__ import annotations

import functools
import logging
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import click
from flask import Flask
from flask.cli import NoAppException, ScriptInfo

from ..errors import Auth0MCPError, ConfigurationError
from ..printable import printable_only

if TYPE_CHECKING:
    from ..app_state import AppState
    from ..tenant.examination import Examination

P = ParamSpec("P")
T = TypeVar("T")

WIDEST = 120


class Failed(click.ClickException):
    """The command did not do what it was asked to; exit code 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(clean_lines(message))


def load_app() -> Flask:
    """Return the app that ``flask --app`` names.

    :raises Failed: saying why there is none; never with a trace.
    """
    info = click.get_current_context().ensure_object(ScriptInfo)
    try:
        return info.load_app()
    except ConfigurationError:
        raise
    except NoAppException as error:
        raise Failed(error.message) from None
    except Auth0MCPError as error:
        raise Failed(str(error)) from None
    except Exception as error:
        raise Failed(f"The app cannot be loaded: {type(error).__name__}: {error}") from None


def load_state() -> AppState:
    """Return what the app has of the extension.

    :raises Failed: if there is no app, its configuration is wrong, or it has no Auth0MCP.
    """
    from ..app_state import EXTENSION, AppState

    try:
        app = load_app()
    except ConfigurationError as error:
        raise Failed(str(error)) from None
    state = app.extensions.get(EXTENSION)
    if not isinstance(state, AppState):
        raise Failed(f"The app {app.name!r} has no Auth0MCP: call mcp.init_app(app).")
    return state


def examination(state: AppState, *, workers: int | None = None) -> Examination:
    """Return a fresh look at the app and its tenant, at the pace of a free plan."""
    from ..tenant.examination import Examination
    from ..tenant.pace import Pace

    return Examination(state, Pace(said=note), workers=workers)


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Turn what a command raises for people into one line, and keep our log out of its output."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        from ..tenant.management import ManagementProblem, MissingScope

        with _quiet():
            try:
                return command(*args, **kwargs)
            except MissingScope as error:
                raise Failed(
                    f"{error.reason}. Grant it in the Auth0 Dashboard under Applications > APIs > Auth0 Management API "
                    "> Application Access, or set AUTH0_MANAGEMENT_TOKEN to an administrator's token."
                ) from None
            except ManagementProblem as error:
                raise Failed(error.reason) from None
            except Auth0MCPError as error:
                raise Failed(str(error)) from None

    return wrapped


@contextmanager
def _quiet() -> Iterator[None]:
    """Commands say themselves what the log would."""
    logger = logging.getLogger("flask_mcp_auth0")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def fail(text: str) -> NoReturn:
    """End with one line and exit code 2."""
    raise Failed(text)


def note(text: str) -> None:
    """Tell people something that programs must not read: it goes to standard error."""
    click.echo(clean_lines(text), err=True)


def is_terminal() -> bool:
    """Tell whether progress makes sense: somebody looks at standard error."""
    return sys.stderr.isatty()


def width() -> int:
    """Return how many columns there are to write in."""
    return min(shutil.get_terminal_size((100, 24)).columns, WIDEST)


def table(rows: Sequence[Sequence[str]], header: Sequence[str] | None = None) -> str:
    """Return aligned columns; the last one is wrapped."""
    every = [list(header)] if header else []
    every += [[clean(cell) for cell in row] for row in rows]
    if not every:
        return ""
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))]
    lines: list[str] = []
    for index, row in enumerate(every):
        lead = "".join(cell.ljust(size + 2) for cell, size in zip(row[:-1], widths[:-1], strict=True))
        room = max(24, width() - len(lead))
        wrapped = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
        text = (lead + wrapped[0]).rstrip()
        lines.append(click.style(text, bold=True) if header and index == 0 else text)
        lines += [" " * len(lead) + rest for rest in wrapped[1:]]
    return "\n".join(lines)


def wrapped(text: str, lead: int) -> list[str]:
    """Return the lines of a text that stands beside ``lead`` columns of something else."""
    return textwrap.wrap(
        clean(text), max(30, width() - lead), break_on_hyphens=False, break_long_words=False
    ) or [""]


def indented(text: str, by: int) -> str:
    """Return a paragraph, wrapped and moved to the right."""
    space = " " * by
    return textwrap.fill(
        clean(text), width(), initial_indent=space, subsequent_indent=space, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; without one, nothing is done unless ``--yes`` says so."""
    if yes:
        return True
    if not _somebody_is_there():
        note("Nothing was changed: answer with --yes where nobody can be asked.")
        return False
    return click.confirm(question)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def as_json(value: Any) -> str:
    """Return JSON for programs, which a terminal can show as well: what is not printable is escaped."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    # Outside strings JSON has nothing but printable characters and line breaks.
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def clean(text: str) -> str:
    """Return what somebody else says as one line: it must not move the cursor."""
    return printable_only(text, " ")


#: Line breaks, tabs, and the two joiners that some scripts and emoji are written with.
_KEPT = "\n\t\u200c\u200d"


def clean_lines(text: str) -> str:
    """Return what somebody else says without anything but text, line breaks and tabs."""
    return printable_only(text, " ", _KEPT)
