"""Headers that mirror the body (2026-07-28 streamable-http, Request Metadata), and their validation.

A proxy may route on ``Mcp-Method``, ``Mcp-Name`` and ``Mcp-Param-…``; a server that believes the body must
therefore make sure that both say the same.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from werkzeug.datastructures import Headers

from ..errors import RegistrationError
from .errors import header_mismatch

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")
_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MAX_NUMBER = 32
_PREFIX, _SUFFIX = "=?base64?", "?="

#: Which member of the params ``Mcp-Name`` mirrors.
NAMED_BY: Mapping[str, str] = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


@dataclass(frozen=True, slots=True)
class MirroredHeader:
    """Marks a tool's parameter as mirrored in the header ``Mcp-Param-<name>`` (``x-mcp-header``).

    Use it as ``Annotated[str, MirroredHeader("Region")]`` on a string, integer or boolean parameter. Never
    mirror what is secret: every proxy on the way can read it.

    :param name: the part of the header's name after ``Mcp-Param-``.
    :raises RegistrationError: if the name is not an HTTP token (RFC 9110 §5.1).
    """

    name: str

    def __post_init__(self) -> None:
        check_header_name(self.name)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        # An absent or null argument has no header, so only the type of a present one is stated.
        kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
        if len(kinds) == 1:
            schema = {**{key: value for key, value in schema.items() if key != "anyOf"}, **kinds[0]}
        return {**schema, "x-mcp-header": self.name}


def check_header_name(name: Any) -> str:
    """Return ``name`` if it can follow ``Mcp-Param-`` (tools, x-mcp-header).

    :raises RegistrationError: if it is not an HTTP token.
    """
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise RegistrationError(f"x-mcp-header {name!r} is not an HTTP field name (RFC 9110 §5.1)")
    return name


@dataclass(frozen=True, slots=True)
class MirroredParameter:
    """One annotated property: where it is in the arguments, and which header carries it."""

    path: tuple[str, ...]
    header: str
    type: str


def mirrored_parameters(schema: Mapping[str, Any]) -> tuple[MirroredParameter, ...]:
    """Return the properties of an input schema that carry ``x-mcp-header``.

    :raises RegistrationError: if one is not a string, integer or boolean, is not reachable through
        ``properties`` alone, or names a header twice: clients must drop such a tool.
    """
    found = list(_reachable(schema, ()))
    if _count_annotations(schema) != len(found):
        raise RegistrationError(
            "x-mcp-header may stand only on properties reachable through 'properties' alone"
        )
    seen: set[str] = set()
    for parameter in found:
        if parameter.header.lower() in seen:
            raise RegistrationError(f"x-mcp-header {parameter.header!r} is used twice")
        seen.add(parameter.header.lower())
    return tuple(found)


def check_standard_headers(headers: Headers, method: str, params: Mapping[str, Any]) -> None:
    """Check ``Mcp-Method`` and ``Mcp-Name`` against the body.

    :raises ProtocolError: -32020 if one is missing, repeated with another value, malformed or different.
    """
    if single(headers, "Mcp-Method") != method:
        raise header_mismatch("Mcp-Method does not match the method in the body")
    member = NAMED_BY.get(method)
    if member is None or not isinstance(params.get(member), str):
        return
    value = single(headers, "Mcp-Name")
    if decoded(value, "Mcp-Name") != params[member]:
        raise header_mismatch(f"Mcp-Name does not match params.{member} in the body")


def check_parameter_headers(
    headers: Headers, parameters: Sequence[MirroredParameter], arguments: Mapping[str, Any]
) -> None:
    """Check every ``Mcp-Param-…`` header that the tool's schema asks for against the arguments.

    :raises ProtocolError: -32020 as the table in streamable-http, Server Behavior for Custom Headers, says.
    """
    for parameter in parameters:
        name = f"Mcp-Param-{parameter.header}"
        value = value_at(arguments, parameter.path)
        if value is None:
            if name in headers:
                raise header_mismatch(f"{name} is present but its argument is not")
            continue
        if not _agrees(decoded(single(headers, name), name), value):
            raise header_mismatch(f"{name} does not match its argument in the body")


def value_at(arguments: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return the argument at a path of property names, ``None`` where there is none."""
    value: Any = arguments
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def encoded(value: str | int | bool) -> str:
    """Return an argument as a client sends it in a header (streamable-http, Value Encoding)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    looks_encoded = text.startswith(_PREFIX) and text.endswith(_SUFFIX)
    if _FIELD_VALUE.fullmatch(text) and text == text.strip() and not looks_encoded:
        return text
    return _PREFIX + base64.b64encode(text.encode("utf-8")).decode("ascii") + _SUFFIX


def single(headers: Headers, name: str) -> str:
    """Return the one value of a header.

    A WSGI server joins repeated headers with commas (RFC 9110 §5.3), so two values show as one that matches
    nothing.

    :raises ProtocolError: -32020 if it is missing, or holds characters that no field value may hold
        (RFC 9110 §5.5).
    """
    value = headers.get(name)
    if value is None:
        raise header_mismatch(f"{name} is missing")
    if not _FIELD_VALUE.fullmatch(value):
        raise header_mismatch(f"{name} holds invalid characters")
    return value


def decoded(value: str, name: str) -> str:
    """Return a header value with the Base64 form undone (streamable-http, Value Encoding).

    :raises ProtocolError: -32020 if the Base64 or the UTF-8 within is malformed.
    """
    if not (
        value.startswith(_PREFIX) and value.endswith(_SUFFIX) and len(value) >= len(_PREFIX) + len(_SUFFIX)
    ):
        return value
    try:
        return base64.b64decode(value[len(_PREFIX) : -len(_SUFFIX)], validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise header_mismatch(f"{name} is not valid Base64 of UTF-8") from error


def _agrees(text: str, value: Any) -> bool:
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, str):
        return text == value
    if isinstance(value, int | float) and len(text) <= _MAX_NUMBER:
        # Numerically, so that 42.0 agrees with 42 (streamable-http, Server Validation).
        if _INTEGER.fullmatch(text):
            return int(text) == value
        return _NUMBER.fullmatch(text) is not None and float(text) == value
    return False


def _reachable(schema: Mapping[str, Any], path: tuple[str, ...]) -> Sequence[MirroredParameter]:
    found: list[MirroredParameter] = []
    properties = schema.get("properties")
    for name, property_schema in (properties or {}).items() if isinstance(properties, Mapping) else ():
        if not isinstance(property_schema, Mapping):
            continue
        here = (*path, name)
        if "x-mcp-header" in property_schema:
            header = check_header_name(property_schema["x-mcp-header"])
            kind = property_schema.get("type")
            if kind not in ("string", "integer", "boolean"):
                raise RegistrationError(
                    f"x-mcp-header {header!r} stands on {'.'.join(here)}, whose type is {kind!r}: only string, "
                    "integer and boolean parameters can be mirrored"
                )
            found.append(MirroredParameter(here, header, kind))
        found.extend(_reachable(property_schema, here))
    return found


def _count_annotations(schema: Any) -> int:
    if isinstance(schema, Mapping):
        own = sum(
            1
            for name, value in schema.items()
            if name == "x-mcp-header"
            and isinstance(value, str)  # a property may itself be called x-mcp-header
        )
        return own + sum(_count_annotations(value) for value in schema.values())
    if isinstance(schema, list | tuple):
        return sum(_count_annotations(value) for value in schema)
    return 0
