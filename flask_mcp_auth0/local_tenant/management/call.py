"""What an endpoint gets to see of a request, and the shapes of answers other than 200."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..state import TenantState

TENANT_NAME = "local"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is: an application, and what it may do."""

    client_id: str
    scopes: frozenset[str]
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose token and scopes are already accepted.

    :param query: the query string, the last value of each name.
    :param repeated: the query string with every value, for names that may be given more than once.
    :param body: the JSON body, ``None`` without one.
    """

    state: TenantState
    caller: Caller
    query: Mapping[str, str] = field(default_factory=dict)
    repeated: Mapping[str, list[str]] = field(default_factory=dict)
    body: Any = None


class Answer(NamedTuple):
    """An answer with another status than 200; ``body`` ``None`` is an empty one."""

    status: int
    body: Any = None


def created(body: Any = None) -> Answer:
    return Answer(201, body)


NO_CONTENT = Answer(204)


def iso_time(seconds: float) -> str:
    """A time as Auth0 writes it: ISO 8601, milliseconds, UTC."""
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    )


def without_none(item: dict[str, Any]) -> dict[str, Any]:
    """``item`` without the properties that have no value: Auth0 leaves those out."""
    return {name: value for name, value in item.items() if value is not None}
