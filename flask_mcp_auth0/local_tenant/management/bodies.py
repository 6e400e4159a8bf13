"""What a request's body may hold. The sentences of the refusals are Auth0's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import ManagementError, invalid_body

_KINDS: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


class Field(NamedTuple):
    """One property: its JSON type, the values it may have, and whether ``null`` is one of them."""

    kind: str
    choices: tuple[str, ...] = ()
    required: bool = False
    nullable: bool = False
    items: str | None = None  # the type of an array's items


STRING = Field("string")
REQUIRED_STRING = Field("string", required=True)
NULLABLE_STRING = Field("string", nullable=True)
BOOLEAN = Field("boolean")
INTEGER = Field("integer")
NUMBER = Field("number")
OBJECT = Field("object")
NULLABLE_OBJECT = Field("object", nullable=True)
STRINGS = Field("array", items="string")
NULLABLE_STRINGS = Field("array", items="string", nullable=True)
ANYTHING = Field("any", nullable=True)


def checked(body: Any, fields: Mapping[str, Field]) -> dict[str, Any]:
    """``body``, an object with no other properties than ``fields``.

    :raises ManagementError: 400 ``invalid_body``.
    """
    if not isinstance(body, dict):
        raise invalid_body(f"'Expected type object but found type {json_type(body)}'")
    for name, field in fields.items():
        if field.required and name not in body:
            raise invalid_body(f"'Missing required property: {name}'.")
    for name, value in body.items():
        known = fields.get(name)
        if known is None:
            raise invalid_body(f"'Additional properties not allowed: {name}'.")
        _check(name, value, known)
    return body


def _check(name: str, value: Any, field: Field) -> None:
    if field.kind == "any" or (value is None and field.nullable):
        return
    expected = _KINDS[field.kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and field.kind != "boolean"):
        raise invalid_body(
            f"'Expected type {field.kind} but found type {json_type(value)}' on property {name}."
        )
    if field.choices and value not in field.choices:
        raise invalid_body(f"'No enum match for: {value}' on property {name}.")
    if field.required and value == "":
        raise invalid_body(f"'String is too short (0 chars), minimum 1' on property {name}.")
    if field.items is not None and isinstance(value, list):
        for index, item in enumerate(value):
            _check(f"{name}[{index}]", item, Field(field.items))


def json_type(value: Any) -> str:
    """The JSON Schema name of a value's type."""
    if value is None:
        return "null"
    for kind, types in (("boolean", bool), ("integer", int), ("string", str), ("object", dict)):
        if isinstance(value, types):
            return kind
    return "number" if isinstance(value, float) else "array"


def merged_metadata(current: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Metadata after a PATCH: merged at the first level, ``null`` removes a property, an empty object
    removes all.
    """
    if not given:
        return {}
    combined = {**current, **given}
    return {name: value for name, value in combined.items() if value is not None}


def too_many(what: str, limit: int) -> ManagementError:
    return invalid_body(f"'Array is too long ({what}), maximum {limit}'.")
