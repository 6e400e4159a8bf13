"""The table of faults: what each test breaks, what the caller sees then, and what heals by itself.

A test asserts that the answer is what its row says (:func:`sees`), so the table is what was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from werkzeug.test import TestResponse

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


def sees(test: object, response: TestResponse) -> None:
    """Assert that a response is what the row of a test says."""
    row: Row = test.row  # type: ignore[attr-defined]
    assert described(response) == row.sees, response.get_data(as_text=True)


def described(response: TestResponse) -> str:
    """Say what a caller sees: status, error word, text."""
    body = response.get_json()
    status = str(response.status_code)
    if isinstance(body.get("error"), str):
        wait = ", `Retry-After`" if "Retry-After" in response.headers else ""
        return f"{status} `{body['error']}`{wait}"
    if "error" in body:
        return f"{status}, error {body['error']['code']}: {body['error']['message']}"
    result = body["result"]
    if result.get("isError"):
        return f"{status}, `isError`: {result['content'][0]['text']}"
    return f"{status}, the answer"


def seen(test: object, what: str) -> None:
    """Assert that what a client saw, in words, is what the row of a test says."""
    row: Row = test.row  # type: ignore[attr-defined]
    assert what == row.sees
