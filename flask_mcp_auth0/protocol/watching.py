"""The hook for whoever follows requests: traces, metrics, timings. The protocol itself keeps no record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Failure:
    """How a request failed.

    :param kind: one of few: ``tool_error`` for a result with ``isError``, the code of a JSON-RPC error as
        text, or the word of an HTTP refusal.
    :param message: what the client was told.
    :param code: of a JSON-RPC error.
    """

    kind: str
    message: str = ""
    code: int | None = None


class Watch(Protocol):
    """Follows one request, from its terms being known to its answer being ready."""

    def working(self) -> AbstractContextManager[object]:
        """Return what is entered while the request is worked on; once or twice, not at the same time."""
        ...

    def crashed(self, error: Exception) -> None:
        """Take note of an exception whose text the client does not get."""
        ...

    def end(self, failure: Failure | None) -> Mapping[str, str]:
        """Take note of the outcome; called once. Returns headers for the answer, if it can still have any."""
        ...
