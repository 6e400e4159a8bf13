"""Reading a token of our own without verifying it: Auth0 gave it to us over TLS a moment ago."""

from __future__ import annotations

from typing import Any

from ..auth.token_errors import TokenError
from ..auth.token_shape import take_apart


def claims_of(token: str) -> dict[str, Any] | None:
    """Return a JWT's claims, ``None`` where it is no JWT."""
    try:
        return take_apart(token).claims()
    except TokenError:
        return None


def scopes_of(token: str) -> frozenset[str] | None:
    """Return a JWT's ``scope``, ``None`` where it says nothing."""
    scope = (claims_of(token) or {}).get("scope")
    return frozenset(scope.split()) if isinstance(scope, str) else None
