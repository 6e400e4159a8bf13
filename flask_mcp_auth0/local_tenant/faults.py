"""Faults on command: what a tenant or the network between does wrong, for tests.

A fault belongs to endpoints (``GET /api/v2/users/{id}/permissions``, ``* /oauth/token``, ``*``) and holds
for so many requests or until it is cleared. The administrator's page and the control API never fail, so
that a fault can always be lifted.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from .model import Clock

if TYPE_CHECKING:
    from .state import TenantState

LONGEST_LATENCY = 300.0
_STATUSES = frozenset(status.value for status in HTTPStatus if status >= 200)
_NEVER = ("/_control/", "/_assets/", "/admin")


@dataclass(slots=True)
class Fault:
    """One fault.

    :param endpoint: ``METHOD pattern``, with ``*`` for any text; the pattern as in
        :meth:`TenantState.count`, or a path as it was sent.
    :param latency: seconds to wait before anything else.
    :param status: answer with this status instead of the endpoint.
    :param retry_after: value of ``Retry-After``, in seconds.
    :param ratelimit_reset: seconds from now on that ``x-ratelimit-reset`` names.
    :param drop: close the connection without an answer.
    :param truncate: break off in the middle of the endpoint's answer.
    :param content: answer 200 (or ``status``) with this text instead of the endpoint.
    :param times: how many requests it holds for; ``None`` until cleared.
    """

    endpoint: str
    latency: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    ratelimit_reset: int | None = None
    drop: bool = False
    truncate: bool = False
    content: str | None = None
    content_type: str = "text/html; charset=utf-8"
    times: int | None = None
    id: int = 0

    def __post_init__(self) -> None:
        if not self.endpoint or len(self.endpoint) > 500:
            raise ValueError(
                "A fault needs an endpoint, such as 'GET /api/v2/users/{id}/permissions' or '*'."
            )
        if not 0 <= self.latency <= LONGEST_LATENCY:
            raise ValueError(f"latency is 0 to {LONGEST_LATENCY:.0f} seconds.")
        if self.status is not None and self.status not in _STATUSES:
            raise ValueError("status is one of HTTP's, from 200 to 599.")
        if self.times is not None and self.times < 1:
            raise ValueError("times is at least 1.")

    def concerns(self, method: str, names: Iterable[str]) -> bool:
        """Whether it is for a request with ``method`` to an endpoint of one of ``names``."""
        wanted_method, space, wanted = self.endpoint.partition(" ")
        if not space:
            wanted_method, wanted = "*", self.endpoint
        return fnmatchcase(method, wanted_method) and any(fnmatchcase(name, wanted) for name in names)


class Faults:
    """The faults that are on. Safe between threads.

    :param sleep: how to wait; tests hand in their own.
    """

    def __init__(self, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self.sleep = sleep
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._next = 0

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(list(self._faults))

    def add(self, endpoint: str, **fault: Any) -> Fault:
        """Switch a fault on; arguments as those of :class:`Fault`.

        :raises ValueError: when one makes no sense.
        """
        added = Fault(endpoint, **fault)
        with self._lock:
            self._next += 1
            added.id = self._next
            self._faults.append(added)
        return added

    def clear(self, fault: Fault | int | None = None) -> None:
        """Lift one fault, or all of them."""
        wanted = fault.id if isinstance(fault, Fault) else fault
        with self._lock:
            self._faults = [f for f in self._faults if wanted is not None and f.id != wanted]

    def due(self, method: str, *names: str) -> Fault | None:
        """The first fault for a request, which uses up one of its ``times``."""
        with self._lock:
            for fault in self._faults:
                if fault.concerns(method, names):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def response(self, fault: Fault) -> Response | None:
        """What ``fault`` answers instead of the endpoint, if it does."""
        if fault.drop:
            return _Dropped()
        if fault.status is None and fault.content is None:
            return None
        status = fault.status or 200
        headers: dict[str, str] = {}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault.ratelimit_reset is not None:
            headers["x-ratelimit-limit"] = "2"
            headers["x-ratelimit-remaining"] = "0"
            headers["x-ratelimit-reset"] = str(int(self._clock()) + fault.ratelimit_reset)
        if fault.content is not None:
            return Response(fault.content, status, headers, content_type=fault.content_type)
        from .management.errors import ManagementError

        if status == HTTPStatus.TOO_MANY_REQUESTS:
            error = ManagementError(status, "Global limit has been reached", "too_many_requests")
        else:
            error = ManagementError(status, HTTPStatus(status).description or "A fault.")
        return Response(
            json.dumps(error.body()), status, headers, content_type="application/json; charset=utf-8"
        )


def install(app: Flask, state: TenantState) -> None:
    """Count every request of ``app`` by endpoint, and let the faults of ``state`` happen to it."""

    @app.before_request
    def _before() -> Response | None:
        method, name, path = request.method, endpoint_name(), request.path
        if path.startswith(_NEVER):
            return None
        with state.lock:
            state.counts[f"{method} {name}"] += 1
        fault = state.faults.due(method, name, path)
        if fault is None:
            return None
        if fault.latency:
            state.faults.sleep(fault.latency)
        g.tenant_fault = fault
        return state.faults.response(fault)

    @app.after_request
    def _after(response: Response) -> Response:
        fault: Fault | None = g.get("tenant_fault")
        if fault is not None and fault.truncate:
            return _Truncated(response)
        return response


def endpoint_name() -> str:
    """The running request's endpoint as counts and faults name it: ``/api/v2/users/{id}``,
    ``/oauth/token``.
    """
    from .management import ROUTER
    from .management.routing import PREFIX, sent_path

    path = sent_path(request.environ)
    if path.startswith(f"{PREFIX}/"):
        found = ROUTER.match(request.method, path.removeprefix(PREFIX))
        return f"{PREFIX}{found[0].template}" if found else request.path
    rule = request.url_rule
    if rule is None:
        return request.path
    return re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _hang_up(environ: dict[str, Any]) -> None:
    """Close the connection under the server, where it lets one."""
    connection = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)


class _Dropped(Response):
    """No answer: the connection is closed. Without a socket the exception reaches whoever called the app."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        _hang_up(environ)
        raise ConnectionResetError("The tenant dropped the connection, as a fault told it to.")


class _Truncated(Response):
    """Half of another response, under the length of the whole."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.get_data(), whole.status, whole.headers)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        body = self.get_data()
        start_response(self.status, [*self.headers.to_wsgi_list()])

        def half() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            _hang_up(environ)
            raise ConnectionResetError("The tenant broke off its answer, as a fault told it to.")

        return half()
