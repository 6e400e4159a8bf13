"""What the tenant knows about the browser before it: an id, and perhaps who is logged in."""

from __future__ import annotations

import secrets

from flask import session

from .model import User
from .tenant import Session, current_tenant

_BROWSER = "browser"
_LOGIN = "login"


def browser_id() -> str:
    """The id of the browser, which is given one at its first visit (in a signed cookie)."""
    browser = session.get(_BROWSER)
    if not isinstance(browser, str):
        browser = session[_BROWSER] = secrets.token_urlsafe(18)
    return browser


def known_browser() -> str | None:
    """The id of the browser if it has one."""
    browser = session.get(_BROWSER)
    return browser if isinstance(browser, str) else None


def current_session() -> Session | None:
    """Who is logged in in this browser."""
    key = session.get(_LOGIN)
    return current_tenant().sessions.get(key) if isinstance(key, str) else None


def log_in(user: User) -> None:
    """Log ``user`` in in this browser, under a fresh session id."""
    tenant = current_tenant()
    log_out()
    key = session[_LOGIN] = secrets.token_urlsafe(24)
    now = tenant.state.now()
    tenant.sessions.put(key, Session(user.user_id, int(now)))
    with tenant.state.lock:
        user.last_login = now
        user.logins_count += 1
        tenant.state.touch()


def log_out() -> None:
    key = session.pop(_LOGIN, None)
    if isinstance(key, str):
        current_tenant().sessions.pop(key)
