"""What a plan is made of: steps, each with what is there now, and what setup was told to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .examination import Examination

Write = Callable[[Examination], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One change, with what is there now.

    :param check: the check that it cures.
    :param scope: what the grant must allow for it.
    :param write: makes the change.
    """

    check: str
    title: str
    before: str
    after: str
    scope: str
    write: Write = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What setup does only when it is told to.

    :param dcr: open dynamic client registration, which lets anybody register a client.
    :param default_audience: make the API the default audience, which changes other applications' tokens.
    :param consent_descriptions: show descriptions on every application's consent page.
    :param connection: open this connection to third-party clients.
    :param all_scopes: let third-party clients ask for every permission of the API, future ones included.
    """

    dcr: bool = False
    default_audience: bool = False
    consent_descriptions: bool = False
    connection: str | None = None
    all_scopes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are made, and what is left to a person."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]

    def missing_scopes(self, granted: frozenset[str] | None) -> tuple[str, ...]:
        """Return the scopes that its steps need and the grant does not have."""
        if granted is None:
            return ()
        return tuple(sorted({step.scope for step in self.steps} - granted))


def shown(value: Any) -> str:
    """Return a setting as a plan shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in (None, "") else "set" if isinstance(value, dict | list) else str(value)
