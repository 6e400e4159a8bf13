"""The response that runs the call: plain JSON, or an event stream from the call's own thread.

Flask calls a response while its contexts are still pushed, so the function that runs in here has ``g``,
``request`` and the application's database session, and teardown comes after it. ``after_request`` functions
have run before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Response

from . import jsonrpc
from .connection import connection_probe
from .dispatch import Job, Reply
from .emitter import Emitter, OpenStream
from .server import HTTPRefusal

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
        for item in self._replies:
            reply = _run(item, emitter)
            self.status_code = reply.status if not self._batch else 200
            self.headers.update(reply.headers)
            if reply.body is None:
                continue
            bodies.append(reply.body)
            if emitter.started or not self._accepts_json:
                # The first of them may have been ready before a later one began the stream.
                for body in bodies:
                    emitter.send_bytes(body)
                bodies.clear()
        if emitter.started:
            return ()
        self.set_data(b"[" + b",".join(bodies) + b"]" if self._batch else b"".join(bodies))
        return super().__call__(environ, start_response)

    def stream_opener(self, environ: WSGIEnvironment, start_response: StartResponse) -> OpenStream:
        """Return what starts this response as an event stream."""

        def open_stream() -> Callable[[bytes], object]:
            headers = self.get_wsgi_headers(environ)
            headers.remove("Content-Length")
            for name, value in _STREAM_HEADERS:
                headers[name] = value
            return start_response("200 OK", headers.to_wsgi_list())

        return open_stream


def _run(item: Reply | Job, emitter: Emitter) -> Reply:
    if isinstance(item, Reply):
        return item
    item.exchange.emitter = emitter
    try:
        return item.run()
    except HTTPRefusal as refusal:
        return http_refusal(refusal)


def http_refusal(refusal: HTTPRefusal) -> Reply:
    """Return the answer of a refusal that is HTTP's rather than JSON-RPC's."""
    body = jsonrpc.encode({"error": refusal.error, "error_description": refusal.message})
    return Reply(refusal.status, body, {**refusal.headers, "Cache-Control": "no-store"})
