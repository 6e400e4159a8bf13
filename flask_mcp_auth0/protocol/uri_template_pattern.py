"""Elements of a pattern, and the positions of a text that they reach: in linear time, whatever the text.

A set of positions is one integer, a bit a position, so that an element is applied to all of them at once; no
position is ever tried twice, as a backtracking regular expression would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """A run of characters that is captured.

    :param characters: the characters it may hold.
    :param least: how many it has at least, 0 or 1.
    :param tag: what the capture is for.
    """

    characters: str
    least: int
    tag: T


@dataclass(frozen=True, slots=True)
class Maybe(Generic[T]):
    """All of these or none; taken where both fit."""

    elements: tuple[Element[T], ...]


Element = Literal | Run[T] | Maybe[T]

#: For each element of a sequence the positions before it, and what was reached inside it.
_Trail = list[tuple[int, "tuple[_Trail, int] | None"]]


def match(elements: Sequence[Element[T]], text: str) -> list[tuple[T, str]] | None:
    """Return what the runs of a sequence capture if it describes the whole text.

    Where a text can be divided in several ways, a later run takes as little as it can.

    :param text: ASCII, its percent-encodings well-formed; none is ever divided.
    """
    reach = _Reach(text)
    trail, after = reach.through(elements, 1)
    if not after >> len(text) & 1:
        return None
    captures: list[tuple[T, str]] = []
    reach.back(elements, trail, len(text), captures)
    captures.reverse()
    return captures


class _Reach:
    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        percent = self._where("%")
        self._boundaries = ~(percent << 1 | percent << 2)

    def through(self, elements: Sequence[Element[T]], positions: int) -> tuple[_Trail, int]:
        """Return the positions reached through all elements, and those before each."""
        trail: _Trail = []
        for element in elements:
            inside: tuple[_Trail, int] | None = None
            before = positions
            if isinstance(element, Literal):
                positions = (before & self._starts(element.text)) << len(element.text)
            elif isinstance(element, Run):
                run = self._where(element.characters)
                if element.least:
                    positions = (before & run) << 1
                # Adding carries each position to the end of its run (Cameron et al., parallel bit streams).
                positions = (((positions & run) + run) ^ run | positions) & self._boundaries
            else:
                inside = self.through(element.elements, before)
                positions = before | inside[1]
            trail.append((before, inside))
        return trail, positions

    def back(
        self, elements: Sequence[Element[T]], trail: _Trail, end: int, captures: list[tuple[T, str]]
    ) -> int:
        """Walk back from a position that was reached, and collect the captures, last first."""
        for element, (before, inside) in zip(reversed(elements), reversed(trail), strict=True):
            if isinstance(element, Literal):
                end -= len(element.text)
            elif isinstance(element, Run):
                # The nearest of the positions before is in the same run, or none would have reached the end.
                start = (before & ((2 << (end - element.least)) - 1)).bit_length() - 1
                captures.append((element.tag, self._text[start:end]))
                end = start
            elif inside is not None and inside[1] >> end & 1:
                end = self.back(element.elements, inside[0], end, captures)
        return end

    def _where(self, characters: str) -> int:
        """Return the positions of these characters."""
        found = self._found.get(characters)
        if found is None:
            found = int(self._text.translate(_table(characters))[::-1] or "0", 2)
            self._found[characters] = found
        return found

    def _starts(self, literal: str) -> int:
        """Return the positions at which a literal begins."""
        starts = self._begun.get(literal)
        if starts is None:
            marks = bytearray(b"0") * (len(self._text) + 1)
            at = self._text.find(literal)
            while at >= 0:
                marks[-1 - at] = ord("1")
                at = self._text.find(literal, at + 1)
            starts = self._begun[literal] = int(marks, 2)
        return starts


@lru_cache(maxsize=256)
def _table(characters: str) -> dict[int, str]:
    return {code: "1" if chr(code) in characters else "0" for code in range(128)}
