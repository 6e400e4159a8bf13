"""Which web pages may talk to the MCP endpoint: Origin validation and CORS.

MCP transports, Security Warning: an ``Origin`` that is present and not allowed is refused with 403, which
stops DNS rebinding. CORS is the Fetch standard's; credentials are not allowed: tokens travel in a header.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Request, Response

from ..config_reader import LOOPBACK_HOSTS
from ..settings import Settings
from .refusals import refusal

_METHODS = "GET, POST, DELETE, OPTIONS"
_HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Mcp-Method",
    "Mcp-Name",
    "Last-Event-ID",
    "DPoP",
)
_EXPOSED = ("Mcp-Session-Id", "WWW-Authenticate", "X-Request-ID")
_PREFLIGHT_AGE = "600"
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: Headers that mirror tool arguments have names of the tool's making. RFC 9110 §5.6.2, token.
_MIRRORED = re.compile(r"mcp-param-[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
_MAX_MIRRORED = 32


class OriginPolicy:
    """Decides about the ``Origin`` of requests to the MCP endpoint. Immutable, so safe to share.

    Allowed are the app's own origin, those of ``MCP_ALLOWED_ORIGINS`` (``*`` for any), and, while the app
    itself is on loopback, every origin on loopback.
    """

    def __init__(self, settings: Settings) -> None:
        own = _normal(settings.base_url)
        self._any = "*" in settings.allowed_origins
        self._allowed = {own, *(_normal(origin) for origin in settings.allowed_origins)} - {None}
        self._local = _is_loopback(settings.base_url)
        self._exposed = ", ".join(_EXPOSED if settings.dpop == "off" else (*_EXPOSED, "DPoP-Nonce"))

    def allows(self, origin: str) -> bool:
        """Tell whether a page of ``origin`` may talk to the endpoint; ``null`` only where any may."""
        if self._any:
            return True
        normal = _normal(origin)
        return normal is not None and (normal in self._allowed or (self._local and _is_loopback(origin)))

    def refusal_of(self, request: Request) -> Response | None:
        """Return the 403 of a request from a page that is not allowed, ``None`` for all others."""
        origin = request.headers.get("Origin")
        if origin is None or self.allows(origin):
            return None
        return refusal(
            403,
            "origin_not_allowed",
            "Web pages of this origin may not use this server. The server's operator can allow them in "
            "MCP_ALLOWED_ORIGINS.",
        )

    def preflight(self, request: Request) -> Response:
        """Answer a CORS preflight, which never carries a token (Fetch §4.8)."""
        asked = request.headers.get("Access-Control-Request-Headers", "").lower().split(",")
        mirrored = [name for part in asked[:100] if _MIRRORED.fullmatch(name := part.strip())]
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = ", ".join((*_HEADERS, *mirrored[:_MAX_MIRRORED]))
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_AGE
        return self.add_headers(request, response)

    def add_headers(self, request: Request, response: Response) -> Response:
        """Let pages of an allowed origin read ``response``; to be called for each answer of the endpoint."""
        origin = request.headers.get("Origin")
        if not self._any:
            if "Vary" in response.headers:
                response.vary.add("Origin")
            else:
                response.headers["Vary"] = "Origin"
        if origin is not None and self.allows(origin):
            response.headers["Access-Control-Allow-Origin"] = "*" if self._any else origin
            response.headers["Access-Control-Expose-Headers"] = self._exposed
        return response


def is_preflight(request: Request) -> bool:
    """Tell whether a request is a CORS preflight."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _normal(url: str) -> str | None:
    """Return the origin that a URL or an ``Origin`` header names, in one spelling; ``None`` for none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if (
        not parts.scheme
        or not host
        or parts.username is not None
        or not url.isascii()
        or not url.isprintable()
    ):
        return None
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in _DEFAULT_PORTS and parts.hostname in LOOPBACK_HOSTS
    except ValueError:
        return False
