"""What the variables of a template are in a URI that it describes: decoded once, and safe to use as names.

See :mod:`.uri_template_match` for the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from .uri_template_syntax import Variable

Value = str | list[str]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Capture:
    """What a run holds: a variable's value, or all of its values where it is exploded.

    :param symbol: of the operator.
    :param after_slash: whether the template has a slash right before it.
    """

    variable: Variable
    symbol: str
    after_slash: bool = False


def read(captures: Iterable[tuple[Capture, str]]) -> Iterable[tuple[Variable, Value | None]]:
    """Yield the value of each capture, ``None`` where it is unusable."""
    for capture, raw in captures:
        yield capture.variable, _value(capture, raw)


def _value(capture: Capture, raw: str) -> Value | None:
    variable, symbol = capture.variable, capture.symbol
    if not variable.explode:
        value = _safe(raw, capture)
        return None if value is None or (variable.prefix and len(value) > variable.prefix) else value
    if symbol == ";":
        return _path_style_values(variable.name, raw, capture)
    items = [_safe(item, capture) for item in raw.split(symbol if symbol in ("/", ".") else ",")]
    whole = [item for item in items if item]
    return whole if len(whole) == len(items) else None


def _path_style_values(name: str, raw: str, capture: Capture) -> Value | None:
    first, *others = raw.split(";")
    named = [other.partition("=") for other in others]
    raws = [first, *(value for _, _, value in named)]
    items = [_safe(item, capture) for item in raws if "=" not in item]
    whole = [item for item in items if item]
    same = all(other == name for other, _, _ in named)
    return whole if same and len(whole) == len(raws) else None


def _safe(raw: str, capture: Capture) -> str | None:
    value = decoded(raw)
    if value is None or _CONTROL.search(value):
        return None
    segments = re.split(r"[/\\]", value)
    if capture.symbol not in ("+", "#"):
        return value if len(segments) == 1 and value not in (".", "..") else None
    if ".." in segments or (capture.after_slash and not segments[0] and len(segments) > 1):
        return None
    return value


def decoded(raw: str) -> str | None:
    """Undo percent-encoding, once; ``None`` where that gives no UTF-8."""
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        return None


def agreed(found: Iterable[tuple[Variable, Value | None]]) -> dict[str, Value] | None:
    """Return the values by name; ``None`` if one is unusable, or a variable is not the same everywhere."""
    values: dict[str, Value] = {}
    prefixes: list[tuple[Variable, str]] = []
    for variable, value in found:
        if value is None:
            return None
        if variable.prefix and isinstance(value, str):
            prefixes.append((variable, value))
        elif values.setdefault(variable.name, value) != value:
            return None
    for variable, value in sorted(prefixes, key=lambda each: -each[0].prefix):
        whole = values.setdefault(variable.name, value)
        if not isinstance(whole, str) or whole[: variable.prefix] != value:
            return None
    return values
