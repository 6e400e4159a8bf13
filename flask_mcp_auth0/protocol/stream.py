"""The response that runs the call: plain JSON, or an event stream from the call's own thread.

Flask calls a response while its contexts are still pushed, so the function that runs in here has ``g``,
``request`` and the application's database session, and teardown comes after it. ``after_request`` functions
have run before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.wsgi import ClosingIterator

from . import jsonrpc
from .connection import connection_probe
from .dispatch import Job, Reply
from .emitter import Emitter, OpenStream
from .server import HTTPRefusal
from .streams import suitable_room

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store, no-transform"),
    # nginx would collect events otherwise (streamable-http, Receiving Messages).
    ("X-Accel-Buffering", "no"),
)


class CallResponse(Response):
    """Runs jobs when the server asks for the response.

    :param replies: what is finished, and what has still to run, in order.
    :param batch: whether the answer is an array.
    :param accepts_json: whether the client takes ``application/json``; an event stream is used if not.
    :param accepts_stream: whether it takes ``text/event-stream``.
    """

    def __init__(
        self, replies: Iterable[Reply | Job], *, batch: bool, accepts_json: bool, accepts_stream: bool
    ) -> None:
        super().__init__(mimetype="application/json")
        self._replies = replies
        self._batch = batch
        self._accepts_json = accepts_json
        self._accepts_stream = accepts_stream

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Run the jobs, then answer (PEP 3333)."""
        opener = self.stream_opener(environ, start_response) if self._accepts_stream else None
        emitter = Emitter(opener, connection_probe(environ))
        bodies: list[bytes] = []
        # A job knows the emitter, which knows this response. If it knew the job in turn, all that a call has
        # made would wait for the garbage collector.
        replies, self._replies = self._replies, ()
        for item in replies:
            reply = _run(item, emitter, start_response)
            if reply.status != 200 and not self._batch:
                self.status_code = reply.status
            if reply.headers:
                self.headers.update(reply.headers)
            if reply.body is None:
                continue
            bodies.append(reply.body)
            if emitter.started or not self._accepts_json:
                # The first of them may have been ready before a later one began the stream.
                bodies = [body for body in bodies if not emitter.send_bytes(body)]
        if emitter.started:
            return ()
        body = b"[" + b",".join(bodies) + b"]" if self._batch else b"".join(bodies)
        # What Werkzeug would do besides (locations, bodies that a HEAD request or a 304 must not have, a body
        # that is iterated) has no place here, and costs more than the dispatch of the call.
        self.headers["Content-Length"] = str(len(body))
        start_response(self.status, self.headers.to_wsgi_list())
        return ClosingIterator([body], self.close) if self._on_close else [body]

    def stream_opener(self, environ: WSGIEnvironment, start_response: StartResponse) -> OpenStream:
        """Return what starts this response as an event stream."""

        def open_stream() -> Callable[[bytes], object] | None:
            headers = self.get_wsgi_headers(environ)
            headers.remove("Content-Length")
            for name, value in _STREAM_HEADERS:
                headers[name] = value
            return start_response("200 OK", headers.to_wsgi_list())

        return open_stream


def _run(item: Reply | Job, emitter: Emitter, start_response: StartResponse) -> Reply:
    if isinstance(item, Reply):
        return item
    exchange = item.exchange
    exchange.emitter = emitter
    slots, caller = exchange.server.streams, exchange.caller
    emitter.waiting = lambda: slots.waiting(caller, suitable_room(start_response))
    try:
        return item.run()
    except HTTPRefusal as refusal:
        return http_refusal(refusal)


def http_refusal(refusal: HTTPRefusal) -> Reply:
    """Return the answer of a refusal that is HTTP's rather than JSON-RPC's."""
    body = jsonrpc.encode({"error": refusal.error, "error_description": refusal.message})
    return Reply(refusal.status, body, {**refusal.headers, "Cache-Control": "no-store"})
