"""The tenant's log: ``/logs`` and ``/users/{id}/logs``, newest first."""

from __future__ import annotations

import re
from typing import Any

from ..model import LogEvent
from .call import Call, iso_time, without_none
from .errors import inexistent
from .paging import LARGEST_PAGE, by_offset, integer, selected
from .routing import Routes
from .users import found_user

routes = Routes()

DEEPEST_SEARCH = 1000
_TERM = re.compile(r'(type|client_id|user_id|client_name|description):"?([^"]*)"?')


@routes.get("/logs", "read:logs", "read:logs_users")
def list_logs(call: Call) -> Any:
    events = list(call.state.logs)
    if "from" in call.query:  # checkpoint paging: what came after that entry, oldest first, as a bare list
        take = integer(call.query, "take", LARGEST_PAGE, 1, LARGEST_PAGE)
        newer = [event for event in events if event.log_id > call.query["from"]]
        return [selected(call.query, as_json(event)) for event in newer[:take]]
    term = _TERM.fullmatch((call.query.get("q") or call.query.get("search") or "").strip())
    if term is not None:
        events = [event for event in events if str(getattr(event, term[1]) or "") == term[2]]
    return _page(call, events, newest_first=call.query.get("sort") != "date:1")


@routes.get("/logs/{id}", "read:logs", "read:logs_users")
def get_log(call: Call, id: str) -> Any:
    for event in call.state.logs:
        if event.log_id == id:
            return as_json(event)
    raise inexistent("log", "The log event does not exist.")


@routes.get("/users/{id}/logs", "read:logs", "read:logs_users")
def list_user_logs(call: Call, id: str) -> Any:
    user = found_user(call, id)
    return _page(
        call, [event for event in call.state.logs if event.user_id == user.user_id], newest_first=True
    )


def as_json(event: LogEvent) -> dict[str, Any]:
    """An entry as the Management API and log streams show it."""
    return without_none(
        {
            "date": iso_time(event.date),
            "type": event.type,
            "description": event.description or None,
            "client_id": event.client_id,
            "client_name": event.client_name,
            "ip": event.ip,
            "user_id": event.user_id,
            "user_name": event.user_name,
            "audience": event.audience,
            "scope": event.scope,
            "details": event.details or None,
            "log_id": event.log_id,
            "isMobile": False,
        }
    )


def _page(call: Call, events: list[LogEvent], *, newest_first: bool) -> Any:
    if newest_first:
        events = events[::-1]
    shown = [selected(call.query, as_json(event)) for event in events]
    return by_offset(call.query, "logs", shown, deepest=DEEPEST_SEARCH)
