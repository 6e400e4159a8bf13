"""Files for their owner alone: keys, and the state with its passwords."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600

# Windows knows neither this nor fchmod.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_private(path: Path, *, mode: int = PRIVATE) -> int:
    """Open a file for reading and writing, made if there is none, and return its descriptor.

    Whoever put it there first, or an older umask, must not decide who reads what gets written: it has ``mode``
    before anything is, and is no link to elsewhere.

    :raises OSError: if it is a link, or somebody else's.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, mode)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
    except OSError as error:
        os.close(descriptor)
        raise PermissionError(error.errno, "it belongs to somebody else", str(path)) from error
    return descriptor


def write_private(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file as :func:`open_private` opens it, in place of what was in it.

    :raises OSError: as there, or if it cannot be written.
    """
    with os.fdopen(open_private(path, mode=mode), "r+b") as file:
        file.truncate()
        file.write(data)
