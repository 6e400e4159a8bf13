"""Whether a caller may use a component, and how it is told if not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .access import Refusal
from .bound import Bound
from .errors import ProtocolError
from .server import Exchange, HTTPRefusal

#: Error codes of ours, outside everything that JSON-RPC and MCP reserve (basic/index, Error Codes).
FORBIDDEN = 403
UNAVAILABLE = 503


class Refused(Exception):
    """A component may not be used; each kind of component answers it in its own way."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


def check_access(exchange: Exchange, bound: Bound, arguments: Callable[[], Mapping[str, Any]]) -> None:
    """Make sure that the caller may use a component.

    :param arguments: returns what a decision that turns on them is to look at.
    :raises Refused: if not.
    """
    refusal = exchange.server.access.check(bound.component, arguments)
    if refusal is not None:
        raise Refused(refusal)


def admit(
    exchange: Exchange,
    bound: Bound,
    arguments: Mapping[str, Any],
    before: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Make sure that the caller may use a component, and return its function's arguments.

    A decision that turns on the arguments is given them as the function will get them: were it given them as
    they were sent, it would look at ``"7"`` where the function acts on ``7``. They are made once.

    :param arguments: as the client sent them.
    :param before: checks more of the request, in front of the arguments.
    :raises Refused: if not.
    :raises InvalidArguments: if they do not fit, for whoever may use the component.
    """
    made: list[dict[str, Any]] = []

    def fitting() -> dict[str, Any]:
        if not made:
            before()
            made.append(bound.parameters.bind(arguments))
        return made[0]

    check_access(exchange, bound, fitting)
    return fitting()


def challenge(exchange: Exchange, refusal: Refusal) -> None:
    """Leave with the HTTP status that carries a challenge, where there is one to carry and it can be sent.

    :raises HTTPRefusal: for a challenge that is to be an HTTP answer (basic/authorization, Scope Challenge).
    """
    # A batch has one HTTP status for many calls, and a stream has sent its own already.
    sendable = refusal.challenge_as == "http" and not exchange.in_batch and not exchange.emitter.started
    if refusal.www_authenticate is None or not sendable:
        return
    status, error = (
        (401, "unauthorized") if refusal.kind == "unauthenticated" else (403, "insufficient_scope")
    )
    raise HTTPRefusal(status, error, refusal.message, {"WWW-Authenticate": refusal.www_authenticate})


def refused_error(exchange: Exchange, refusal: Refusal, unknown: ProtocolError) -> ProtocolError:
    """Answer a refusal where a result cannot tell it (resources, prompts, completion).

    :raises HTTPRefusal: as :func:`challenge` does.
    """
    if refusal.kind == "hidden":
        return unknown
    challenge(exchange, refusal)
    data = {"retryAfter": refusal.retry_after} if refusal.retry_after is not None else None
    code = UNAVAILABLE if refusal.kind == "unavailable" else FORBIDDEN
    return ProtocolError(code, refusal.message, data=data, status=200)


def not_found(exchange: Exchange, kind: str, name: str, unknown: ProtocolError) -> ProtocolError:
    """Return the error for a name that nothing has, having done what a concealed component would cost."""
    refusal = exchange.server.access.unknown(kind, name)
    return unknown if refusal is None else refused_error(exchange, refusal, unknown)
