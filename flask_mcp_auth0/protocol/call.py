"""The running call, as the function that is being called sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, overload

from mcp_types import LoggingLevel
from pydantic import BaseModel
from werkzeug.local import LocalProxy

from ..errors import Auth0MCPError, OutsideRequestError
from . import jsonrpc
from .apps import shows_pages
from .components import Component
from .emitter import SILENT, Emitter
from .questions import Answer, Form, Link, Question, Roots, Sampling
from .terms import LOG_LEVELS, Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

M = TypeVar("M", bound=BaseModel)

_UNBOUND = (
    "There is no running MCP call here. current_call works inside a tool, resource or prompt while it is being "
    "called through the MCP endpoint; in a test of the plain function, pass a Call of your own."
)

#: A stream is looked at for a vanished client at most this often, in seconds.
_CANCELLATION_INTERVAL = 0.05


class CallCancelled(Auth0MCPError):
    """The client no longer waits for this call; raised by :meth:`Call.check_cancelled`."""


class Asking(Protocol):
    """How questions reach the user; one way per era."""

    def ask(self, questions: Mapping[str, Question]) -> dict[str, Answer[Any]]:
        """Return the answer to each question, or leave the call by an exception."""
        ...


class Call:
    """One call of a tool, resource or prompt. It lives as long as the function runs.

    :param request_id: the JSON-RPC id.
    :param terms: the revision, the client and what it can do.
    :param emitter: where progress and log messages go.
    :param progress_token: the client's, ``None`` where it wants no progress.
    :param threshold: tells the least severe log level to send, ``None`` for none.
    :param asking: how questions reach the user.
    :param cancelled: tells whether the client took the request back in another way than by going away.
    :param component: the tool, resource or prompt that is being called.
    """

    def __init__(
        self,
        *,
        request_id: jsonrpc.RequestId,
        terms: Terms,
        meta: Mapping[str, Any] | None = None,
        emitter: Emitter = SILENT,
        progress_token: str | int | None = None,
        threshold: Callable[[], str | None] = lambda: None,
        asking: Asking | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        component: Component | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request_id = request_id
        self.component = component
        self.meta: Mapping[str, Any] = meta or {}
        self._terms = terms
        self._emitter = emitter
        self._progress_token = progress_token
        self._progress: float | None = None
        self._threshold = threshold
        self._asking = asking
        self._taken_back = cancelled
        self._clock = clock
        self._looked = float("-inf")
        self._is_cancelled = False
        self._over = False

    @property
    def protocol_version(self) -> str:
        """The protocol revision of this call, as in ``2026-07-28``."""
        return self._terms.version

    @property
    def client_info(self) -> Mapping[str, Any] | None:
        """What the client says of itself (``name``, ``version``): for display and statistics, never for trust."""
        return self._terms.client_info

    @property
    def client_capabilities(self) -> Mapping[str, Any]:
        """What the client declared that it can do; empty where nobody knows."""
        return self._terms.capabilities or {}

    @property
    def shows_pages(self) -> bool:
        """Whether the client shows the pages of tools (MCP Apps); without it, answer so that text says it all."""
        return shows_pages(self._terms.capabilities)

    @property
    def cancelled(self) -> bool:
        """Whether the client no longer waits: it closed the stream, or took the request back."""
        if not self._is_cancelled and self._clock() - self._looked >= _CANCELLATION_INTERVAL:
            self._looked = self._clock()
            # Before 2026-07-28 a lost connection is not a cancellation (2025-11-25 basic/transports).
            self._is_cancelled = (self._terms.modern and self._emitter.client_gone) or self._taken_back()
        return self._is_cancelled

    def check_cancelled(self) -> None:
        """Leave a function that has not done anything yet.

        :raises CallCancelled: if the client no longer waits.
        """
        if self.cancelled:
            raise CallCancelled("the client no longer waits for this call")

    def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Tell the client how far the call is (basic/patterns/progress); nothing where it did not ask to know.

        :param progress: must grow from one message to the next; one that does not is dropped.
        :param total: what ``progress`` will be at the end, if known.
        :param message: for people.
        """
        if (
            self._progress_token is None
            or self._over
            or (self._progress is not None and progress <= self._progress)
        ):
            return
        self._progress = progress
        params: dict[str, Any] = {"progressToken": self._progress_token, "progress": progress}
        if total is not None:
            params["total"] = total
        if message is not None:
            params["message"] = message
        self._emitter.send(jsonrpc.notification("notifications/progress", params))

    def log(self, level: LoggingLevel, data: Any, logger: str | None = None) -> None:
        """Send a log message to the client (server/utilities/logging), if it wants messages of that level.

        :param level: ``debug`` … ``emergency`` (RFC 5424).
        :param data: any JSON value. The client's user may read it: no secrets, no internals.
        :param logger: the name of what logs.
        """
        threshold = self._threshold()
        if (
            threshold is None
            or self._over
            or LOG_LEVELS.index(level) < LOG_LEVELS.index(cast(LoggingLevel, threshold))
        ):
            return
        params: dict[str, Any] = {"level": level, "data": data}
        if logger is not None:
            params["logger"] = logger
        self._emitter.send(jsonrpc.notification("notifications/message", params))

    @overload
    def ask(self, key: str, schema: type[M], message: str) -> Answer[M]: ...

    @overload
    def ask(self, key: str, schema: Mapping[str, Any], message: str) -> Answer[dict[str, Any]]: ...

    def ask(self, key: str, schema: type[BaseModel] | Mapping[str, Any], message: str) -> Answer[Any]:
        """Ask the user through the client (client/elicitation, form mode).

        Ask before you change anything: where the client speaks 2026-07-28 the function runs again from the
        top once the answer is there, and every question is found by its key.

        :param key: names the question within this function.
        :param schema: a pydantic model of flat fields, or such a JSON Schema.
        :param message: what the user reads.
        :return: the answer; its ``action`` is ``accept``, ``decline`` or ``cancel``.
        """
        return self.ask_all({key: Form(message, schema)})[key]

    def ask_url(self, key: str, url: str, message: str) -> Answer[Any]:
        """Send the user to a page, for what must not pass through the client (client/elicitation, URL mode).

        :return: the answer; ``accept`` says that the user agreed to go there, not that anything was done.
        """
        return self.ask_all({key: Link(message, url)})[key]

    def sample(
        self, key: str, messages: Sequence[Mapping[str, Any]], *, max_tokens: int, **options: Any
    ) -> Answer[Any]:
        """Ask the client's language model (client/sampling; deprecated in 2026-07-28)."""
        return self.ask_all({key: Sampling(messages, max_tokens, options)})[key]

    def list_roots(self, key: str) -> Answer[Any]:
        """Ask for the client's root directories (client/roots; deprecated in 2026-07-28)."""
        return self.ask_all({key: Roots()})[key]

    def ask_all(self, questions: Mapping[str, Question]) -> dict[str, Answer[Any]]:
        """Ask several questions at once; see :meth:`ask`.

        :param questions: a :class:`Form`, :class:`Link`, :class:`Sampling` or :class:`Roots` for each key.
        """
        if self._asking is None:
            raise OutsideRequestError(_UNBOUND)
        return self._asking.ask(questions)

    def end(self) -> None:
        """Send nothing more: the answer is on its way (basic/patterns/progress, Behavior)."""
        self._over = True


_current: ContextVar[Call | None] = ContextVar("mcp_call", default=None)


@contextmanager
def running(call: Call) -> Iterator[Call]:
    """Make ``call`` the current one while a function runs."""
    token = _current.set(call)
    try:
        yield call
    finally:
        call.end()
        _current.reset(token)


def get_current_call() -> Call:
    """Return the running call.

    :raises OutsideRequestError: where no tool, resource or prompt is being called.
    """
    call = _current.get()
    if call is None:
        raise OutsideRequestError(_UNBOUND)
    return call


def find_current_call() -> Call | None:
    """Return the running call, ``None`` where none is running."""
    return _current.get()


def is_cancelled() -> bool:
    """Tell whether there is a running call whose client no longer waits; for what waits on its behalf."""
    call = _current.get()
    return call is not None and call.cancelled


#: The running call, as :func:`get_current_call` returns it.
current_call: Call = LocalProxy(get_current_call)  # type: ignore[assignment]


@overload
def ask(key: str, schema: type[M], message: str) -> Answer[M]: ...


@overload
def ask(key: str, schema: Mapping[str, Any], message: str) -> Answer[dict[str, Any]]: ...


def ask(key: str, schema: type[BaseModel] | Mapping[str, Any], message: str) -> Answer[Any]:
    """Ask the user through the client of the running call; see :meth:`Call.ask`."""
    return get_current_call().ask(key, schema, message)
