"""What it costs to check a client's arguments against a type, and how that is kept in proportion to the arguments.

Works on pydantic's core schema, the description that its validator is built from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic_core import CoreSchema, SchemaValidator

from ..errors import RegistrationError
from .type_unions import costly_union
from .type_walk import Node, below, children, rebuilt

#: Members of a set, or of a dict whose keys are no texts, where the type names no limit. Numbers can be chosen so that
#: all of them collide, and each is then compared with all before.
MAX_HASHED = 5_000

_TEXTS = frozenset(
    {"str", "bytes", "uuid", "date", "time", "datetime", "timedelta", "url", "enum", "literal", "bool"}
)
_NUMBERS = frozenset({"int", "float", "decimal", "complex"})
_CONTAINERS = (dict, list)
_COLLECTIONS = frozenset({"list", "tuple", "set", "frozenset", "dict"})


def bounded_type(core: Any, where: str) -> Node:
    """Return the core schema of a type, with bounds where it has none.

    :param core: a core schema, of pydantic's.
    :param where: what the type belongs to, for the errors.
    :raises RegistrationError: if checking it may take a time that no bound can help: a union that doubles the
        work with every level, or a regular expression that needs backtracking.
    """
    for node in below(core):
        if _backtracks(node):
            raise RegistrationError(
                f"{where}: a parameter's pattern is matched by Python's regular expressions, which a short text can "
                "keep busy for hours; give it as a text, without regex_engine"
            )
    arms = costly_union(core)
    if arms is not None:
        raise RegistrationError(
            f"{where}: a parameter's type leads back to itself through {' and through '.join(arms)}, so that checking "
            "it takes twice as long with every level that a client sends; give them a field to tell them apart, as in "
            'Annotated[A | B, Field(discriminator="type")]'
        )
    return rebuilt(core, _bound)


def validator_of_type(core: Node) -> SchemaValidator:
    """Return what checks values against a core schema that :func:`bounded_type` made."""
    make = cast(Callable[..., SchemaValidator], SchemaValidator)
    try:
        # Else models within would be checked by the validators that they have, without our bounds.
        return make(cast(CoreSchema, core), None, _use_prebuilt=False)
    except TypeError:
        return make(cast(CoreSchema, core))


def _backtracks(node: Mapping[str, Any]) -> bool:
    if not isinstance(node.get("pattern", ""), str):
        return True
    config = node.get("config")
    engine = config.get("regex_engine") if isinstance(config, Mapping) else node.get("regex_engine")
    return engine == "python-re" and any("pattern" in inner for inner in below(node))


def _bound(node: Node) -> Node:
    kind = node.get("type")
    if kind == "generator":
        # Pydantic would check its items only while the function takes them, and whoever looks first would use it up.
        node, kind = {**node, "type": "list"}, "list"
    if kind not in _COLLECTIONS:
        return node
    # A million mistakes are a gigabyte of errors: the first member that does not fit is enough.
    node = {**node, "fail_fast": True}
    if "max_length" in node:
        return node
    if kind == "dict":
        keys = node.get("keys_schema", {})
        # Keys come as texts, and are numbers only where the type makes them so.
        numbers = any(inner.get("type") in _NUMBERS for inner in below(keys))
        if numbers and not (keys.get("type") == "union" and _takes_texts(keys)):
            node["max_length"] = MAX_HASHED
    elif kind in ("set", "frozenset") and not _is_text(node.get("items_schema")):
        node["max_length"] = MAX_HASHED
    return node


def _is_text(schema: Any) -> bool:
    while isinstance(schema, Mapping) and schema.get("type") not in _TEXTS and "schema" in schema:
        schema = schema["schema"]
    return isinstance(schema, Mapping) and schema.get("type") in _TEXTS


def _takes_texts(union: Mapping[str, Any]) -> bool:
    """Tell whether a text stays one: a union takes the arm that fits as it is, unless it goes by their order."""
    return union.get("mode") != "left_to_right" and any(_is_text(arm) for arm in children(union))


def count_values(value: Mapping[str, Any], at_most: int) -> int:
    """Return how many values there are in a JSON object, itself included; stops beyond ``at_most``."""
    count = 1
    todo: list[Any] = [value]
    while todo and count <= at_most:
        here = todo.pop()
        count += len(here)
        for inner in here if isinstance(here, list) else here.values():
            if isinstance(inner, _CONTAINERS):
                todo.append(inner)
    return count


__all__ = ["MAX_HASHED", "bounded_type", "count_values", "validator_of_type"]
