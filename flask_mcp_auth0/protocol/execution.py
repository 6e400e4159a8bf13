"""Running a function of the application: its call, its generator, its failures."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException

from ..errors import AuthorizationUnavailable, InsufficientScopeError, PermissionDenied, ToolError
from .admission import Refused
from .asking import AskingAgain, AskingOnStream, InputRequired, Subject
from .bound import Bound, BoundTool
from .call import Call, CallCancelled, running
from .components import Component
from .errors import INTERNAL_ERROR, ProtocolError, invalid_params, printable
from .jsonrpc import MAX_ID_LENGTH, is_request_id
from .results import UnfitResult
from .server import Exchange

logger = logging.getLogger("flask_mcp_auth0.calls")

_MASKED = "The {kind} failed; the server's log says why."

#: What a client of a 2025 revision hears before it sets a level.
_DEFAULT_LEVEL = "info"

#: Characters of what is wrong with a result that the log gets.
_LONGEST_TOLD = 500

#: The only methods whose answer may be a question (basic/patterns/mrtr, Supported Requests).
INPUT_METHODS = frozenset({"tools/call", "resources/read", "prompts/get"})


class Failed(Exception):
    """A function failed; the text is for the caller and gives nothing away."""


def run(
    exchange: Exchange,
    bound: Bound,
    keyword_arguments: dict[str, Any],
    injected: str | None,
    arguments: Mapping[str, Any],
    *,
    function: Callable[..., Any] | None = None,
) -> Any:
    """Run a component's function within its call and return what it returns.

    :param injected: the parameter that takes the call.
    :param arguments: as the client sent them; answers to questions are bound to them.
    :param function: another function of the component's than its own (a completion).
    :raises Failed: if the function raised, with the text that the caller may read. Flask's ``abort`` with a
        client error is such a text too.
    :raises Refused: if the function found that the caller may not.
    :raises InputRequired: if the user has to be asked first (2026-07-28).
    """
    component = bound.component
    call = _call(exchange, bound, arguments)
    if injected is not None:
        keyword_arguments = {**keyword_arguments, injected: call}
    started = time.perf_counter()
    outcome = "error"
    try:
        with running(call):
            value = exchange.server.ensure_sync(function or component.function)(**keyword_arguments)
            if isinstance(bound, BoundTool) and bound.is_generator:
                value = _drive(value, call)
        outcome = "ok"
        return value
    except InputRequired:
        outcome = "input_required"
        raise
    except ToolError as error:
        raise Failed(error.message) from error
    except CallCancelled as error:
        outcome = "cancelled"
        raise Failed("The call was cancelled.") from error
    except (PermissionDenied, AuthorizationUnavailable, InsufficientScopeError) as error:
        outcome = "refused"
        refusal = exchange.server.access.refusal_of(error, component)
        if refusal is None:
            raise
        raise Refused(refusal) from error
    except ProtocolError:
        raise
    except HTTPException as error:
        if error.code is None or not 400 <= error.code < 500:
            raise _masked(exchange, component, error) from error
        raise Failed(_said_by_http(error)) from error
    except Exception as error:
        raise _masked(exchange, component, error) from error
    finally:
        # A completion is no run of the component that it is for.
        if function is None:
            exchange.server.observe(component, outcome, time.perf_counter() - started, arguments)


def _masked(exchange: Exchange, component: Component, error: Exception) -> Failed:
    """Log an exception whose text is not for the caller. To be called where it is being handled."""
    logger.exception("%s %r failed", component.kind, component.name)
    if exchange.watch is not None:
        exchange.watch.crashed(error)
    return Failed(_MASKED.format(kind=component.kind))


def _said_by_http(error: HTTPException) -> str:
    """Return what ``abort(404, "No such order")`` tells the caller, and Flask's extensions that use it.

    The description that an exception brings along speaks of URLs and browsers, so its name has to do.
    """
    description = error.description
    if not description or description == type(error).description:
        return error.name
    return f"{error.name}: {description}"


def unfit(bound: Bound, error: UnfitResult) -> Failed:
    """Log that a function returned what it does not declare, and mask it."""
    # What does not fit is told with pieces of it, and a client may have sent those.
    told = printable(" ".join(str(error).split()), _LONGEST_TOLD)
    logger.error("%s %r: %s", bound.component.kind, bound.component.name, told)
    return Failed(_MASKED.format(kind=bound.component.kind))


def internal_error(error: Failed) -> ProtocolError:
    """Answer a failure where a result cannot tell it."""
    return ProtocolError(INTERNAL_ERROR, str(error), status=200)


def _call(exchange: Exchange, bound: Bound, arguments: Mapping[str, Any]) -> Call:
    server, request, terms = exchange.server, exchange.request, exchange.terms
    meta = request.params.get("_meta")
    meta = meta if isinstance(meta, Mapping) else {}
    token = meta.get("progressToken")
    if isinstance(token, str) and len(token) > MAX_ID_LENGTH:
        raise invalid_params(f"Invalid params: progressToken has more than {MAX_ID_LENGTH} characters")
    cancelled = _taken_back(exchange)
    asking: AskingAgain | AskingOnStream | None
    if request.method not in INPUT_METHODS:
        asking = None
    elif terms.modern:
        subject = subject_of(exchange, bound, arguments)
        unsolicited = isinstance(bound, BoundTool) and bound.component.accepts_unsolicited_answers
        retry = server.states.read(request.params, subject, unsolicited=unsolicited)
        asking = AskingAgain(retry, terms, server.states)
    else:
        asking = AskingOnStream(
            caller=exchange.caller,
            terms=terms,
            emitter=exchange.emitter,
            store=server.store,
            obstacle=exchange.worker.obstacle(server.store),
            cancelled=cancelled,
        )
    return Call(
        request_id=request.id,
        terms=terms,
        meta=meta,
        emitter=exchange.emitter,
        progress_token=token if is_request_id(token) else None,
        threshold=_log_threshold(exchange),
        asking=asking,
        cancelled=cancelled,
        component=bound.component,
    )


def subject_of(exchange: Exchange, bound: Bound, arguments: Mapping[str, Any]) -> Subject:
    """Return what a request state of this request is bound to."""
    return Subject(exchange.caller, exchange.request.method, bound.component.name, arguments)


def _log_threshold(exchange: Exchange) -> Callable[[], str | None]:
    if exchange.terms.modern:
        level = exchange.terms.log_level
        return lambda: level
    session = exchange.terms.session
    if session is None:
        return _default_level
    levels = exchange.server.log_levels
    found: list[str] = []

    def level_of_session() -> str:
        # Asked of the store once a call, and only if it logs at all.
        if not found:
            found.append(levels.get(session) or _DEFAULT_LEVEL)
        return found[0]

    return level_of_session


def _default_level() -> str:
    return _DEFAULT_LEVEL


def _taken_back(exchange: Exchange) -> Callable[[], bool]:
    session = exchange.terms.session
    if exchange.terms.modern or session is None:
        return _never
    server, request_id = exchange.server, exchange.request.id
    return lambda: server.store.get(cancellation_key(session, request_id)) is not None


def _never() -> bool:
    return False


def cancellation_key(session: str, request_id: str | int) -> str:
    """Return where the store notes that a session took a request back; ids keep their type."""
    # Hashed: an id may be long, and may hold what no key of a store can (a lone surrogate).
    digest = hashlib.sha256(str(request_id).encode("utf-8", "surrogatepass")).hexdigest()
    return f"cancelled:{session}:{type(request_id).__name__}:{digest}"


def _drive(generator: Generator[Any, Any, Any], call: Call) -> Any:
    """Run a generator: what it yields is progress, what it returns is the result."""
    try:
        while True:
            step = next(generator)
            if isinstance(step, tuple) and 1 <= len(step) <= 3:
                call.progress(*step)
            elif isinstance(step, int | float) and not isinstance(step, bool):
                call.progress(step)
            else:
                raise UnfitResult(
                    f"a generator yields progress (a number, or a tuple of them), not {type(step).__name__}"
                )
            call.check_cancelled()
    except StopIteration as stop:
        return stop.value
    finally:
        generator.close()
