"""Where commands take a token from: a file, standard input, the environment. Never the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from .output import fail

#: Longer than any token that is accepted; more is not read.
_LONGEST = 65_536


def read_token(file: Path | None = None, *, variable: str | None = None) -> str:
    """Return a token, without ``Bearer`` and white space around it.

    :param file: ``-`` or ``None`` for standard input.
    :param variable: an environment variable instead.
    :raises Failed: if there is none. The token is never repeated.
    """
    if variable is not None:
        text = os.environ.get(variable, "")
        if not text:
            fail(f"The environment variable {variable} is not set.")
    elif file is not None and str(file) != "-":
        try:
            with file.open(encoding="utf-8") as opened:
                text = opened.read(_LONGEST)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{file} cannot be read: {type(error).__name__}.")
    elif sys.stdin.isatty():
        text = click.prompt("Access token", hide_input=True, err=True)
    else:
        text = sys.stdin.read(_LONGEST)
    token = text.strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token:
        fail("There is no token to read: pipe it in, or name a file.")
    return token
