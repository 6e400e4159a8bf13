"""Both kinds of paging of the Management API.

By offset: ``page``, ``per_page`` and ``include_totals``, which turns the bare list into an object. By
cursor: ``from`` and ``take``; the answer names the next page in ``next``, and the last one has none.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .errors import ManagementError, invalid_query

DEFAULT_PAGE = 50
LARGEST_PAGE = 100
DEEPEST_OFFSET = 1000

T = TypeVar("T")


def integer(query: Mapping[str, str], name: str, default: int, low: int, high: int | None = None) -> int:
    """The whole number ``name`` of the query string.

    :raises ManagementError: 400 when it is none or out of bounds.
    """
    text = query.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise invalid_query(f"'Expected type integer but found type string' on property {name}.") from None
    if value < low:
        raise invalid_query(f"'Value {value} is less than minimum {low}' on property {name}.")
    if high is not None and value > high:
        raise invalid_query(f"'Value {value} is greater than maximum {high}' on property {name}.")
    return value


def boolean(query: Mapping[str, str], name: str) -> bool | None:
    """The boolean ``name`` of the query string, ``None`` when it is not there."""
    text = query.get(name)
    if text is None:
        return None
    if text not in ("true", "false"):
        raise invalid_query(f"'Expected type boolean but found type string' on property {name}.")
    return text == "true"


def by_offset(
    query: Mapping[str, str], name: str, items: Sequence[Any], *, deepest: int | None = None
) -> Any:
    """One page of ``items``: a list, or with ``include_totals`` an object that holds it as ``name``.

    :param deepest: how many items can be reached by paging at all (1000 in searches of users and logs).
    """
    page = integer(query, "page", 0, 0)
    per_page = integer(query, "per_page", DEFAULT_PAGE, 1, LARGEST_PAGE)
    start = page * per_page
    if deepest is not None and start + per_page > deepest:
        raise ManagementError(
            400, f"You can only page through the first {deepest} records.", "invalid_paging"
        )
    part = list(items[start : start + per_page])
    if not boolean(query, "include_totals"):
        return part
    return {"start": start, "limit": per_page, "length": len(part), "total": len(items), name: part}


def by_cursor(
    query: Mapping[str, str],
    name: str,
    items: Sequence[T],
    key: Callable[[T], str],
    shape: Callable[[T], Any],
) -> dict[str, Any]:
    """One page of ``items``, in the order of ``key`` (unique); what is added or removed between two pages
    shifts nothing.
    """
    take = integer(query, "take", DEFAULT_PAGE, 1, LARGEST_PAGE)
    ordered = sorted(items, key=key)
    start = 0
    if cursor := query.get("from"):
        start = bisect_right(ordered, _open(cursor), key=key)
    part = ordered[start : start + take]
    answer: dict[str, Any] = {name: [shape(item) for item in part]}
    if start + take < len(ordered):
        answer["next"] = _close(key(part[-1]))
    return answer


def either(
    query: Mapping[str, str],
    name: str,
    items: Sequence[T],
    key: Callable[[T], str],
    shape: Callable[[T], Any],
) -> Any:
    """For endpoints that know both: by cursor when ``from`` or ``take`` is given, else by offset."""
    if "from" in query or "take" in query:
        return by_cursor(query, name, items, key, shape)
    return by_offset(query, name, [shape(item) for item in items])


def selected(query: Mapping[str, str], item: dict[str, Any]) -> dict[str, Any]:
    """``item`` with the ``fields`` that the query names, or without them (``include_fields=false``)."""
    wanted = query.get("fields")
    if not wanted:
        return item
    names = {field.strip() for field in wanted.split(",")}
    include = boolean(query, "include_fields") is not False
    return {field: value for field, value in item.items() if (field in names) == include}


def _close(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _open(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise invalid_query("'Invalid cursor' on property from.") from None
