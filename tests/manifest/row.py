"""One promise and its tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["MUST", "SHOULD", "MAY", "product"]


@dataclass(frozen=True)
class Row:
    """One rule.

    :param id: stable, unique; letters for the area, then a number.
    :param level: how strongly the specification demands it (RFC 2119), or ``product`` for our own word.
    :param rule: the rule, complete in itself.
    :param tests: ``file::function`` from the root of the repository.
    :param checks: ``scenario/check`` of the official suite that hold it, too.
    """

    id: str
    level: Level
    rule: str
    tests: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
