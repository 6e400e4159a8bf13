"""What all requests of one server share, and what one request has for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from . import jsonrpc
from .access import Access
from .asking import RequestStates
from .components import Component
from .emitter import SILENT, Emitter
from .registry import Registry
from .server_info import ServerInfo
from .session import Sessions
from .store import Store
from .streams import StreamSlots
from .switches import Switches
from .terms import Terms
from .watching import Failure, Watch

if TYPE_CHECKING:
    from .notifications import Hub, LogLevels, ResourceSubscriptions

#: Told after every run of a component: which, the outcome (``ok``, ``error``, ``refused``, ``cancelled`` or
#: ``input_required``), seconds, and the arguments as the client sent them.
Observer = Callable[[Component, str, float, Mapping[str, Any]], None]


@dataclass(eq=False, kw_only=True)
class Server:
    """One MCP server. Everything in it is safe to share between threads and forks."""

    info: ServerInfo
    registry: Registry
    access: Access
    sessions: Sessions
    states: RequestStates
    store: Store
    switches: Switches
    hub: Hub
    log_levels: LogLevels
    resource_subscriptions: ResourceSubscriptions
    ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]]
    observe: Observer = lambda component, outcome, seconds, arguments: None
    #: Asked at the start of every request; ``None`` where nobody follows it.
    watch: Callable[[Exchange], Watch | None] = lambda exchange: None
    streams: StreamSlots = field(default_factory=lambda: StreamSlots(0))
    max_body: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Worker:
    """How this process serves: it decides what may wait, and what may be promised.

    :param threads: whether it can serve another request while one waits (``wsgi.multithread``).
    :param alone: whether no other process serves the same app (not ``wsgi.multiprocess``).
    """

    threads: bool
    alone: bool

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> Worker:
        """Read it from a WSGI environment (PEP 3333)."""
        return cls(threads=bool(environ.get("wsgi.multithread")), alone=not environ.get("wsgi.multiprocess"))

    def obstacle(self, store: Store) -> str | None:
        """Tell in plain words why this worker cannot wait for another request, ``None`` where it can."""
        if not self.threads:
            return (
                "This server runs on workers that serve one request at a time, so it cannot wait for an answer. "
                "Use a client that speaks MCP 2026-07-28, or run the server on threaded workers."
            )
        if not (self.alone or store.shared):
            return (
                "This server runs several processes without a shared store (MCP_STORE_URL), so an answer could "
                "arrive where nobody waits for it."
            )
        return None


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request on its way through."""

    server: Server
    request: jsonrpc.Request
    terms: Terms
    caller: str
    headers: Headers
    worker: Worker
    in_batch: bool = False
    emitter: Emitter = field(default=SILENT)
    watch: Watch | None = None
    #: How it failed; ``None`` while it has not.
    failure: Failure | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the request."""
        return self.request.params

    @property
    def keeps_subscriptions(self) -> bool:
        """Whether what changes elsewhere can be told to a client of this worker."""
        return self.worker.obstacle(self.server.store) is None

    def complete(self, result: dict[str, Any]) -> dict[str, Any]:
        """Add what every result of the era carries (basic/index, Result Responses)."""
        if not self.terms.modern:
            return result
        meta = {**(result.get("_meta") or {}), **self.server.info.meta()}
        return {"resultType": "complete", **result, "_meta": meta}


class Deferred:
    """The part of a request that runs a function of the application, once the response can be written."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[Exchange], dict[str, Any]]) -> None:
        self._run = run

    def run(self, exchange: Exchange) -> dict[str, Any]:
        """Run the function and return the result."""
        return self._run(exchange)


class HTTPRefusal(Exception):
    """A refusal that is an HTTP answer rather than a JSON-RPC one: 401 and 403 with a challenge."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self.error = error
        self.message = message
        self.headers = dict(headers)
        super().__init__(message)


__all__ = ["Deferred", "Exchange", "HTTPRefusal", "Observer", "Server", "Worker"]
