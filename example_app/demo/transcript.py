"""What the demo prints. Colours only on a terminal, and not where ``NO_COLOR`` is set."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable
from typing import TextIO

WIDTH = 100


class Transcript:
    """Numbered steps, what was sent and answered in each, and what that means.

    :param stream: where it goes.
    """

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._colours = stream.isatty() and "NO_COLOR" not in os.environ
        self._steps = 0

    def title(self, text: str) -> None:
        """Print a heading that is no step."""
        self._line(self._paint("1", text))

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._line()
        self._line(self._paint("1;36", f"{self._steps}. {text}"))

    def sent(self, text: str) -> None:
        """Print what somebody asked for."""
        self._arrow(self._paint("34", "→"), text)

    def answered(self, text: str, *details: str, good: bool = True) -> None:
        """Print the answer, and below it what of it matters."""
        self._arrow(self._paint("32" if good else "33", "←"), text)
        for detail in details:
            self._wrapped("     ", detail)

    def explain(self, text: str) -> None:
        """Say what it means, in a sentence or two."""
        for line in textwrap.wrap(text, WIDTH - 3):
            self._line("   " + self._paint("2", line))

    def table(self, rows: Iterable[tuple[str, str]]) -> None:
        """Print rows of two columns."""
        rows = list(rows)
        width = max((len(left) for left, _ in rows), default=0)
        for left, right in rows:
            self._line(f"     {left:<{width}}  {textwrap.shorten(right, WIDTH - width - 7, placeholder='…')}")

    def plain(self, text: str = "") -> None:
        """Print lines as they are."""
        self._line(text)

    def failure(self, text: str) -> None:
        """Say what went wrong."""
        self._line()
        self._line(self._paint("1;31", text))

    def _arrow(self, arrow: str, text: str) -> None:
        # Colour codes have no width, so the arrow is put in place of a stand-in once the lines are broken.
        self._wrapped("   > ", text, "   " + arrow + " ")

    def _wrapped(self, prefix: str, text: str, shown: str | None = None) -> None:
        lines = textwrap.wrap(
            text, WIDTH, initial_indent=prefix, subsequent_indent="       ", break_long_words=False,
            break_on_hyphens=False,
        ) or [prefix]  # fmt: skip
        self._line((shown or prefix) + lines[0][len(prefix) :])
        for line in lines[1:]:
            self._line(line)

    def _line(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text
