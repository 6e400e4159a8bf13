"""Types of parameters that a client could have checked for hours.

A union that leads back to itself through more than one of its arms is tried arm by arm at every level of the
arguments: 30 levels of ``{"children": [...]}`` are some hundred bytes, and 2³⁰ attempts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

#: Stands for every property and every item.
_ANY = "*"


def costly_union(schema: Schema) -> list[str] | None:
    """Look for a union whose check takes twice as long, or longer, with every level of the arguments.

    That takes two arms that lead back to the union in the same place: by a property of the same name, or by
    items. A union with a discriminator goes straight to one arm, and is none.

    :param schema: a JSON Schema as pydantic generates it, references being to its own ``$defs``. Each union
        that has a discriminator bears the key ``discriminator``.
    :return: the arms' names, ``None`` if there is no such union.
    """
    return next((found for part in _below(schema) for found in [_costly_arms(part, schema)] if found), None)


def _costly_arms(union: Schema, root: Schema) -> list[str] | None:
    arms = union.get("anyOf") or union.get("oneOf")
    if not isinstance(arms, list) or "discriminator" in union:
        return None
    ways: dict[str, list[str]] = {}
    for arm in arms:
        for way in _ways_back(_resolved(arm, root), union, root):
            ways.setdefault(way, []).append(_name_of(arm))
    for wild in ("object", "array"):
        # What leads back through any property collides with what does so through a certain one.
        through_any = ways.get(f"{wild}:{_ANY}", [])
        for way, names in ways.items():
            if way.startswith(f"{wild}:"):
                together = names if way.endswith(_ANY) else [*through_any, *names]
                if len(together) > 1:
                    return together
    return None


def _ways_back(arm: Schema, union: Schema, root: Schema) -> Iterator[str]:
    """Yield where in a value of an arm the union comes again: ``object:children``, ``object:*``, ``array:*``."""
    for name, inner in arm.get("properties", {}).items():
        if _leads_to(inner, union, root):
            yield f"object:{name}"
    if any(_leads_to(arm.get(key), union, root) for key in ("additionalProperties", "patternProperties")):
        yield f"object:{_ANY}"
    if any(_leads_to(arm.get(key), union, root) for key in ("items", "prefixItems")):
        yield f"array:{_ANY}"
    # An arm that is a union itself is looked at as part of this one; with a discriminator only one arm is tried.
    inner_arms = [inner for key in ("anyOf", "oneOf", "allOf") for inner in arm.get(key, ())]
    ways = (way for inner in inner_arms for way in _ways_back(_resolved(inner, root), union, root))
    yield from set(ways) if "discriminator" in arm else ways


def _leads_to(part: Any, union: Schema, root: Schema) -> bool:
    seen: set[int] = set()
    todo = [part]
    while todo:
        here = todo.pop()
        if here is union:
            return True
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Mapping):
            todo += here.values()
            if "$ref" in here:
                todo.append(_resolved(here, root))
        elif isinstance(here, list):
            todo += here
    return False


def _resolved(part: Any, root: Schema) -> Schema:
    for _ in range(100):
        if not isinstance(part, Mapping) or "$ref" not in part:
            break
        part = root.get("$defs", {}).get(str(part["$ref"]).rpartition("/")[2])
    return part if isinstance(part, Mapping) else {}


def _below(part: Any) -> Iterator[Schema]:
    if isinstance(part, Mapping):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _below(inner)


def _name_of(arm: Any) -> str:
    reference = arm.get("$ref") if isinstance(arm, Mapping) else None
    return str(reference).rpartition("/")[2] if reference else str(arm.get("title") or arm.get("type"))
