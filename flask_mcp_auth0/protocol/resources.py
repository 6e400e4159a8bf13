"""``resources/read`` (server/resources)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import mcp_types
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticSerializationError

from . import jsonrpc
from .access import Refusal
from .admission import Refused, admit, not_found, refused_error
from .apps import mime_type_of
from .asking import InputRequired
from .bound import MAX_URI, BoundResource
from .content import File, contents, dump
from .errors import INVALID_PARAMS, RESOURCE_NOT_FOUND, ProtocolError, invalid_params, printable
from .execution import Failed, internal_error, run, unfit
from .results import UnfitResult
from .schema import InvalidArguments
from .server import Deferred, Exchange, HTTPRefusal
from .tools import input_required

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def read_resource(exchange: Exchange) -> dict[str, Any] | Deferred:
    """Find the resource, ask whether the caller may, and prepare its reading.

    :raises ProtocolError: if no resource has that URI (-32602; -32002 up to 2025-11-25).
    """
    uri = exchange.params.get("uri")
    if not isinstance(uri, str):
        raise invalid_params("Invalid params: uri must be a string")
    bound, variables, keyword_arguments = _readable(exchange, uri)
    return Deferred(lambda running: _run(running, bound, uri, keyword_arguments, variables))


def check_readable(exchange: Exchange, uri: str) -> None:
    """Make sure that the caller may read what a URI names; what reading would be refused with is raised.

    :raises ProtocolError: if not, or if no resource has that URI.
    :raises HTTPRefusal: if not, for a challenge that is to be an HTTP answer.
    """
    _readable(exchange, uri)


def is_readable(exchange: Exchange, uri: str) -> bool:
    """Tell whether a URI names a resource that the caller may read now."""
    try:
        _readable(exchange, uri)
    except (ProtocolError, HTTPRefusal):
        return False
    return True


def _readable(exchange: Exchange, uri: str) -> tuple[BoundResource, Mapping[str, Any], dict[str, Any]]:
    """Return the resource that a URI names, the variables of its template, and its function's arguments."""
    bound, variables = _find(exchange, uri)
    try:
        return bound, variables, admit(exchange, bound, variables)
    except Refused as refused:
        raise refused_resource(exchange, bound, refused.refusal, uri) from refused
    except InvalidArguments:
        # A variable of the wrong type names nothing.
        raise unknown_resource(exchange, uri) from None


def _find(exchange: Exchange, uri: str) -> tuple[BoundResource, Mapping[str, Any]]:
    """Return the resource that a URI names and the variables of its template.

    :raises ProtocolError: if there is none, or it is switched off.
    """
    found = exchange.server.registry.resolve(uri) if len(uri) <= MAX_URI else None
    if found is None or found[0].component.name in exchange.server.switches.off("resource"):
        raise no_resource(exchange, uri)
    return found


def no_resource(exchange: Exchange, uri: str) -> ProtocolError:
    """Return the error for a URI that names nothing, having done what a concealed resource would cost."""
    return not_found(exchange, "resource", printable(uri, MAX_URI), unknown_resource(exchange, uri))


def refused_resource(exchange: Exchange, bound: BoundResource, refusal: Refusal, uri: str) -> ProtocolError:
    """Answer a refusal of what a URI names.

    :raises HTTPRefusal: for a challenge that is to be an HTTP answer.
    """
    if refusal.kind == "unavailable":
        # An outage is told by what was asked for, as it is where there is nothing: the name is not known to
        # the caller, and one that appeared here would tell a concealed resource from an unknown one.
        told = refusal.message.replace(f"'{bound.component.name}'", f"'{printable(uri, MAX_URI)}'")
        refusal = dataclasses.replace(refusal, message=told)
    return refused_error(exchange, refusal, unknown_resource(exchange, uri))


def unknown_resource(exchange: Exchange, uri: str) -> ProtocolError:
    """No resource has that URI, as far as this caller may know (server/resources, Error Handling)."""
    code = INVALID_PARAMS if exchange.terms.modern else RESOURCE_NOT_FOUND
    return ProtocolError(code, "Resource not found", data={"uri": printable(uri, MAX_URI)})


def _run(
    exchange: Exchange,
    bound: BoundResource,
    uri: str,
    keyword_arguments: dict[str, Any],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    try:
        value = run(exchange, bound, keyword_arguments, bound.parameters.injected, {"uri": uri, **variables})
        if value is None:
            raise unknown_resource(exchange, uri)
        try:
            found = _contents(value, uri, bound)
        except UnfitResult as error:
            raise unfit(bound, error) from error
    except Failed as error:
        raise internal_error(error) from error
    except Refused as refused:
        raise refused_resource(exchange, bound, refused.refusal, uri) from refused
    except InputRequired as required:
        return input_required(exchange, bound, required, {"uri": uri, **variables})
    result: dict[str, Any] = {"contents": found}
    if exchange.terms.modern:
        # What a function returns may depend on who asks, and may be another the next time.
        result |= {"ttlMs": 0, "cacheScope": "private"}
    return exchange.complete(result)


def _contents(value: Any, uri: str, bound: BoundResource) -> list[dict[str, Any]]:
    if isinstance(value, mcp_types.ReadResourceResult):
        return [dump(item) for item in value.contents]
    items = (
        value if isinstance(value, list) and value and all(_is_contents(item) for item in value) else [value]
    )
    return [_one(item, uri, bound) for item in items]


def _is_contents(value: Any) -> bool:
    return isinstance(value, File | mcp_types.TextResourceContents | mcp_types.BlobResourceContents)


def _one(value: Any, uri: str, bound: BoundResource) -> dict[str, Any]:
    resource = bound.component
    mime_type = mime_type_of(resource)
    if isinstance(value, mcp_types.TextResourceContents | mcp_types.BlobResourceContents):
        found = dump(value)
    elif isinstance(value, File):
        found = contents(value.uri, value.data, value.mime_type or mime_type)
    elif isinstance(value, str | bytes):
        found = contents(uri, value, mime_type)
    else:
        try:
            plain = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else None
            text = jsonrpc.encode(plain if plain is not None else _ANY.dump_python(value, mode="json"))
        except (PydanticSerializationError, ValueError, RecursionError) as error:
            raise UnfitResult(f"a {type(value).__name__} cannot be read as a resource") from error
        found = contents(uri, text.decode("utf-8"), mime_type or "application/json")
    if resource.meta and "_meta" not in found:
        found["_meta"] = dict(resource.meta)
    return found
