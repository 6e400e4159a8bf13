"""Whether a path is the MCP endpoint's or below it, however it is spelled."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

_MAX_ENCODINGS = 8


class CoveredPaths:
    """The MCP path and everything below it, in every spelling that a router or a proxy might take for it.

    Case, doubled and trailing slashes, percent-encoding (of any depth), backslashes, ``;`` parameters, dot
    segments, blanks, compatibility characters.

    Too much is covered rather than too little: what is covered needs a token. Immutable, so safe to share.

    :param mcp_path: the plain path, as in ``/mcp``.
    """

    def __init__(self, mcp_path: str) -> None:
        self._plain = mcp_path
        self._segments = [_folded(segment) for segment in mcp_path.strip("/").split("/")]

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and (path == self._plain or self.covers(path))

    def covers(self, path: str) -> bool:
        """Tell whether ``path`` (decoded once, as WSGI's ``PATH_INFO`` is) may mean the MCP path."""
        for _ in range(_MAX_ENCODINGS):
            if self._starts(path):
                return True
            decoded = unquote(path, errors="replace")
            if decoded == path:
                return False
            path = decoded
        return True

    def _starts(self, path: str) -> bool:
        written: list[str] = []
        resolved: list[str] = []
        for segment in path.replace("\\", "/").split("/"):
            name = _folded(segment)
            if not name:
                if segment.partition(";")[0].strip() == "..":
                    written.append("..")
                    del resolved[-1:]
                continue
            written.append(name)
            resolved.append(name)
        length = len(self._segments)
        return self._segments in (written[:length], resolved[:length])


def _folded(segment: str) -> str:
    plain = segment.partition(";")[0]
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", _in_order(plain))
    return "".join(char for char in plain if char.isprintable() and char != " ").rstrip(".").casefold()


def _in_order(text: str) -> str:
    """Return the NFKD of a text (UAX #15), in time that hardly grows faster than its length.

    ``unicodedata.normalize`` puts the marks of a character in order by insertion: anybody could have it work for
    seconds at a long path of marks, without a token. With those that are in order it is quick.
    """
    done: list[str] = []
    marks: list[str] = []
    for char in "".join([unicodedata.normalize("NFKD", char) for char in text]):
        if unicodedata.combining(char):
            marks.append(char)
            continue
        done += sorted(marks, key=unicodedata.combining)
        marks.clear()
        done.append(char)
    return "".join(done + sorted(marks, key=unicodedata.combining))
