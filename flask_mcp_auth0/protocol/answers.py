"""Answers to questions on a stream: from whichever worker they are posted to, to the one that waits.

An answer is taken only from the caller who was asked, only while somebody waits for it, and only once.
"""

from __future__ import annotations

import contextlib
import hashlib

from .errors import INVALID_REQUEST, ProtocolError
from .jsonrpc import ClientResponse
from .store import MAX_VALUE, Store, StoreUnavailable, encoded

#: Seconds that a user has for an answer; a state older than this is refused.
ANSWER_TIME = 600
#: Seconds in which whoever waits for an answer takes it.
_DELIVERY_TIME = 60.0


def answer_queue(caller: str, request_id: str) -> str:
    """Return the name under which the answer to a request waits; only the caller's own can be reached."""
    return "answer:" + hashlib.sha256(f"{caller}\n{request_id}".encode("utf-8", "surrogatepass")).hexdigest()


def expect(store: Store, queue: str) -> None:
    """Let an answer come.

    :raises StoreUnavailable: if it could not.
    """
    store.set(_expected(queue), 1, ANSWER_TIME)


def forget(store: Store, queue: str) -> None:
    """Wait no longer: nothing comes any more, and nothing stays. What an outage leaves behind ends by itself."""
    with contextlib.suppress(StoreUnavailable):
        store.delete(_expected(queue))
        store.delete(_taken(queue))
        store.pop(queue, 0)


def accept_answer(store: Store, caller: str, response: ClientResponse) -> bool:
    """Hand a client's response to whichever worker waits for it; ``False`` where none does.

    :raises ProtocolError: with HTTP status 413 if it is larger than the store takes; another one may follow.
    :raises StoreUnavailable: if it cannot be handed on; it may be sent again.
    """
    if not isinstance(response.id, str) or len(response.id) > 64:
        return False
    queue = answer_queue(caller, response.id)
    value = {"result": response.result} if response.error is None else {"error": response.error}
    try:
        encoded(value)
    except ValueError as error:
        message = f"Invalid request: an answer has at most {MAX_VALUE} bytes"
        raise ProtocolError(INVALID_REQUEST, message, status=413) from error
    if store.get(_expected(queue)) is None or not store.add(_taken(queue), 1, ANSWER_TIME):
        return False
    try:
        store.push(queue, value, _DELIVERY_TIME)
    except StoreUnavailable:
        with contextlib.suppress(StoreUnavailable):
            store.delete(_taken(queue))
        raise
    return True


def _expected(queue: str) -> str:
    return f"expected:{queue}"


def _taken(queue: str) -> str:
    return f"taken:{queue}"
