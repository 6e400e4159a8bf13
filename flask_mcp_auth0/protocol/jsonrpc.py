"""JSON-RPC 2.0 messages: from bytes, and back to bytes. Bounded, strict, and without surprises.

What is refused here never reaches a handler: text that is not UTF-8, numbers that are not JSON, nesting
that could exhaust a stack, an object with the same key twice (two readers could see two methods).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from .errors import INVALID_REQUEST, PARSE_ERROR, ProtocolError

#: Deeper nesting than any schema needs; far below what a recursive reader could not bear.
MAX_DEPTH = 64
#: An id, and a progress token, is repeated in every message that is about its request.
MAX_ID_LENGTH = 1024
#: A batch is one request with one budget (2025-03-26 only).
MAX_BATCH = 50

RequestId = str | int


@dataclass(frozen=True, slots=True)
class Request:
    """A call that expects an answer."""

    id: RequestId
    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that must not be answered."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """A client's answer to a request of ours (up to 2025-11-25)."""

    id: RequestId
    result: dict[str, Any] | None
    error: dict[str, Any] | None


Message = Request | Notification | ClientResponse


def decode(body: bytes) -> Any:
    """Return the JSON value of a request body.

    :raises ProtocolError: -32700 where the body is not JSON in UTF-8, holds the same key twice in one
        object, a number that is not JSON's or too large to be read, or more than ``MAX_DEPTH`` levels.
    """
    try:
        text = body.decode("utf-8")
        value = _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise ProtocolError(PARSE_ERROR, "Parse error: the body is not UTF-8") from error
    except RecursionError as error:
        raise ProtocolError(PARSE_ERROR, "Parse error: the body is nested too deeply") from error
    except _DuplicateKey as error:
        raise ProtocolError(PARSE_ERROR, "Parse error: an object holds the same key twice") from error
    except ValueError as error:
        raise ProtocolError(PARSE_ERROR, "Parse error: the body is not valid JSON") from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise ProtocolError(PARSE_ERROR, "Parse error: the body is nested too deeply")
    return value


def message_of(value: Any) -> Message:
    """Return the message that a decoded JSON value is (JSON-RPC 2.0 §4, basic/index Messages).

    :raises ProtocolError: -32600 where it is none. The error carries the id where that could be read.
    """
    if not isinstance(value, dict):
        raise ProtocolError(INVALID_REQUEST, "Invalid request: a message must be a JSON object")
    if value.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST, 'Invalid request: "jsonrpc" must be "2.0"')
    has_id = "id" in value
    if has_id and not is_request_id(value["id"]):
        raise ProtocolError(
            INVALID_REQUEST,
            f"Invalid request: the id must be a string of at most {MAX_ID_LENGTH} characters or an integer",
        )
    if "method" not in value:
        return _client_response(value)
    method = value["method"]
    if not isinstance(method, str):
        raise ProtocolError(INVALID_REQUEST, "Invalid request: the method must be a string")
    params = value.get("params", {})
    if not isinstance(params, dict):
        raise ProtocolError(INVALID_REQUEST, "Invalid request: params must be an object")
    if has_id:
        return Request(value["id"], method, params)
    return Notification(method, params)


def readable_id(value: Any) -> RequestId | None:
    """Return the id of a value that is perhaps not a message, for the error that answers it."""
    if isinstance(value, dict) and is_request_id(value.get("id")):
        request_id: RequestId = value["id"]
        return request_id
    return None


def is_request_id(value: Any) -> bool:
    """Tell whether a value can be a request's id: a string or an integer, never null (basic/index).

    The same goes for a progress token (basic/utilities/progress). A longer string than ``MAX_ID_LENGTH`` is none.
    """
    if isinstance(value, str):
        return len(value) <= MAX_ID_LENGTH
    return isinstance(value, int) and not isinstance(value, bool)


def encode(value: Any) -> bytes:
    """Return compact JSON in UTF-8. NaN and infinities, which JSON lacks, are refused with ``ValueError``."""
    text = _encoder.encode(value)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # A lone surrogate can only be written as an escape (RFC 8259 §8.2).
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def response(request_id: RequestId, result: bytes) -> bytes:
    """Return a result response around an already encoded result."""
    written = b"%d" % request_id if isinstance(request_id, int) else encode(request_id)
    return b'{"jsonrpc":"2.0","id":' + written + b',"result":' + result + b"}"


def error_response(request_id: RequestId | None, error: ProtocolError, *, null_id: bool = False) -> bytes:
    """Return an error response.

    :param null_id: whether an unreadable id is written as null (JSON-RPC 2.0 §5) rather than left out
        (2026-07-28, basic/index Error Responses).
    """
    body: dict[str, Any] = {"jsonrpc": "2.0"}
    if request_id is not None or null_id:
        body["id"] = request_id
    body["error"] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["error"]["data"] = error.data
    return encode(body)


def notification(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a notification as a JSON object."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return message


class _DuplicateKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateKey
    return members


def _not_a_number(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    # JSON has no largest number, but an infinity could never be written back (RFC 8259 §6, §9).
    value = float(text)
    if math.isinf(value):
        raise ValueError(text[:20])
    return value


# Made once: json.loads and json.dumps make one for every call that asks for anything.
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_not_a_number, parse_float=_finite)
_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _client_response(value: dict[str, Any]) -> ClientResponse:
    result, error = value.get("result"), value.get("error")
    if "id" not in value or ("result" in value) == ("error" in value):
        raise ProtocolError(INVALID_REQUEST, "Invalid request: neither a request nor a response")
    if not isinstance(result if "result" in value else error, dict):
        raise ProtocolError(INVALID_REQUEST, "Invalid request: the result or error must be an object")
    return ClientResponse(value["id"], result, error)
