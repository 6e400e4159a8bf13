"""What a check found: one word, one reason, and how to put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .examination import Examination

Status = Literal["ok", "warning", "failure", "skipped"]
Group = Literal["app", "server", "credentials", "tenant", "api"]


@dataclass(frozen=True, slots=True)
class Cure:
    """How to put something right; each of the three is a way of its own.

    :param dashboard: where to click in the Auth0 Dashboard, or what to change in the app.
    :param auth0: a line for Auth0's own command line tool.
    :param command: a command of ours.
    """

    dashboard: str | None = None
    auth0: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check says."""

    status: Status
    reason: str
    cure: Cure = Cure()
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """An outcome with the check that it is of.

    :param explains: the trouble that people see when this is wrong.
    :param incomplete: skipped because it could not be looked at, not because it does not apply.
    """

    id: str
    title: str
    group: Group
    status: Status
    reason: str
    cure: Cure
    explains: str
    incomplete: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. ``run`` returns an outcome, or raises what :mod:`.doctor` turns into one."""

    id: str
    title: str
    group: Group
    explains: str
    run: Callable[[Examination], Outcome]


class Checks(list[Check]):
    """The checks of one module, collected by a decorator."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self._group: Group = group

    def add(
        self, id: str, title: str, explains: str = ""
    ) -> Callable[[Callable[[Examination], Outcome]], Callable[[Examination], Outcome]]:
        """Make a function a check."""

        def decorate(run: Callable[[Examination], Outcome]) -> Callable[[Examination], Outcome]:
            self.append(Check(id, title, self._group, explains, run))
            return run

        return decorate


def ok(reason: str) -> Outcome:
    """Nothing to do."""
    return Outcome("ok", reason)


def warning(reason: str, cure: Cure | None = None) -> Outcome:
    """It works, with a drawback, or not for everybody."""
    return Outcome("warning", reason, cure or Cure())


def failure(reason: str, cure: Cure | None = None) -> Outcome:
    """Somebody cannot log in, or a tool cannot be called."""
    return Outcome("failure", reason, cure or Cure())


def skipped(reason: str, *, incomplete: bool = False, cure: Cure | None = None) -> Outcome:
    """It was not looked at."""
    return Outcome("skipped", reason, cure or Cure(), incomplete)


def exit_code(findings: Iterable[Finding]) -> int:
    """0: nothing is wrong. 1: warnings, or something could not be looked at. 2: failures."""
    found = list(findings)
    if any(one.status == "failure" for one in found):
        return 2
    return int(any(one.status == "warning" or one.incomplete for one in found))
