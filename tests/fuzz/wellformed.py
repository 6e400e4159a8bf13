"""What must hold of every answer, whatever was sent."""

from __future__ import annotations

import json
from typing import Any

from .gateway import Answer

#: What the functions of the fuzzed app put into exceptions. It must never come back.
SECRET = "xyzzy-only-in-exceptions"

_NEVER = (SECRET.encode(), b"Traceback (most", b'File "', b"site-packages", b"werkzeug", b"<!doctype html")

#: Statuses that the documentation names. 503 is the only one of a server's failure.
STATUSES = frozenset({200, 202, 204, 400, 401, 403, 404, 405, 406, 413, 415, 503})

#: Refusals that come before the body is looked at.
_UNREAD = frozenset({401, 403, 405, 406, 413, 415})

_WORDS = frozenset(
    {
        "unauthorized",
        "token_expired",
        "invalid_token",
        "insufficient_scope",
        "temporarily_unavailable",
        "origin_not_allowed",
        "not_found",
        "invalid_request",
        "invalid_dpop_proof",
    }
)


class _Twice(ValueError):
    pass


def check(answer: Answer, body: bytes = b"", *, unavailable: bool = False) -> None:
    """Check an answer.

    :param body: what was sent.
    :param unavailable: whether something is down, so that 503 is in order.
    :raises AssertionError: telling what was wrong.
    """
    assert answer.status in STATUSES, f"HTTP {answer.status}"
    assert unavailable or answer.status != 503, "HTTP 503 although nothing is down"
    for name, value in answer.headers:
        assert not set("\r\n\0") & set(name + value), f"the header {name} holds a line end"
    lowered = answer.body.lower()
    for never in _NEVER:
        assert never.lower() not in lowered, f"{never!r} is in the answer: {answer.body[:500]!r}"
    if answer.status == 503:
        assert answer.header("Retry-After") or answer.mimetype == "application/json"
    if answer.status in (202, 204):
        assert answer.body == b""
        return
    if answer.mimetype == "text/event-stream":
        assert answer.status == 200
        messages = answer.events()
        assert messages
    else:
        assert answer.mimetype == "application/json", f"neither JSON nor a stream: {answer.mimetype!r}"
        whole = answer.json()
        if isinstance(whole, dict) and isinstance(whole.get("error"), str):
            assert answer.status >= 400
            assert whole["error"] in _WORDS, whole["error"]
            assert isinstance(whole["error_description"], str)
            assert answer.status != 401 or answer.header("WWW-Authenticate")
            return
        messages = whole if isinstance(whole, list) else [whole]
    sent = _parsed(body)
    for message in messages:
        check_message(message)
    answers = [message for message in messages if "method" not in message]
    assert answers, "no answer among the messages"
    if isinstance(sent, list):
        allowed = [_id_of(item) for item in sent]
        for message in answers:
            assert message.get("id") is None or _in(message["id"], allowed)
        return
    assert len(answers) == 1
    expected = _id_of(sent)
    if answer.status in _UNREAD:
        assert answers[0].get("id") is None
    elif expected is None:
        assert answers[0].get("id") is None, f"an id that nobody sent: {answers[0]['id']!r}"
    elif answers[0].get("id") is None:
        lost = answers[0]["error"]["code"] != -32700 and "method" in sent
        assert not lost, "the id is lost"
    else:
        assert _in(answers[0]["id"], [expected]), f"{expected!r} came back as {answers[0]['id']!r}"


def check_message(message: Any) -> None:
    """Check that a value is a JSON-RPC message of a server (JSON-RPC 2.0 §4, §5)."""
    assert isinstance(message, dict)
    assert message.get("jsonrpc") == "2.0"
    if "method" in message:
        assert isinstance(message["method"], str)
        assert "result" not in message
        assert "error" not in message
        return
    assert ("result" in message) != ("error" in message)
    if "error" in message:
        error = message["error"]
        assert type(error["code"]) is int
        assert isinstance(error["message"], str)
        assert error["message"].isprintable(), f"unprintable text: {error['message']!r}"
        assert len(error["message"]) < 2000
    else:
        assert isinstance(message["result"], dict)


def _parsed(body: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise _Twice
        return dict(pairs)

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None


def _id_of(value: Any) -> Any:
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str) and len(found) > 1024:
        return None  # what is longer is refused, and never repeated
    return found if type(found) in (str, int) else None


def _in(value: Any, allowed: list[Any]) -> bool:
    return any(type(value) is type(one) and value == one for one in allowed)
