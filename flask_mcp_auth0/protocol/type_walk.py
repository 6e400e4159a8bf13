"""A way through pydantic's core schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Node = dict[str, Any]

#: Where a node holds other nodes: one, a list of them, or a mapping. What is elsewhere (defaults, literals, metadata,
#: classes) is data.
_HOLDERS = [
    "arguments_schema",
    "choices",
    "definitions",
    "extras_keys_schema",
    "extras_schema",
    "fields",
    "items_schema",
    "json_schema",
    "keys_schema",
    "lax_schema",
    "python_schema",
    "schema",
    "steps",
    "strict_schema",
    "values_schema",
    "var_args_schema",
    "var_kwargs_schema",
]


def children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the nodes directly below a node."""
    found: list[Mapping[str, Any]] = []
    for key in _HOLDERS:
        if key in node:
            _each(node[key], found.append)
    return found


def below(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a node and all nodes below it, without following references."""
    todo = [node]
    while todo:
        here = todo.pop()
        yield here
        todo += children(here)


def rebuilt(node: Mapping[str, Any], change: Callable[[Node], Node]) -> Node:
    """Return a copy of a node in which every node was changed, those below first."""
    copy = dict(node)
    for key in _HOLDERS:
        if key in copy:
            copy[key] = _each(copy[key], lambda inner: rebuilt(inner, change))
    return change(copy)


def _each(held: Any, make: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Return what is made of each node that is held somewhere, held in the same way."""
    if isinstance(held, list):
        return [_each(one, make) for one in held]
    if isinstance(held, tuple):  # a choice of a union that has a name: (schema, name)
        return (_each(held[0], make), *held[1:])
    if not isinstance(held, Mapping):
        return held
    # A field may be called "type" as well, and is no text.
    if isinstance(held.get("type"), str):
        return make(held)
    return {name: _each(one, make) for name, one in held.items()}
