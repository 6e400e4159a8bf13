"""HTTP answers to requests that do not get as far as the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable

from flask import Response

from ..errors import AuthorizationUnavailable

#: Seconds after which a client may try again where nothing better is known.
DEFAULT_RETRY_AFTER = 5


def refusal(
    status: int,
    error: str,
    description: str,
    *,
    challenges: Iterable[str] = (),
    retry_after: int | None = None,
) -> Response:
    """Return a refusal that no cache keeps.

    :param error: the OAuth error code of the body (RFC 6749 §5.2 has the same shape).
    :param challenges: values of ``WWW-Authenticate``.
    :param retry_after: seconds.
    """
    body = json.dumps({"error": error, "error_description": description}, ensure_ascii=True)
    response = Response(body + "\n", status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    for challenge in challenges:
        response.headers.add("WWW-Authenticate", challenge)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def unavailable(error: AuthorizationUnavailable, *, status: int = 503) -> Response:
    """Return the answer where nobody could be asked. Why that is so stays in the log.

    :param status: 503, or 502 where the tenant answered with something that cannot be used.
    """
    return refusal(
        status,
        "temporarily_unavailable",
        "The authorization server cannot be asked at the moment. Try again later.",
        retry_after=error.retry_after or DEFAULT_RETRY_AFTER,
    )
