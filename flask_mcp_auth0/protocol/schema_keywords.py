"""Keywords of JSON Schema whose cost does not grow faster than the value that they are applied to.

The ``jsonschema`` package does the work, but for what would take a time, or memory, that a client could raise:

* its patterns are Python's regular expressions, which a text of thirty characters can keep busy for years;
* what a reference leads to is checked again for each way that leads there, so that a union that refers to itself
  doubles the work with every level: here a value is checked against each reference once;
* unions collect every mistake of every arm, and repeat the value in each;
* ``uniqueItems`` compares everything with everything where the items are objects, and ``unevaluatedItems`` and
  ``unevaluatedProperties`` everything with what was evaluated.
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic_core import SchemaValidator, core_schema

#: Members of an array or object to which ``unevaluatedItems`` or ``unevaluatedProperties`` is applied.
MAX_UNEVALUATED = 4_000

#: Frames that must be left on Python's stack to follow a reference. What is below one, up to the next, fits in there.
_ROOM = 200

#: Problems that are kept of what one reference leads to.
_ENOUGH = 10

#: What the references of the check that is going on have led to: whether a value fits, or ``None`` while that is found
#: out; by the schema that refers and the value, both of which outlive the check.
checked: ContextVar[dict[tuple[int, int], bool | None]] = ContextVar("what references led to")


class CannotBeApplied(Exception):
    """Whether a value fits the schema cannot be told, or not in a reasonable time."""


@functools.cache
def bounded(dialect: type[Validator]) -> type[Validator]:
    """Return a dialect whose costly keywords are our own. Its checks run while :data:`checked` is set."""
    ours: dict[str, Any] = {
        "$ref": _once(dialect.VALIDATORS["$ref"]),
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "multipleOf": _multiple_of,
        "uniqueItems": _unique_items,
        "anyOf": _any_of,
        "oneOf": _one_of,
    }
    for keyword in ("unevaluatedItems", "unevaluatedProperties"):
        if keyword in dialect.VALIDATORS:
            ours[keyword] = _of_few(dialect.VALIDATORS[keyword])
    extended: Any = extend(dialect, {name: ours[name] for name in ours if name in dialect.VALIDATORS})  # type: ignore[no-untyped-call]
    # The library's own would go over to its own class at every subschema that names a dialect.
    extended.evolve = _evolve
    return extended  # type: ignore[no-any-return]


def _evolve(validator: Any, **changes: Any) -> Any:
    for field in type(validator).__attrs_attrs__:
        if field.init:
            changes.setdefault(field.alias, getattr(validator, field.name))
    return type(validator)(**changes)


def _once(follow: Callable[..., Any]) -> Callable[..., Any]:
    def once(validator: Any, reference: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        known, key = checked.get(), (id(schema), id(value))
        if key not in known:
            if _depth() > sys.getrecursionlimit() - _ROOM:
                raise CannotBeApplied
            known[key] = None
            problems = list(itertools.islice(follow(validator, reference, value, schema) or (), _ENOUGH))
            known[key] = not problems
            yield from problems
        elif known[key] is None:
            raise CannotBeApplied
        elif not known[key]:
            yield ValidationError(f"does not fit {reference!r} either")

    return once


def _depth() -> int:
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _any_of(validator: Any, arms: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not _fitting(validator, arms, value):
        yield ValidationError("fits none of the alternatives")


def _one_of(validator: Any, arms: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    fitting = _fitting(validator, arms, value)
    if not fitting:
        yield ValidationError("fits none of the alternatives")
    elif _fitting(validator, arms[fitting:], value):
        yield ValidationError("fits more than one of the alternatives")


def _fitting(validator: Any, arms: Iterable[Any], value: Any) -> int:
    """Return the number, from 1, of the first alternative that fits; 0 where none does."""
    for number, arm in enumerate(arms, 1):
        # Not evolve(): an arm may have an address of its own ($id), to which its references are relative.
        if next(validator.descend(value, arm), None) is None:
            return number
    return 0


def _multiple_of(validator: Any, divisor: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(value, "number"):
        return
    # As the library does, which divides integers by fractions of one only as far as a float goes.
    if isinstance(divisor, float):
        try:
            quotient = value / divisor
            failed = int(quotient) != quotient
        except OverflowError:
            failed = (Fraction(value) / Fraction(divisor)).denominator != 1
    else:
        failed = bool(value % divisor)
    if failed:
        yield ValidationError(f"{value!r} is not a multiple of {divisor!r}")


def _of_few(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def of_few(validator: Any, argument: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, dict | list) and len(value) > MAX_UNEVALUATED:
            raise CannotBeApplied
        yield from keyword(validator, argument, value, schema) or ()

    return of_few


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    for pattern, subschema in patterns.items():
        for name, inner in value.items():
            if matches(pattern, name):
                yield from validator.descend(inner, subschema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in value:
        if name in named or any(matches(pattern, name) for pattern in patterns):
            continue
        if validator.is_type(allowed, "object"):
            yield from validator.descend(value[name], allowed, path=name)
        elif not allowed:
            yield ValidationError(f"{name!r} is not expected here")


def _unique_items(validator: Any, unique: bool, value: Any, schema: Any) -> Iterator[ValidationError]:
    if (
        unique
        and validator.is_type(value, "array")
        and len({_canonical(item) for item in value}) < len(value)
    ):
        yield ValidationError("an item is there more than once")


def _canonical(value: Any) -> str:
    """Return the same text for values that are equal in JSON Schema: 1 and 1.0 are, 1 and true are not."""
    return json.dumps(_with_integers(value), sort_keys=True)


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _with_integers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_integers(inner) for inner in value]
    return value


def matches(pattern: str, text: str) -> bool:
    return matcher(pattern).isinstance_python(text)


@functools.lru_cache(maxsize=4096)
def matcher(pattern: str) -> SchemaValidator:
    """Return what finds a pattern in a text in linear time.

    :raises SchemaError: pydantic's, if there is no such thing for this pattern.
    """
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
