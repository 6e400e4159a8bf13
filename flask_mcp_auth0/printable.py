"""Texts of others, on their way to a log, a terminal or a message."""

from __future__ import annotations


def printable_only(text: str, instead: str = "?", keep: str = "") -> str:
    """Return a text in which nothing begins a line or moves a cursor.

    :param instead: what stands for each character that is not printable.
    :param keep: characters that stay all the same.
    """
    return "".join(char if char.isprintable() or char in keep else instead for char in text)
