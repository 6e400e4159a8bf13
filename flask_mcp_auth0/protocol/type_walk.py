"""A way through pydantic's core schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Node = dict[str, Any]

#: Where a node holds other nodes. What is elsewhere (defaults, literals, metadata, classes) is data.
_ONE = (
    *(
        "schema",
        "keys_schema",
        "values_schema",
        "extras_schema",
        "extras_keys_schema",
        "json_schema",
        "python_schema",
    ),
    *(
        "lax_schema",
        "strict_schema",
        "arguments_schema",
        "var_args_schema",
        "var_kwargs_schema",
        "items_schema",
    ),
)
_SEVERAL = ("steps", "definitions", "choices", "fields", "items_schema", "arguments_schema", "schemas")


def children(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes directly below a node."""
    for key in _ONE:
        if isinstance(node.get(key), Mapping):
            yield node[key]
    for key in _SEVERAL:
        held = node.get(key)
        if isinstance(held, Mapping) and key not in _ONE:
            held = list(held.values())
        if isinstance(held, list):
            for one in held:
                # A union may name its choices: (schema, name).
                schema = one[0] if isinstance(one, tuple) else one
                if isinstance(schema, Mapping):
                    yield schema


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
    for key in _ONE:
        if isinstance(node.get(key), Mapping):
            copy[key] = rebuilt(node[key], change)
    for key in _SEVERAL:
        held = node.get(key)
        if isinstance(held, list):
            copy[key] = [_rebuilt_choice(one, change) for one in held]
        elif isinstance(held, Mapping) and key not in _ONE:
            copy[key] = {name: _rebuilt_choice(one, change) for name, one in held.items()}
    return change(copy)


def _rebuilt_choice(one: Any, change: Callable[[Node], Node]) -> Any:
    if isinstance(one, tuple):
        return (_rebuilt_choice(one[0], change), *one[1:])
    return rebuilt(one, change) if isinstance(one, Mapping) else one
