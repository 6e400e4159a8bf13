"""What belongs to one request, and to no other.

``flask.g`` is the application context's, and Flask gives a request the context that is already current in its
thread: one that was pushed at import, or that of the request within which the app calls itself. A WSGI
environment is copied by who hands a request on to another app. The request object is never shared.
"""

from __future__ import annotations

from typing import Any

from flask import request


def keep(key: str, value: Any) -> None:
    """Keep ``value`` for the current request."""
    request.__dict__[key] = value


def kept(key: str) -> Any:
    """Return what was kept for the current request, ``None`` for nothing and outside of a request."""
    try:
        return request.__dict__.get(key)
    except RuntimeError:
        return None


def take(key: str) -> Any:
    """Return what was kept for the current request, and keep it no longer."""
    return request.__dict__.pop(key, None)
