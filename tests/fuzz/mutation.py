"""Mutations: small and large changes to what would be right, each made from a seed, so that it can be repeated."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

#: Values that have broken servers before.
ODD: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53,
    2**63,
    -(2**63),
    2**64,
    10**300,
    1.5,
    -0.0,
    1e308,
    1e-320,
    "",
    " ",
    "0",
    "null",
    "\x00",
    "\x7f",
    "\u2028",
    "\ud800",
    "\udfff\ud800",
    "\U0001f600",
    "é",
    "e\u0301",
    "İ",
    "a" * 300,
    "x" * 5000,
    "../../etc/passwd",
    "%00",
    "%2e%2e%2f",
    "=?base64?!?=",
    "{}",
    "${7*7}",
    "\r\nX: y",
    "tool:free",
    "auth0|ada",
    "doc://a/b",
    "file:///etc/passwd",
    "2026-07-28",
    "2025-11-25",
    "1900-01-01",
    [],
    {},
    [[]],
    [None],
    [0] * 60,
    {"": ""},
    {"a": {"b": {"c": []}}},
    {"__proto__": 1},
    {"$ref": "#"},
)
#: Texts of JSON that a value cannot stand for.
_LITERALS = (
    b"NaN",
    b"Infinity",
    b"1e400",
    b"-1e400",
    b"01",
    b"1" * 5000,
    b'"\\ud800"',
    b"\xff",
    b"'a'",
    b"//",
)
_BYTES = b'{}[]",:\\\x00\xff\xc3\x28\xed\xa0\x80 0e-'


def odd(turn: random.Random) -> Any:
    """Return a value that is seldom expected."""
    if turn.random() < 0.1:
        return nested(turn.choice((3, 30, 63, 64, 65, 66, 200)), turn.random() < 0.5)
    if turn.random() < 0.2:
        return "".join(
            chr(turn.choice((turn.randrange(128), turn.randrange(0x11000))))
            for _ in range(turn.randrange(20))
        )
    return copy.deepcopy(turn.choice(ODD))


def nested(depth: int, of_lists: bool) -> Any:
    """Return lists or objects within each other."""
    value: Any = 0
    for _ in range(depth):
        value = [value] if of_lists else {"a": value}
    return value


def mutated(value: Any, turn: random.Random, changes: int = 1) -> Any:
    """Return a copy of a JSON value with so many changes."""
    value = copy.deepcopy(value)
    for _ in range(changes):
        value = _changed(value, turn)
    return value


def _changed(value: Any, turn: random.Random) -> Any:
    if isinstance(value, dict) and value and turn.random() < 0.85:
        key = turn.choice(list(value))
        what = turn.random()
        if what < 0.1:
            del value[key]
        elif what < 0.2:
            value[str(odd(turn))] = value.pop(key)
        elif what < 0.3:
            value[str(odd(turn))] = odd(turn)
        else:
            value[key] = _changed(value[key], turn)
        return value
    if isinstance(value, list) and value and turn.random() < 0.8:
        place = turn.randrange(len(value))
        what = turn.random()
        if what < 0.2:
            del value[place]
        elif what < 0.4:
            value.insert(place, copy.deepcopy(value[place]))
        else:
            value[place] = _changed(value[place], turn)
        return value
    if isinstance(value, str) and value and turn.random() < 0.5:
        return bent(value, turn)
    if type(value) is int and abs(value) < 2**64 and turn.random() < 0.4:
        return turn.choice((-value, value + 1, value * 10**9, float(value), str(value), bool(value)))
    return odd(turn)


def bent(text: str, turn: random.Random) -> str:
    """Return a text with a few characters changed."""
    for _ in range(turn.randrange(1, 4)):
        place = turn.randrange(len(text) + 1)
        what = turn.randrange(5)
        if what == 0:
            text = text[:place] + text[place + 1 :]
        elif what == 1:
            text = (
                text[:place] + chr(turn.choice((turn.randrange(128), turn.randrange(0x300)))) + text[place:]
            )
        elif what == 2:
            text = text[:place] + text[:place]
        elif what == 3:
            text = text[:place].swapcase() + text[place:]
        else:
            text = text[:place]
    return text[:20_000]


def written(value: Any, turn: random.Random) -> bytes:
    """Return a value as JSON, in one of its spellings, perhaps no longer JSON."""
    body = json.dumps(
        value,
        ensure_ascii=turn.random() < 0.7,
        separators=turn.choice(((",", ":"), (", ", ": "))),
        indent=turn.choice((None, None, None, 1)),
    ).encode("utf-8", "surrogatepass")
    if turn.random() < 0.15:
        for literal in turn.sample(_LITERALS, 1):
            body = body.replace(turn.choice((b"1", b"null", b'""', b"true", b"0")), literal, 1)
    if turn.random() < 0.15:
        body = torn(body, turn)
    return body


def torn(body: bytes, turn: random.Random) -> bytes:
    """Return bytes with some lost, doubled or changed."""
    data = bytearray(body)
    for _ in range(turn.randrange(1, 5)):
        place = turn.randrange(len(data) + 1)
        what = turn.randrange(4)
        if what == 0:
            del data[place : place + turn.randrange(1, 9)]
        elif what == 1:
            data.insert(place, turn.choice(_BYTES))
        elif what == 2:
            data[place:place] = data[place : place + turn.randrange(1, 40)]
        else:
            del data[place:]
    return bytes(data)
