"""JSON Schemas that the application wrote, applied to what clients send, at a cost that clients cannot raise.

The ``jsonschema`` package does the work, but for what would take a time that grows faster than the value does:

* its patterns are Python's regular expressions, which a text of thirty characters can keep busy for years;
* unions that refer to themselves are tried arm by arm at every level, so that each level doubles the work;
* ``uniqueItems`` compares everything with everything where the items are objects, and ``unevaluatedItems`` and
  ``unevaluatedProperties`` everything with what was evaluated.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft3Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator as _PatternMatcher
from pydantic_core import core_schema
from referencing import Registry
from referencing.exceptions import Unresolvable

from ..errors import RegistrationError

__all__ = ["BoundedValidator", "CannotBeApplied"]

#: References followed for one check: so many for a start, so many more for each value within, so many at most. What is
#: written by hand is some levels deep; what is generated is long, and needs one or two for each of its values.
REFERENCES = 10_000
REFERENCES_A_VALUE = 10
MAX_REFERENCES = 100_000

#: Members of an array or object to which ``unevaluatedItems`` or ``unevaluatedProperties`` is applied.
MAX_UNEVALUATED = 4_000

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")

#: How many may still be followed in the check that is going on.
_left: ContextVar[list[int]] = ContextVar("references left")


class CannotBeApplied(Exception):
    """Whether a value fits the schema cannot be told, or not in a reasonable time."""


class BoundedValidator:
    """Tells whether values fit a schema. Safe to share between threads: what one check counts is its own.

    It never fetches anything: a ``$ref`` to the network stays unresolved and fails (basic/index, ``$ref``
    Resolution).

    :param schema: a JSON Schema, of 2020-12 where it names no dialect.
    :param where: what it belongs to, for the errors.
    :raises RegistrationError: if the schema is malformed, of a dialect that is not known, or holds a regular
        expression that cannot be matched in linear time.
    """

    def __init__(self, schema: Mapping[str, Any], where: str) -> None:
        dialect = schema.get("$schema")
        # Draft 3 is what an unknown dialect falls back to; nobody who knows of MCP writes it.
        chosen = validator_for(schema, default=Draft3Validator) if dialect else Draft202012Validator
        if chosen is Draft3Validator:
            raise RegistrationError(f"{where}: the JSON Schema dialect {dialect!r} is not supported")
        try:
            chosen.check_schema(dict(schema))
        except SchemaError as error:
            raise RegistrationError(f"{where}: not a valid JSON Schema: {error.message}") from error
        _check_patterns(schema, where)
        self._refers = any(keyword in part for part in _parts(schema) for keyword in _REFERENCES)
        self._validator: Validator = _bounded(chosen)(schema, registry=Registry())

    def problems(self, value: Any, at_most: int) -> list[ValidationError]:
        """Return what does not fit, ``at_most`` so many.

        :raises CannotBeApplied: if it cannot be told.
        """
        token = _left.set([_references_for(value) if self._refers else 0])
        try:
            return [
                error for error, _ in zip(self._validator.iter_errors(value), range(at_most), strict=False)
            ]
        except (Unresolvable, RecursionError) as error:
            raise CannotBeApplied from error
        finally:
            _left.reset(token)


@functools.cache
def _bounded(chosen: type[Validator]) -> type[Validator]:
    """Return a dialect whose costly keywords are our own."""
    ours: dict[str, Any] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    for keyword in _REFERENCES:
        if keyword in chosen.VALIDATORS:
            ours[keyword] = _counted(chosen.VALIDATORS[keyword])
    for keyword in ("unevaluatedItems", "unevaluatedProperties"):
        if keyword in chosen.VALIDATORS:
            ours[keyword] = _of_few(chosen.VALIDATORS[keyword])
    bounded: type[Validator] = extend(chosen, ours)  # type: ignore[no-untyped-call]
    return bounded


def _counted(follow: Callable[..., Any]) -> Callable[..., Any]:
    def counted(validator: Any, reference: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        left = _left.get()
        left[0] -= 1
        if left[0] < 0:
            raise CannotBeApplied
        yield from follow(validator, reference, value, schema) or ()

    return counted


def _references_for(value: Any) -> int:
    count, todo = 0, [value]
    while todo and count < MAX_REFERENCES:
        here = todo.pop()
        count += 1
        if isinstance(here, Mapping):
            todo += here.values()
        elif isinstance(here, list | tuple):
            todo += here
    return min(REFERENCES + REFERENCES_A_VALUE * count, MAX_REFERENCES)


def _of_few(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def of_few(validator: Any, argument: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, dict | list) and len(value) > MAX_UNEVALUATED:
            raise CannotBeApplied
        yield from keyword(validator, argument, value, schema) or ()

    return of_few


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not _matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    for pattern, subschema in patterns.items():
        for name, inner in value.items():
            if _matches(pattern, name):
                yield from validator.descend(inner, subschema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in value:
        if name in named or any(_matches(pattern, name) for pattern in patterns):
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
        return {name: _with_integers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_integers(inner) for inner in value]
    return value


def _matches(pattern: str, text: str) -> bool:
    return _matcher(pattern).isinstance_python(text)


@functools.lru_cache(maxsize=4096)
def _matcher(pattern: str) -> _PatternMatcher:
    """Return what finds a pattern in a text in linear time.

    :raises SchemaError: pydantic's, if there is no such thing for this pattern.
    """
    return _PatternMatcher(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _check_patterns(schema: Mapping[str, Any], where: str) -> None:
    """Refuse patterns that would need Python's regular expressions.

    :raises RegistrationError: naming the pattern.
    """
    names, patterns = set[str](), set[str]()
    for part in _parts(schema):
        names.update(part)
        named = part.get("patternProperties")
        patterns.update(named if isinstance(named, Mapping) else ())
        if isinstance(part.get("pattern"), str):
            patterns.add(part["pattern"])
    if {"patternProperties", "unevaluatedProperties"} <= names:
        # What was evaluated is found out by the library, with regular expressions of Python's.
        raise RegistrationError(f"{where}: patternProperties and unevaluatedProperties cannot be combined")
    for pattern in sorted(patterns):
        try:
            _matcher(pattern)
        except PatternError:
            raise RegistrationError(
                f"{where}: the pattern {pattern!r} cannot be matched in a time that grows with the text only: no "
                "look-around, no back-references, and nothing that is huge once it is written out"
            ) from None


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and everything below it that could be one."""
    if isinstance(schema, Mapping):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for inner in schema:
            yield from _parts(inner)
