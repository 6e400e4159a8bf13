"""Refusals in the form in which Auth0's Management API gives them.

``{"statusCode", "error", "message", "errorCode"}``; the texts are those that real tenants are known to
send, where they are known.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class ManagementError(Exception):
    """An answer other than a success.

    :param status: the HTTP status.
    :param message: Auth0's sentence.
    :param error_code: Auth0's ``errorCode``; left out of the body when ``None``.
    :param attributes: more of the body, as Auth0 adds it to token errors.
    """

    def __init__(
        self,
        status: int,
        message: str,
        error_code: str | None = None,
        *,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.error_code = error_code
        self.attributes = attributes
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {
            "statusCode": self.status,
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
        }
        if self.error_code is not None:
            body["errorCode"] = self.error_code
        if self.attributes is not None:
            body["attributes"] = self.attributes
        return body


def invalid_body(message: str) -> ManagementError:
    return ManagementError(400, f"Payload validation error: {message}", "invalid_body")


def invalid_query(message: str) -> ManagementError:
    return ManagementError(400, f"Query validation error: {message}", "invalid_query_string")


def insufficient_scope(expected: tuple[str, ...]) -> ManagementError:
    return ManagementError(
        403, f"Insufficient scope, expected any of: {','.join(expected)}", "insufficient_scope"
    )


def unauthorized(message: str) -> ManagementError:
    """A token that says nothing, or the wrong thing: Auth0 repeats the sentence in ``attributes``."""
    return ManagementError(401, message, attributes={"error": message})


def inexistent(kind: str, message: str) -> ManagementError:
    return ManagementError(404, message, f"inexistent_{kind}")
