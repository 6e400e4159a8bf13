"""From a method's name to what answers it, per era."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from . import jsonrpc
from .allowance import Allowance
from .answers import ANSWER_TIME
from .completion import complete
from .discovery import discover
from .errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    ProtocolError,
    invalid_params,
    method_not_found,
    printable,
)
from .execution import cancellation_key
from .lists import list_prompts, list_resource_templates, list_resources, list_tools
from .prompts import get_prompt
from .resources import check_readable, read_resource
from .server import Deferred, Exchange, HTTPRefusal
from .store import StoreUnavailable
from .terms import LOG_LEVELS
from .tools import call_tool
from .watching import Failure

logger = logging.getLogger("flask_mcp_auth0.protocol")

#: A call that waits for its user is the longest that looks for its cancellation.
_CANCELLATION_TTL = float(ANSWER_TIME)
#: Most cancellations that are taken note of for one caller within that time.
MAX_CANCELLATIONS = 500

Handler = Callable[[Exchange], dict[str, Any] | bytes | Deferred]


@dataclass(slots=True)
class Reply:
    """A finished answer: an HTTP status and a body (``None``: no body)."""

    status: int
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Job:
    """An answer that is finished by running a function of the application."""

    exchange: Exchange
    deferred: Deferred

    def run(self) -> Reply:
        """Run it; HTTPRefusal passes through."""
        exchange = self.exchange

        def work() -> Reply:
            reply = guarded(exchange, self.deferred.run)
            assert isinstance(reply, Reply)  # what was deferred once is not deferred again
            return reply

        return followed(exchange, work)


def answer(exchange: Exchange) -> Reply | Job:
    """Answer a request, as far as no function of the application has to run."""
    exchange.watch = exchange.server.watch(exchange)
    return followed(exchange, lambda: _answer(exchange))


A = TypeVar("A", Reply, Job, Reply | Job)


def followed(exchange: Exchange, work: Callable[[], A]) -> A:
    """Do a part of the work on a request under the eyes of whoever follows it."""
    watch = exchange.watch
    if watch is None:
        return work()
    answered: Reply | Job | None = None
    headers: Mapping[str, str] = {}
    try:
        with watch.working():
            result = work()
        answered = result
    finally:
        if not isinstance(answered, Job):
            headers = watch.end(exchange.failure)
    if isinstance(answered, Reply):
        answered.headers.update(headers)
    return result


def _answer(exchange: Exchange) -> Reply | Job:
    return guarded(exchange, lambda exchange: _handler(exchange)(exchange))


def guarded(exchange: Exchange, function: Handler) -> Reply | Job:
    """Run a handler and turn what it returns or raises into an answer; nothing unexpected shows its text."""
    request = exchange.request
    try:
        result = function(exchange)
        if isinstance(result, Deferred):
            return Job(exchange, result)
        if isinstance(result, dict):
            if result.get("isError") is True:
                exchange.failure = Failure("tool_error")
            result = jsonrpc.encode(result)
        return Reply(200, jsonrpc.response(request.id, result))
    except ProtocolError as error:
        return refusal(exchange, error)
    except StoreUnavailable:
        logger.warning("%s: the shared store cannot be reached", printable(request.method))
        text = "The server cannot do this for now; try again later"
        return refusal(exchange, ProtocolError(INTERNAL_ERROR, text, status=503))
    except HTTPRefusal as refused:
        exchange.failure = Failure(refused.error, refused.message)
        raise
    except Exception as error:
        # Among others a result that is not JSON after all: infinite numbers, cycles.
        logger.exception("%s failed", printable(request.method))
        if exchange.watch is not None:
            exchange.watch.crashed(error)
        return refusal(exchange, ProtocolError(INTERNAL_ERROR, "Internal error", status=500))


def refusal(exchange: Exchange, error: ProtocolError) -> Reply:
    """Answer with a JSON-RPC error; before 2026-07-28 what concerns a single request has HTTP status 200."""
    status = error.status
    exchange.failure = Failure(str(error.code), error.message, error.code)
    if not exchange.terms.modern and error.code not in (PARSE_ERROR, INVALID_REQUEST) and status < 500:
        status = 200
    return Reply(status, jsonrpc.error_response(exchange.request.id, error))


def notify(exchange: Exchange) -> None:
    """Take a notification note of; whatever it is, it is never answered (basic/index, Notifications)."""
    exchange.watch = exchange.server.watch(exchange)
    followed(exchange, lambda: _notified(exchange))


def _notified(exchange: Exchange) -> Reply:
    terms, params = exchange.terms, exchange.params
    request_id = params.get("requestId")
    if (
        exchange.request.method == "notifications/cancelled"
        and not terms.modern
        and terms.session is not None
        and isinstance(request_id, str | int)
    ):
        try:
            _take_back(exchange, cancellation_key(terms.session, request_id))
        except StoreUnavailable:
            logger.warning("a cancellation was lost: the shared store cannot be reached")
    return Reply(202)


def _take_back(exchange: Exchange, key: str) -> None:
    store = exchange.server.store
    allowance = Allowance(store, "cancellation", most=MAX_CANCELLATIONS, period=_CANCELLATION_TTL)
    # A client may name any id, of calls that never were too; whether one runs only another worker may know.
    if allowance.take(exchange.caller, key):
        store.set(key, 1, _CANCELLATION_TTL)
    else:
        logger.debug("a cancellation was passed over: its caller sends too many")


def _set_level(exchange: Exchange) -> dict[str, Any]:
    level = exchange.params.get("level")
    if level not in LOG_LEVELS:
        raise invalid_params("Invalid params: unknown log level")
    session = exchange.terms.session
    if session is not None and not exchange.server.log_levels.set(session, level, exchange.caller):
        raise invalid_params("Invalid params: too many sessions have a log level")
    return {}


def _subscribe(exchange: Exchange) -> dict[str, Any]:
    uri, session = _subscription(exchange)
    # News of a resource are something of it, so they are for whoever may read it.
    check_readable(exchange, uri)
    if not exchange.server.resource_subscriptions.subscribe(session, uri, exchange.caller):
        raise invalid_params("Invalid params: too many subscriptions")
    return {}


def _unsubscribe(exchange: Exchange) -> dict[str, Any]:
    uri, session = _subscription(exchange)
    exchange.server.resource_subscriptions.unsubscribe(session, uri)
    return {}


def _subscription(exchange: Exchange) -> tuple[str, str]:
    uri = exchange.params.get("uri")
    if not exchange.keeps_subscriptions or exchange.terms.session is None:
        raise method_not_found(exchange.request.method)
    if not isinstance(uri, str):
        raise invalid_params("Invalid params: uri must be a string")
    return uri, exchange.terms.session


_COMMON: Mapping[str, Handler] = {
    "tools/list": list_tools,
    "tools/call": call_tool,
    "resources/list": list_resources,
    "resources/templates/list": list_resource_templates,
    "resources/read": read_resource,
    "prompts/list": list_prompts,
    "prompts/get": get_prompt,
    "completion/complete": complete,
}
_MODERN: Mapping[str, Handler] = {**_COMMON, "server/discover": discover}
_HANDSHAKE: Mapping[str, Handler] = {
    **_COMMON,
    "ping": lambda exchange: {},
    "logging/setLevel": _set_level,
    "resources/subscribe": _subscribe,
    "resources/unsubscribe": _unsubscribe,
}
#: Methods that exist only where something of the kind is registered (schema, MethodNotFoundError).
_GATES: Mapping[str, Callable[[Exchange], bool]] = {
    "tools": lambda exchange: bool(exchange.server.registry.tools),
    "resources": lambda exchange: bool(
        exchange.server.registry.resources or exchange.server.registry.templates
    ),
    "prompts": lambda exchange: bool(exchange.server.registry.prompts),
    "completion": lambda exchange: bool(
        exchange.server.registry.prompts or exchange.server.registry.templates
    ),
}


def _handler(exchange: Exchange) -> Handler:
    method = exchange.request.method
    handler = (_MODERN if exchange.terms.modern else _HANDSHAKE).get(method)
    gate = _GATES.get(method.partition("/")[0])
    if handler is None or (gate is not None and not gate(exchange)):
        raise method_not_found(method)
    return handler
