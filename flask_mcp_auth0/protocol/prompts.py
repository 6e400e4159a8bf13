"""``prompts/get`` (server/prompts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types

from .admission import Refused, admit, not_found, refused_error
from .asking import InputRequired
from .bound import BoundPrompt
from .content import block_of, dump
from .errors import ProtocolError, invalid_params, printable
from .execution import Failed, internal_error, run, unfit
from .results import UnfitResult
from .schema import InvalidArguments
from .server import Deferred, Exchange
from .tools import input_required


def get_prompt(exchange: Exchange) -> dict[str, Any] | Deferred:
    """Find the prompt, ask whether the caller may, and prepare its rendering.

    :raises ProtocolError: -32602 if there is no such prompt or an argument is missing or unknown.
    """
    name = exchange.params.get("name")
    arguments = exchange.params.get("arguments")
    if not isinstance(name, str):
        raise invalid_params("Invalid params: name must be a string")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        raise invalid_params("Invalid params: arguments must be an object of strings")
    prompt = find_prompt(exchange, name)
    try:
        keyword_arguments = admit(exchange, prompt, arguments)
    except Refused as refused:
        raise refused_error(exchange, refused.refusal, unknown_prompt(name)) from refused
    except InvalidArguments as error:
        raise invalid_params(f"Invalid params: {error}") from None
    return Deferred(lambda running: _run(running, prompt, keyword_arguments, arguments))


def find_prompt(exchange: Exchange, name: str) -> BoundPrompt:
    """Return the prompt of that name.

    :raises ProtocolError: if there is none, or it is switched off.
    """
    prompt = exchange.server.registry.prompts.get(name)
    if prompt is None or name in exchange.server.switches.off("prompt"):
        raise not_found(exchange, "prompt", name, unknown_prompt(name))
    return prompt


def unknown_prompt(name: str) -> ProtocolError:
    """There is no such prompt, as far as this caller may know (server/prompts, Error Handling)."""
    return invalid_params(f"Unknown prompt: {printable(name)}")


def _run(
    exchange: Exchange, prompt: BoundPrompt, keyword_arguments: dict[str, Any], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        value = run(exchange, prompt, keyword_arguments, prompt.parameters.injected, arguments)
        try:
            result = _rendered(value)
        except UnfitResult as error:
            raise unfit(prompt, error) from error
    except Failed as error:
        raise internal_error(error) from error
    except Refused as refused:
        raise refused_error(exchange, refused.refusal, unknown_prompt(prompt.component.name)) from refused
    except InputRequired as required:
        return input_required(exchange, prompt, required, arguments)
    description = prompt.definition.get("description")
    if description and "description" not in result:
        result["description"] = description
    return exchange.complete(result)


def _rendered(value: Any) -> dict[str, Any]:
    if isinstance(value, mcp_types.GetPromptResult):
        result = dump(value)
        result.pop("resultType", None)
        return result
    messages = value if isinstance(value, list | tuple) else [value]
    return {"messages": [_message(message) for message in messages]}


def _message(value: Any) -> dict[str, Any]:
    if isinstance(value, mcp_types.PromptMessage):
        return dump(value)
    role = "user"
    if isinstance(value, Mapping) and value.get("role") in ("user", "assistant") and "content" in value:
        role, value = value["role"], value["content"]
        if isinstance(value, Mapping):
            return dump(mcp_types.PromptMessage.model_validate({"role": role, "content": value}))
    block = block_of(value)
    if block is None:
        raise UnfitResult(f"a {type(value).__name__} is no message of a prompt")
    return {"role": role, "content": block}
