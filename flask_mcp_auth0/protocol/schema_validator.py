"""JSON Schemas that the application wrote, applied to what clients send, at a cost that clients cannot raise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft3Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from pydantic_core import SchemaError as PatternError
from referencing import Registry
from referencing.exceptions import Unresolvable

from ..errors import RegistrationError
from .schema_keywords import CannotBeApplied, bounded, checked, matcher

__all__ = ["BoundedValidator", "CannotBeApplied"]

_DEFAULT_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: Keywords whose values are data, and those whose values are schemas by names that are the application's.
_DATA = frozenset({"const", "enum", "default", "examples"})
_NAMED = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)


class BoundedValidator:
    """Tells whether values fit a schema. Safe to share between threads: what one check remembers is its own.

    It never fetches anything: a ``$ref`` to the network stays unresolved and fails (basic/index, ``$ref``
    Resolution).

    :param schema: a JSON Schema, of 2020-12 where it names no dialect.
    :param where: what it belongs to, for the errors.
    :raises RegistrationError: if the schema is malformed, of a dialect that is not known or of several, or holds
        what cannot be checked in a bounded time: dynamic references, and regular expressions that need
        backtracking.
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
        _refuse_what_is_unbounded(schema, where)
        self._validator: Validator = bounded(chosen)(schema, registry=Registry())

    def problems(self, value: Any, at_most: int) -> list[ValidationError]:
        """Return what does not fit, ``at_most`` so many.

        :raises CannotBeApplied: if it cannot be told.
        """
        token = checked.set({})
        try:
            return list(itertools.islice(self._validator.iter_errors(value), at_most))
        except (Unresolvable, RecursionError) as error:
            raise CannotBeApplied from error
        except BaseException as error:
            # What the library keeps references in is written in Rust, where the end of Python's stack is a panic.
            if type(error).__name__ == "PanicException":
                raise CannotBeApplied from None
            raise
        finally:
            checked.reset(token)


def _refuse_what_is_unbounded(schema: Mapping[str, Any], where: str) -> None:
    """Refuse keywords whose cost cannot be bounded.

    :raises RegistrationError: naming the first.
    """
    keywords, patterns, dialects = set[str](), set[str](), set[Any]()
    for part in _parts(schema):
        keywords.update(part)
        named = part.get("patternProperties")
        patterns.update(named if isinstance(named, Mapping) else ())
        if isinstance(part.get("pattern"), str):
            patterns.add(part["pattern"])
        if isinstance(part.get("$schema"), str):
            dialects.add(part["$schema"])
    if dialects - {schema.get("$schema", _DEFAULT_DIALECT)}:
        raise RegistrationError(f"{where}: a schema has one dialect, named at its root ($schema)")
    for keyword in ("$dynamicRef", "$recursiveRef"):
        if keyword in keywords:
            raise RegistrationError(f"{where}: {keyword} is not supported; refer with $ref")
    if {"patternProperties", "unevaluatedProperties"} <= keywords:
        # What was evaluated is found out by the library, with regular expressions of Python's.
        raise RegistrationError(f"{where}: patternProperties and unevaluatedProperties cannot be combined")
    for pattern in sorted(patterns):
        try:
            matcher(pattern)
        except PatternError as error:
            reason = (
                str(error)
                .strip()
                .splitlines()[-1]
                .strip()
                .removeprefix("error: ")
                .removeprefix("SchemaError: ")
            )
            raise RegistrationError(
                f"{where}: the pattern {pattern!r} cannot be matched in a time that grows with the text only: {reason}"
            ) from None


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema within it."""
    if isinstance(schema, list | tuple):
        for inner in schema:
            yield from _parts(inner)
    elif isinstance(schema, Mapping):
        yield schema
        for keyword, inner in schema.items():
            if keyword in _NAMED and isinstance(inner, Mapping):
                yield from _parts(list(inner.values()))
            elif keyword not in _DATA:
                yield from _parts(inner)
