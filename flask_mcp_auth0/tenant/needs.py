"""Which permissions the app's tools, resources and prompts ask for: what the API has to define."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from ..auth.requirement import Requirement
from ..protocol.bound import Bound
from ..protocol.schema import describe
from ..settings import IDENTITY_SCOPES

_NOT_OF_THE_API = frozenset({*IDENTITY_SCOPES, "offline_access"})
_LONGEST_DESCRIPTION = 200


@dataclass(frozen=True, slots=True)
class Need:
    """A permission (or scope) of the API.

    :param name: as in ``tool:close_month``.
    :param description: for the consent page and the dashboard.
    :param used_by: the components that ask for it, as in ``tool close_month``.
    """

    name: str
    description: str
    used_by: tuple[str, ...]


def needs_of(components: Iterable[Bound]) -> dict[str, Need]:
    """Return what the components ask for, by name, in their order."""
    users: dict[str, list[tuple[str, str]]] = {}
    for bound in components:
        component = bound.component
        requirement = cast(Requirement, component.requirement)
        names: list[str] = []
        if requirement.protected:
            names += requirement.names(f"{component.kind}:{component.name}")
        names += [scope for scope in requirement.scopes if scope not in _NOT_OF_THE_API]
        text = component.description or describe(component.function).summary or ""
        for name in dict.fromkeys(names):
            users.setdefault(name, []).append((f"{component.kind} {component.name}", _first_line(text)))
    return {name: Need(name, _description(by), tuple(user for user, _ in by)) for name, by in users.items()}


def _description(used_by: list[tuple[str, str]]) -> str:
    if len(used_by) == 1 and used_by[0][1]:
        return used_by[0][1]
    text = "Use " + ", ".join(user.partition(" ")[2] for user, _ in used_by)
    return text[:_LONGEST_DESCRIPTION]


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0].strip()
    return "".join(char for char in line if char.isprintable())[:_LONGEST_DESCRIPTION]
