"""Change notifications: ``subscriptions/listen`` (2026-07-28) and the GET stream (up to 2025-11-25).

A stream holds its request's thread and writes from it. It ends when the client goes, when the caller's
token does, or when the server stops; the client then opens another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Response

from . import jsonrpc
from .access import Access
from .connection import connection_probe
from .dispatch import Reply, refusal
from .emitter import Emitter
from .errors import INTERNAL_ERROR, ProtocolError, invalid_params, method_not_found
from .jsonrpc import notification
from .notifications import LIST_KINDS, Change, Filter, ListKind
from .resources import is_readable
from .server import Exchange, HTTPRefusal
from .stream import CallResponse, http_refusal
from .streams import suitable_room
from .versions import SUBSCRIPTION_ID_META_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEEP_ALIVE_SECONDS = 15.0
#: How soon a client that left is noticed, which frees its thread.
LOOK_SECONDS = 1.0
#: No stream is longer than this, whatever the token says; clients open another.
MAX_SECONDS = 3600.0
MAX_URIS = 100

_LISTS: Mapping[str, ListKind] = {
    "toolsListChanged": "tools/list_changed",
    "promptsListChanged": "prompts/list_changed",
    "resourcesListChanged": "resources/list_changed",
}


def listen(exchange: Exchange, *, accepts_stream: bool) -> Response | list[Any]:
    """Open the stream of ``subscriptions/listen`` (basic/patterns/subscriptions)."""
    try:
        if not exchange.keeps_subscriptions:
            raise method_not_found(exchange.request.method)
        if not exchange.server.access.authenticated():
            refused = exchange.server.access.unauthenticated()
            raise HTTPRefusal(
                401,
                "unauthorized",
                refused.message,
                {"WWW-Authenticate": refused.www_authenticate or "Bearer"},
            )
        granted = _granted(exchange)
        if not accepts_stream:
            raise invalid_params("subscriptions/listen is answered with an event stream only; accept it")
    except HTTPRefusal as unauthenticated:
        return [http_refusal(unauthenticated)]
    except ProtocolError as error:
        return [refusal(exchange, error)]
    meta = {SUBSCRIPTION_ID_META_KEY: exchange.request.id}
    acknowledged = notification(
        "notifications/subscriptions/acknowledged", {"notifications": granted, "_meta": meta}
    )
    final = exchange.complete({"_meta": meta})
    return NotificationStream(
        exchange,
        wanted=_wanted(granted),
        first=acknowledged,
        last={"jsonrpc": "2.0", "id": exchange.request.id, "result": final},
        meta=meta,
    )


def open_notification_stream(exchange: Exchange) -> Response:
    """Open the stream of a GET (2025-11-25 basic/transports, Listening for Messages from the Server)."""
    session = exchange.terms.session
    assert session is not None

    wanted = Filter(
        frozenset(LIST_KINDS), exchange.server.resource_subscriptions.follow(session, exchange.caller)
    )
    return NotificationStream(exchange, wanted=wanted, first=None, last=None, meta=None)


class NotificationStream(CallResponse):
    """Writes what changes until the client, its token or the server ends."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        wanted: Filter,
        first: Mapping[str, Any] | None,
        last: Mapping[str, Any] | None,
        meta: Mapping[str, Any] | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__((), batch=False, accepts_json=False, accepts_stream=True)
        self._exchange = exchange
        self._wanted = wanted
        self._first = first
        self._last = last
        self._meta = meta
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hold the request's thread and write (PEP 3333)."""
        server = self._exchange.server
        if not server.streams.take(suitable_room(start_response)):
            self._replies = [self._busy()]
            self._accepts_json = True
            return super().__call__(environ, start_response)
        try:
            emitter = Emitter(self.stream_opener(environ, start_response), connection_probe(environ))
            with server.hub.subscribe(self._wanted) as subscription:
                # Listening comes first, so that nothing is lost between the two.
                if self._first is None:
                    emitter.keep_alive()
                else:
                    emitter.send(self._first)
                end = self._end(server.access)
                written = self._clock()
                while (
                    (left := end - self._clock()) > 0 and not subscription.closed and not emitter.client_gone
                ):
                    changes = [
                        change
                        for change in subscription.wait(min(left, LOOK_SECONDS))
                        # Whoever subscribed may have lost the permission since.
                        if change.uri is None or is_readable(self._exchange, change.uri)
                    ]
                    for change in changes:
                        emitter.send(self._message(change))
                    if changes:
                        written = self._clock()
                    elif self._clock() - written >= KEEP_ALIVE_SECONDS:
                        emitter.keep_alive()
                        written = self._clock()
            if self._last is not None:
                emitter.send(self._last)
        finally:
            server.streams.give_back()
        return ()

    def _end(self, access: Access) -> float:
        expires_at = access.expires_at()
        end = self._clock() + MAX_SECONDS
        return end if expires_at is None else min(end, expires_at)

    def _message(self, change: Change) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if change.uri is not None:
            params["uri"] = change.uri
        if self._meta is not None:
            params["_meta"] = self._meta
        return notification(f"notifications/{change.kind}", params or None)

    def _busy(self) -> Reply:
        error = ProtocolError(INTERNAL_ERROR, "This server holds as many streams as it can; try again later")
        request_id = self._exchange.request.id if self._last is not None else None
        return Reply(503, jsonrpc.error_response(request_id, error), {"Retry-After": "30"})


def _granted(exchange: Exchange) -> dict[str, Any]:
    """Return what of a filter can be kept: what is asked for, supported, and may be read by the caller.

    :raises ProtocolError: -32602 if the filter is malformed.
    """
    wanted = exchange.params.get("notifications")
    if not isinstance(wanted, Mapping):
        raise invalid_params("Invalid params: notifications must be an object")
    registry = exchange.server.registry
    offered = {
        "toolsListChanged": bool(registry.tools),
        "promptsListChanged": bool(registry.prompts),
        "resourcesListChanged": bool(registry.resources or registry.templates),
    }
    granted: dict[str, Any] = {}
    for name, available in offered.items():
        value = wanted.get(name)
        if value is not None and not isinstance(value, bool):
            raise invalid_params(f"Invalid params: notifications.{name} must be a boolean")
        if value and available:
            granted[name] = True
    uris = wanted.get("resourceSubscriptions")
    if uris is None:
        return granted
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris) or len(uris) > MAX_URIS:
        raise invalid_params(
            f"Invalid params: resourceSubscriptions must be a list of at most {MAX_URIS} strings"
        )
    readable = [uri for uri in dict.fromkeys(uris) if is_readable(exchange, uri)]
    if readable:
        granted["resourceSubscriptions"] = readable
    return granted


def _wanted(granted: Mapping[str, Any]) -> Filter:
    kinds: frozenset[ListKind] = frozenset(kind for name, kind in _LISTS.items() if name in granted)
    return Filter(kinds, frozenset(granted.get("resourceSubscriptions", ())))
