"""Which redirection addresses an application may register."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .security import is_loopback

MAX_URI = 2000
# Schemes that a browser would act upon instead of handing the code to an application.
NEVER = ("javascript", "data", "vbscript", "file", "blob", "about", "ws", "wss", "ftp")


def problem_with_redirect_uri(uri: Any) -> str | None:
    """Why ``uri`` cannot be one; ``None`` when it can.

    Absolute, without a fragment (RFC 6749 section 3.1.2); https, http on loopback (RFC 8252 section 7.3), or
    an application's own scheme.
    """
    if not isinstance(uri, str) or not uri or len(uri) > MAX_URI or any(c.isspace() for c in uri):
        return "a redirect URI is not a URI"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "a redirect URI is not a URI"
    if not parts.scheme or parts.scheme in NEVER:
        return f"the redirect URI {uri[:80]!r} has a scheme that is not allowed"
    if parts.fragment or "*" in uri:
        return f"the redirect URI {uri[:80]!r} has a fragment or a wildcard"
    if parts.scheme in ("http", "https") and (not parts.hostname or "@" in parts.netloc):
        return f"the redirect URI {uri[:80]!r} has no host of its own"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return f"the redirect URI {uri[:80]!r} is http and not on loopback"
    return None
