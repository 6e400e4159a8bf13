"""The MCP endpoint as a Flask view (basic/transports/streamable-http)."""

from __future__ import annotations

import functools
from typing import Any

from flask import Request as HTTPRequest
from flask import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_accept_header

from . import jsonrpc
from .answers import accept_answer
from .connection import bound_writing, bounded_reading, stop_reading
from .discovery import initialize
from .dispatch import Job, Reply, answer, followed, notify
from .era import SESSION_HEADER, VERSION_HEADER, handshake_terms, is_modern, modern_terms
from .errors import INVALID_REQUEST, PARSE_ERROR, ProtocolError
from .jsonrpc import ClientResponse, Notification, Request
from .server import Exchange, HTTPRefusal, Server, Worker
from .store import StoreUnavailable
from .stream import CallResponse, http_refusal
from .subscriptions import listen, open_notification_stream
from .terms import Terms
from .versions import ASSUMED_VERSION, BATCH_VERSION
from .watching import Failure

JSON, EVENT_STREAM = "application/json", "text/event-stream"


def serve(server: Server) -> Response:
    """Answer the current request to the MCP endpoint."""
    http = request._get_current_object()  # type: ignore[attr-defined]
    bound_writing(http.environ)
    if http.method == "POST":
        return _post(server, http)
    if http.method == "GET":
        return _get(server, http)
    # Sessions are not kept, so there is none to end (2025-11-25 basic/transports, Session Management).
    return _error(405, "Method not allowed: use POST", {"Allow": "POST"})


def _post(server: Server, http: HTTPRequest) -> Response:
    accepts_json, accepts_stream = _accepted(http)
    if not accepts_json and not accepts_stream:
        return _error(406, f"Not acceptable: accept {JSON} and {EVENT_STREAM}")
    if http.mimetype != JSON:
        return _error(415, f"Unsupported media type: send {JSON}")
    if http.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _error(415, "Unsupported content encoding: send the body as it is")
    try:
        body = jsonrpc.decode(_body(http, server.max_body))
        replies = _batch(server, http, body) if isinstance(body, list) else _single(server, http, body)
    except RequestEntityTooLarge:
        return _error(413, f"The body is larger than {server.max_body} bytes")
    except HTTPRefusal as refusal:
        return _response(http_refusal(refusal))
    except ProtocolError as error:
        # Nothing could be made of the body, so there is no id to answer to.
        legacy = http.headers.get(VERSION_HEADER, ASSUMED_VERSION) < "2026"
        return _response(Reply(error.status, jsonrpc.error_response(None, error, null_id=legacy)))
    if isinstance(replies, Response):
        return replies
    if len(replies) == 1 and isinstance(replies[0], Reply) and accepts_json and not isinstance(body, list):
        return _response(replies[0])
    if not replies:
        return Response(status=202)
    return CallResponse(
        replies, batch=isinstance(body, list), accepts_json=accepts_json, accepts_stream=accepts_stream
    )


def _single(server: Server, http: HTTPRequest, body: Any) -> list[Reply | Job] | Response:
    modern = is_modern(http.headers, body)
    try:
        message = jsonrpc.message_of(body)
    except ProtocolError as error:
        request_id = jsonrpc.readable_id(body)
        return [Reply(error.status, jsonrpc.error_response(request_id, error, null_id=not modern))]
    if isinstance(message, ClientResponse):
        if modern:
            unwanted = ProtocolError(
                INVALID_REQUEST, "Invalid request: this revision has no client responses"
            )
            return [Reply(400, jsonrpc.error_response(None, unwanted))]
        return _client_response(server, message)
    initializing = not modern and message.method == "initialize"
    caller = server.access.caller()
    try:
        if modern and isinstance(message, Request):
            terms = modern_terms(http.headers, message)
        elif modern:
            # Header requirements for notifications are not defined (streamable-http, Sending Messages).
            terms = Terms(version=http.headers.get(VERSION_HEADER, ""), modern=True)
        else:
            terms = handshake_terms(http.headers, server.sessions, caller, initializing=initializing)
    except ProtocolError as error:
        request_id = message.id if isinstance(message, Request) else None
        return [Reply(error.status, jsonrpc.error_response(request_id, error, null_id=not modern))]
    if isinstance(message, Notification):
        notify(_exchange(server, http, Request("", message.method, message.params), terms, caller))
        return []
    exchange = _exchange(server, http, message, terms, caller)
    if initializing:
        return [_initialize(exchange)]
    if modern and message.method == "subscriptions/listen":
        return listen(exchange, accepts_stream=_accepted(http)[1])
    return [answer(exchange)]


def _batch(server: Server, http: HTTPRequest, body: list[Any]) -> list[Reply | Job]:
    """Answer a batch, which 2025-03-26 has and no other revision; every call is authorised on its own."""
    caller = server.access.caller()
    terms = handshake_terms(http.headers, server.sessions, caller, initializing=False)
    if terms.version != BATCH_VERSION:
        raise ProtocolError(INVALID_REQUEST, "Invalid request: this revision has no batches")
    if not 0 < len(body) <= jsonrpc.MAX_BATCH:
        raise ProtocolError(
            INVALID_REQUEST, f"Invalid request: a batch holds 1 to {jsonrpc.MAX_BATCH} messages"
        )
    replies: list[Reply | Job] = []
    for item in body:
        try:
            message = jsonrpc.message_of(item)
            if isinstance(message, Request) and message.method == "initialize":
                raise ProtocolError(
                    INVALID_REQUEST, "Invalid request: initialize must not be part of a batch"
                )
        except ProtocolError as error:
            replies.append(Reply(200, jsonrpc.error_response(jsonrpc.readable_id(item), error, null_id=True)))
            continue
        if isinstance(message, ClientResponse):
            _client_response(server, message)
        elif isinstance(message, Notification):
            notify(_exchange(server, http, Request("", message.method, message.params), terms, caller))
        else:
            replies.append(answer(_exchange(server, http, message, terms, caller, in_batch=True)))
    return replies


def _initialize(exchange: Exchange) -> Reply:
    exchange.watch = exchange.server.watch(exchange)
    return followed(exchange, lambda: _initialized(exchange))


def _initialized(exchange: Exchange) -> Reply:
    try:
        result, session_id = initialize(exchange)
    except ProtocolError as error:
        exchange.failure = Failure(str(error.code), error.message, error.code)
        return Reply(200, jsonrpc.error_response(exchange.request.id, error))
    headers = (
        {SESSION_HEADER: session_id}
        if session_id is not None and exchange.server.access.authenticated()
        else {}
    )
    return Reply(200, jsonrpc.response(exchange.request.id, jsonrpc.encode(result)), headers)


def _client_response(server: Server, message: ClientResponse) -> list[Reply | Job]:
    """Pass a client's answer on (2025-11-25 basic/transports, Sending Messages 4)."""
    try:
        accepted = accept_answer(server.store, server.access.caller(), message)
    except StoreUnavailable:
        error = ProtocolError(
            INVALID_REQUEST, "The answer cannot be taken for now; send it again", status=503
        )
        return [Reply(503, jsonrpc.error_response(None, error, null_id=True))]
    except ProtocolError as refused:
        return [Reply(refused.status, jsonrpc.error_response(None, refused, null_id=True))]
    if accepted:
        return []
    error = ProtocolError(INVALID_REQUEST, "Invalid request: nobody waits for this answer")
    return [Reply(400, jsonrpc.error_response(None, error, null_id=True))]


def _get(server: Server, http: HTTPRequest) -> Response:
    if EVENT_STREAM not in http.accept_mimetypes.values() or SESSION_HEADER not in http.headers:
        return _error(405, "Method not allowed: use POST", {"Allow": "POST"})
    caller = server.access.caller()
    try:
        terms = handshake_terms(http.headers, server.sessions, caller, initializing=False)
    except ProtocolError as error:
        return _response(Reply(error.status, jsonrpc.error_response(None, error, null_id=True)))
    exchange = _exchange(server, http, Request("", "", {}), terms, caller)
    if not exchange.keeps_subscriptions:
        return _error(405, "Method not allowed: this server sends nothing on its own", {"Allow": "POST"})
    return open_notification_stream(exchange)


def _exchange(
    server: Server, http: HTTPRequest, message: Request, terms: Terms, caller: str, *, in_batch: bool = False
) -> Exchange:
    return Exchange(
        server=server,
        request=message,
        terms=terms,
        caller=caller,
        headers=http.headers,
        worker=Worker.of(http.environ),
        in_batch=in_batch,
    )


def _body(http: HTTPRequest, most: int) -> bytes:
    """Read at most ``most`` bytes.

    :raises RequestEntityTooLarge: if there are more, unread where the length was announced.
    :raises ProtocolError: if the client ended before its body did, or falls silent in the middle.
    """
    # One byte more, so that a body without a length that is cut there can be told from one that ends there.
    http.max_content_length = most + 1
    try:
        with bounded_reading(http.environ):
            body = http.get_data(cache=False)
    except ClientDisconnected as error:
        if isinstance(error.__context__, TimeoutError):
            stop_reading(http.environ)
            raise ProtocolError(
                PARSE_ERROR, "Parse error: the rest of the body did not come", status=408
            ) from error
        raise ProtocolError(PARSE_ERROR, "Parse error: the body ended early") from error
    if len(body) > most:
        raise RequestEntityTooLarge
    return body


def _accepted(http: HTTPRequest) -> tuple[bool, bool]:
    """Tell whether the client takes JSON, and whether it takes an event stream (RFC 9110 §12.5.1)."""
    header = http.headers.get("Accept")
    return (True, True) if header is None else _accepted_of(header)


@functools.lru_cache(maxsize=64)
def _accepted_of(header: str) -> tuple[bool, bool]:
    accept = parse_accept_header(header, MIMEAccept)
    return accept[JSON] > 0, accept[EVENT_STREAM] > 0


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, mimetype=JSON)
    response.headers.update(reply.headers)
    return response


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = ProtocolError(INVALID_REQUEST, message)
    return _response(Reply(status, jsonrpc.error_response(None, error), headers or {}))
