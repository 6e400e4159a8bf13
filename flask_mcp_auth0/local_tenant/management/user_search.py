"""The part of Auth0's user search syntax that a local tenant needs: ``field:value`` joined by ``AND`` and
``OR``.

Values may be quoted and end in ``*``; a bare word is looked for in e-mail address, name, nickname and user
name. ``AND`` binds closer than ``OR``.
"""

from __future__ import annotations

import re
from typing import Any

from ..model import User
from ..state import TenantState
from .errors import ManagementError

_TERM = re.compile(r'(?:(?P<field>[A-Za-z_][\w.]*):)?(?P<value>"(?:[^"\\]|\\.)*"|[^\s()"\[\]{}]+)')
_BARE = ("email", "name", "nickname", "username")
_FIELDS = ("user_id", "given_name", "family_name", "email_verified", "blocked", "logins_count", *_BARE)
_LONGEST = 2000


def matching_users(state: TenantState, query: str | None) -> list[User]:
    """The users that ``query`` describes, all of them without one.

    :raises ManagementError: 400 when it is not understood.
    """
    users = list(state.users.values())
    if not query:
        return users
    if len(query) > _LONGEST:
        raise _not_understood(query[:40])
    alternatives = [
        [_term(text) for text in re.split(r"\s+AND\s+", part.strip())]
        for part in re.split(r"\s+OR\s+", query.strip())
    ]
    return [
        user for user in users if any(all(_holds(user, *term) for term in terms) for terms in alternatives)
    ]


def _term(text: str) -> tuple[str | None, str]:
    found = _TERM.fullmatch(text)
    if found is None:
        raise _not_understood(text)
    field, value = found["field"], found["value"]
    if field is not None and field.split(".")[0] not in (*_FIELDS, "user_metadata", "app_metadata"):
        raise _not_understood(text)
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return field, value.casefold()


def _holds(user: User, field: str | None, wanted: str) -> bool:
    if field is None:
        return any(_equal(getattr(user, name), wanted) for name in _BARE)
    head, *rest = field.split(".")
    value: Any = getattr(user, head)
    for name in rest:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, list):
        return any(_equal(item, wanted) for item in value)
    return _equal(value, wanted)


def _equal(value: Any, wanted: str) -> bool:
    if value is None or isinstance(value, dict):
        return False
    text = str(value).casefold()
    if wanted.endswith("*"):
        return text.startswith(wanted[:-1])
    return text == wanted


def _not_understood(text: str) -> ManagementError:
    return ManagementError(
        400,
        f"Failed to parse query syntax: the local tenant does not understand {text!r}.",
        "invalid_query_string",
    )
