"""The page for people: what a browser gets that opens the URL of the MCP endpoint.

It says what the server is and how each client is connected to it. It needs no login, loads nothing from
anywhere, and shows nothing that the configuration does not make public: neither tools nor who may use them.
An app that has a template ``mcp_auth0/page.html`` of its own shows that instead.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from flask import Request, Response, make_response, render_template
from markupsafe import Markup

from ..connect_snippets import guides, is_on_loopback
from ..settings import Settings

_HERE = Path(__file__).parent
_STYLE = (_HERE / "page.css").read_text("utf-8")
_SCRIPT = (_HERE / "page.js").read_text("utf-8")


def _source(text: str) -> str:
    """Return the source expression that allows one inline element (CSP3 §2.3.1, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_source(_STYLE)}; script-src {_source(_SCRIPT)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Page:
    """The page of one app, made of settings that do not change, so safe to share between threads.

    :param endpoint: the Flask endpoint whose URL people open.
    """

    def __init__(self, settings: Settings, endpoint: str) -> None:
        self._settings = settings
        self._endpoint = endpoint

    def is_wanted(self, request: Request) -> bool:
        """Tell whether a request is a browser's: it asks for HTML, and for nothing that only clients ask for."""
        if not self._settings.page or request.method not in ("GET", "HEAD"):
            return False
        if request.endpoint != self._endpoint or "Mcp-Session-Id" in request.headers:
            return False
        accepted = {kind.lower() for kind, quality in request.accept_mimetypes if quality > 0}
        return "text/html" in accepted and "text/event-stream" not in accepted

    def view(self) -> Response:
        """Return the page."""
        settings = self._settings
        # What is written for models may name what callers are not to know of.
        instructions = settings.instructions if settings.tool_listing != "conceal" else None
        response = make_response(
            render_template(
                "mcp_auth0/page.html",
                name=settings.server_name,
                url=settings.endpoint_url,
                instructions=instructions,
                guides=guides(settings.server_name, settings.endpoint_url),
                only_here=is_on_loopback(settings.endpoint_url),
                style=Markup(_STYLE),  # noqa: S704 (a file of this package)
                script=Markup(_SCRIPT),  # noqa: S704
            )
        )
        response.headers.update(_HEADERS)
        response.vary.add("Accept")
        return response
