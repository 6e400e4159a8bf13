"""``completion/complete`` (server/utilities/completion)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .admission import Refused, check_access, refused_error
from .bound import BoundPrompt, BoundResource
from .errors import invalid_params
from .execution import Failed, internal_error, run
from .prompts import find_prompt, unknown_prompt
from .resources import no_resource, refused_resource
from .server import Deferred, Exchange

#: server/utilities/completion: at most 100 values.
MAX_VALUES = 100


def complete(exchange: Exchange) -> dict[str, Any] | Deferred:
    """Suggest values for an argument of a prompt or a variable of a resource template.

    :raises ProtocolError: -32602 if there is no such prompt, template or argument.
    """
    reference, argument = exchange.params.get("ref"), exchange.params.get("argument")
    if not isinstance(reference, Mapping) or not isinstance(argument, Mapping):
        raise invalid_params("Invalid params: ref and argument must be objects")
    name, value = argument.get("name"), argument.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise invalid_params("Invalid params: argument.name and argument.value must be strings")
    bound = _referenced(exchange, reference)
    context = exchange.params.get("context")
    known = context.get("arguments") if isinstance(context, Mapping) else None
    arguments = dict(known) if isinstance(known, Mapping) else {}
    try:
        # They are not all there yet, so there is nothing that the function would get.
        check_access(exchange, bound, lambda: arguments)
    except Refused as refused:
        if isinstance(bound, BoundResource):
            raise refused_resource(exchange, bound, refused.refusal, bound.component.uri) from refused
        raise refused_error(exchange, refused.refusal, unknown_prompt(bound.component.name)) from refused
    properties = bound.parameters.schema["properties"]
    if name not in properties:
        raise invalid_params("Invalid params: there is no such argument")
    function = bound.component.completions.get(name)
    if function is None:
        return _result(exchange, _matching(_choices(properties[name], bound.parameters.schema), value))
    return Deferred(lambda running: _run(running, bound, function, value, arguments))


def _referenced(exchange: Exchange, reference: Mapping[str, Any]) -> BoundPrompt | BoundResource:
    kind, name, uri = reference.get("type"), reference.get("name"), reference.get("uri")
    if kind == "ref/prompt" and isinstance(name, str):
        return find_prompt(exchange, name)
    if kind == "ref/resource" and isinstance(uri, str):
        for template in exchange.server.registry.templates:
            if template.component.uri == uri and template.component.name not in exchange.server.switches.off(
                "resource"
            ):
                return template
        raise no_resource(exchange, uri)
    raise invalid_params("Invalid params: ref must name a prompt or a resource template")


def _run(
    exchange: Exchange,
    bound: BoundPrompt | BoundResource,
    function: Callable[..., Any],
    value: str,
    arguments: Mapping[str, Any],
) -> dict[str, Any]:
    # A completion function takes what was typed and, where it has a second parameter, the arguments so far.
    takes_context = len(inspect.signature(function).parameters) > 1
    call = (lambda: function(value, arguments)) if takes_context else (lambda: function(value))
    try:
        values = run(exchange, bound, {}, None, arguments, function=call)
    except Failed as error:
        raise internal_error(error) from error
    return _result(exchange, [str(item) for item in values or ()])


def _result(exchange: Exchange, values: list[str]) -> dict[str, Any]:
    completion: dict[str, Any] = {"values": values[:MAX_VALUES], "hasMore": len(values) > MAX_VALUES}
    completion["total"] = len(values)
    return exchange.complete({"completion": completion})


def _choices(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    """Return the values that a schema itself enumerates."""
    if "$ref" in schema:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    if "enum" in schema:
        return [str(choice) for choice in schema["enum"]]
    if "const" in schema:
        return [str(schema["const"])]
    if schema.get("type") == "boolean":
        return ["true", "false"]
    return [choice for arm in schema.get("anyOf", ()) for choice in _choices(arm, root)]


def _matching(choices: Iterable[str], value: str) -> list[str]:
    typed = value.casefold()
    return [choice for choice in choices if choice.casefold().startswith(typed)]
