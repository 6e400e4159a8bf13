"""Errors of the protocol itself: what a client did wrong before any function of the application ran."""

from __future__ import annotations

from typing import Any

from ..printable import printable_only

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
#: Only up to 2025-11-25; 2026-07-28 uses INVALID_PARAMS (server/resources, Error Handling).
RESOURCE_NOT_FOUND = -32002
HEADER_MISMATCH = -32020
MISSING_REQUIRED_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022


class ProtocolError(Exception):
    """Answered as a JSON-RPC error.

    :param code: a JSON-RPC or MCP error code (basic/index, Error Codes).
    :param message: one sentence for the client; it never holds anything the client may not know.
    :param data: further members for the error's ``data``.
    :param status: the HTTP status of the answer, where the era has one (see ``dispatch``).
    """

    def __init__(self, code: int, message: str, *, data: Any = None, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.data = data
        self.status = status
        super().__init__(message)


def invalid_params(message: str, *, data: Any = None) -> ProtocolError:
    """The parameters of a known method are wrong (JSON-RPC 2.0 §5.1)."""
    return ProtocolError(INVALID_PARAMS, message, data=data)


def method_not_found(method: str) -> ProtocolError:
    """The method does not exist here, or is not available (basic/transports/streamable-http)."""
    return ProtocolError(METHOD_NOT_FOUND, f"Method not found: {printable(method)}", status=404)


def header_mismatch(message: str) -> ProtocolError:
    """A header does not agree with the body, or is missing (streamable-http, Server Validation)."""
    return ProtocolError(HEADER_MISMATCH, f"Header mismatch: {message}")


def printable(text: str, limit: int = 80) -> str:
    """Return what a client sent in a form that is safe in a message or a log line, shortened."""
    shown = text if len(text) <= limit else text[:limit] + "…"
    return printable_only(shown, "\N{REPLACEMENT CHARACTER}")
