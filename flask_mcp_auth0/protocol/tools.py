"""``tools/call`` (server/tools)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .access import Refusal
from .admission import Refused, admit, challenge
from .asking import InputRequired
from .bound import BoundTool
from .errors import ProtocolError, invalid_params, printable
from .execution import Failed, run, subject_of, unfit
from .mirrored_headers import check_parameter_headers
from .results import UnfitResult, error_result, readable_by
from .schema import InvalidArguments
from .server import Deferred, Exchange

#: Where clients look for a challenge in a result.
CHALLENGE_META_KEY = "mcp/www_authenticate"


def call_tool(exchange: Exchange) -> dict[str, Any] | Deferred:
    """Find the tool, ask whether the caller may, and prepare its run.

    Authorization comes before the arguments are looked at, and before the headers that mirror them, so that
    neither tells anybody anything about a tool that is not theirs. Conditions alone come after both.

    :raises ProtocolError: -32602 if there is no such tool, or the request is malformed.
    """
    name = exchange.params.get("name")
    arguments = exchange.params.get("arguments")
    if not isinstance(name, str):
        raise invalid_params("Invalid params: name must be a string")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise invalid_params("Invalid params: arguments must be an object")
    tool = exchange.server.registry.tools.get(name)
    if tool is None or name in exchange.server.switches.off("tool"):
        return _not_found(exchange, name)

    def check_headers() -> None:
        if exchange.terms.modern and tool.mirrored:
            check_parameter_headers(exchange.headers, tool.mirrored, arguments)

    try:
        keyword_arguments = admit(exchange, tool, arguments, check_headers)
    except Refused as refused:
        return exchange.complete(refusal_result(exchange, refused.refusal, name))
    except InvalidArguments as error:
        # In-band, so that the model can mend its call (server/tools, Error Handling).
        return exchange.complete(error_result(f"Invalid arguments for the tool {name!r}: {error}"))
    return Deferred(lambda running: _run(running, tool, keyword_arguments, arguments))


def _not_found(exchange: Exchange, name: str) -> dict[str, Any]:
    refusal = exchange.server.access.unknown("tool", name)
    if refusal is not None:
        return exchange.complete(error_result(refusal.message))
    raise unknown_tool(name)


def unknown_tool(name: str) -> ProtocolError:
    """There is no such tool, as far as this caller may know (server/tools, Error Handling)."""
    return invalid_params(f"Unknown tool: {printable(name)}")


def refusal_result(exchange: Exchange, refusal: Refusal, name: str) -> dict[str, Any]:
    """Return the result that tells of a refusal, or leave with the HTTP status that does.

    :raises HTTPRefusal: for a challenge that is to be an HTTP answer (basic/authorization, Scope Challenge).
    :raises ProtocolError: where the tool must not be known to exist.
    """
    if refusal.kind == "hidden":
        raise unknown_tool(name)
    if refusal.www_authenticate is None:
        return error_result(refusal.message)
    challenge(exchange, refusal)
    return {**error_result(refusal.message), "_meta": {CHALLENGE_META_KEY: [refusal.www_authenticate]}}


def _run(
    exchange: Exchange, tool: BoundTool, keyword_arguments: dict[str, Any], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        value = run(exchange, tool, keyword_arguments, tool.parameters.injected, arguments)
        try:
            result = tool.output.convert(value)
        except UnfitResult as error:
            raise unfit(tool, error) from error
    except Failed as error:
        result = error_result(str(error))
    except Refused as refused:
        result = refusal_result(exchange, refused.refusal, tool.component.name)
    except InputRequired as required:
        return input_required(exchange, tool, required, arguments)
    return exchange.complete(readable_by(exchange.terms.version, result))


def input_required(
    exchange: Exchange, bound: Any, required: InputRequired, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the result that asks the client for input (basic/patterns/mrtr, InputRequiredResult)."""
    subject = subject_of(exchange, bound, arguments)
    return {
        "resultType": "input_required",
        "inputRequests": {key: question.request() for key, question in required.questions.items()},
        "requestState": exchange.server.states.seal(subject, required.settled, required.questions),
        "_meta": exchange.server.info.meta(),
    }
