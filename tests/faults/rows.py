"""The table of faults: what each test breaks, what the caller sees then, and what heals by itself.

A test asserts that the answer is what its row says (:func:`sees`), so the table is what was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests
from werkzeug.test import TestResponse

from ..wire.raw import answer

#: What a caller sees who has left, or does not look.
NOBODY = "nobody is there to see it"

F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True)
class Row:
    """One fault.

    :param sees: what a call is answered with, as :func:`described` puts it.
    :param recovers: what heals by itself, and how soon.
    """

    fault: str
    sees: str
    recovers: str
    test: str = ""


ROWS: list[Row] = []


def fault(what: str, *, sees: str, recovers: str) -> Callable[[F], F]:
    """Enter a test into the table."""

    def enter(test: F) -> F:
        place = f"tests/{test.__module__.removeprefix('tests.').replace('.', '/')}.py"
        row = Row(what, sees, recovers, f"{place}::{test.__name__}")
        ROWS.append(row)
        test.row = row  # type: ignore[attr-defined]
        return test

    return enter


def sees(test: object, seen: TestResponse | requests.Response | Exception) -> None:
    """Assert that what a caller got is what the row of a test says."""
    row: Row = test.row  # type: ignore[attr-defined]
    assert described(seen) == row.sees, seen


def described(seen: TestResponse | requests.Response | Exception) -> str:
    """Say what a caller sees: status, error word, text; or how the connection ended."""
    if isinstance(seen, Exception):
        return _ending(seen)
    if isinstance(seen, requests.Response):
        if seen.headers["Content-Type"].startswith("text/html"):
            return f"{seen.status_code}, gunicorn's own page"
        try:
            body = answer(seen)
        except requests.RequestException as error:
            return _ending(error)
    else:
        body = seen.get_json()
    status = str(seen.status_code)
    if isinstance(body.get("error"), str):
        wait = ", `Retry-After`" if "Retry-After" in seen.headers else ""
        return f"{status} `{body['error']}`{wait}"
    if "error" in body:
        return f"{status}, error {body['error']['code']}: {body['error']['message']}"
    if "method" in body:
        return f"{status}, an event stream that ends without the answer"
    result = body["result"]
    if result.get("isError"):
        return f"{status}, `isError`: {result['content'][0]['text']}"
    return f"{status}, the answer"


def _ending(error: Exception) -> str:
    """Say how a connection ended that brought no whole answer.

    :raises Exception: the error itself, if it is another one.
    """
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "200, an event stream that ends without the answer"
    if isinstance(error, requests.Timeout) or not isinstance(error, requests.ConnectionError):
        raise error
    return "the connection ends, without an answer"
