"""What keeps other sites' pages, and other machines, away from the tenant.

* Only requests whose ``Host`` is the issuer's are answered: a name that was re-bound to 127.0.0.1 does not
  get through.
* Forms carry a token bound to the browser, and requests that a page of another site caused are refused.
* The control API (``/_control/``) is for programs on this machine: it wants a header that no foreign page can
  set.
* What has no login is for this machine alone, and that is by a loopback name: where the issuer is the name of a
  tunnel or a proxy, the whole internet comes from 127.0.0.1.
* Every page forbids framing, foreign scripts, and anything else loaded from elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from werkzeug.exceptions import MisdirectedRequest
from werkzeug.wrappers import Response as BaseResponse

from .browser import browser_id, known_browser
from .tenant import current_tenant

CONTROL_PREFIX = "/_control/"
CONTROL_HEADER = "X-Local-Tenant-Control"
FORM_FIELD = "csrf_token"

# What browsers may call from pages of any origin: no cookie counts there.
CORS_PATHS = (
    "/.well-known/",
    "/oauth/token",
    "/oauth/revoke",
    "/oidc/register",
    "/userinfo",
    "/bc-authorize",
)

# What has no login (and the style of its pages).
HERE_PATHS = (CONTROL_PREFIX, "/admin", "/ciba", "/_assets/")


def init_app(app: Flask) -> None:
    """Put the guards before, and the headers behind, every request of ``app``."""
    app.before_request(_check_host)
    app.before_request(_check_site)
    app.before_request(_check_control)
    app.before_request(_preflight)
    app.after_request(_headers)


def csrf_token(purpose: str) -> str:
    """The value for the hidden field ``csrf_token`` of a form; ``purpose`` names the form."""
    return _seal(browser_id(), purpose)


def check_form(purpose: str) -> None:
    """Abort with 403 unless the posted form carries the token that :func:`csrf_token` gave this browser."""
    browser = known_browser()
    given = request.form.get(FORM_FIELD, "")
    if browser is None or not hmac.compare_digest(_seal(browser, purpose), given):
        abort(
            403, "This form was not given out to this browser, or it is too old. Go back and reload the page."
        )


def allow_form_target(url: str) -> None:
    """Let the forms of the page being rendered end at ``url`` (browsers apply ``form-action`` to redirects
    too).
    """
    parts = urlsplit(url)
    target = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
    g.tenant_form_target = target


def only_from_here() -> None:
    """Abort with 403 unless the request comes from this machine, to a loopback name, and through no proxy that
    says so: for pages and calls without a login.
    """
    if (
        request.remote_addr is None
        or not is_loopback(request.remote_addr)
        or not is_loopback_url(request.host_url)
        or any(_tells_of_proxy(name) for name in request.headers.keys())  # noqa: SIM118 (pairs otherwise)
    ):
        abort(403, "This is for people and programs at this machine, by its loopback address and no proxy.")


def is_plain_loopback() -> bool:
    """Whether the running request came by http, to a loopback name."""
    return not request.is_secure and is_loopback_url(request.host_url)


def is_loopback(host: str) -> bool:
    """Whether a host name or address (without port) means this machine."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Whether the host of a URL means this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _seal(browser: str, purpose: str) -> str:
    key = current_app.secret_key
    assert isinstance(key, bytes)
    return hmac.new(key, f"{purpose}\0{browser}".encode(), hashlib.sha256).hexdigest()


def _tells_of_proxy(header: str) -> bool:
    name = header.casefold()
    return name in ("forwarded", "via", "x-real-ip") or name.startswith("x-forwarded-")


def _check_host() -> BaseResponse | None:
    tenant = current_tenant()
    if request.host.casefold() == tenant.host:
        return None
    # Somebody typed another name of this machine: show them where to go. No foreign name gets that far.
    if is_same_place(request.host, tenant.host):
        if request.method == "GET":
            return redirect(tenant.url(request.full_path.removesuffix("?")), 307)
    # A loopback name cannot be re-bound, and where the issuer is behind a proxy there is no other way to what is for
    # this machine alone.
    elif is_loopback_url(request.host_url) and request.path.startswith(HERE_PATHS):
        return None
    raise MisdirectedRequest(f"This tenant answers only as {tenant.host}.")


def is_same_place(given: str, own: str) -> bool:
    """Whether both are names of this machine, with the same port."""
    try:
        parts = [urlsplit(f"//{host}") for host in (given, own)]
        return all(is_loopback(p.hostname or "") for p in parts) and parts[0].port == parts[1].port
    except ValueError:
        return False


def _check_site() -> None:
    """Refuse what another site's page sends with the browser's cookies (Fetch Metadata; ``Origin`` for older
    browsers).
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith(CORS_PATHS):
        return
    # The Management API goes by tokens alone; an authorization request may come from the application's page.
    if request.path.startswith("/api/v2/") or request.path == "/authorize":
        return
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "Another site's page may not send this.")
    if origin is not None and origin.casefold() != _own_origin():
        abort(403, "Another site's page may not send this.")


def _own_origin() -> str:
    tenant = current_tenant()
    if request.host.casefold() == tenant.host:
        # Not the request's scheme: what ends TLS in front of us speaks http to us.
        return f"{urlsplit(tenant.issuer).scheme}://{tenant.host}"
    return f"{request.scheme}://{request.host}".casefold()


def _check_control() -> None:
    if not request.path.startswith(CONTROL_PREFIX):
        return
    if "Origin" in request.headers or not request.headers.get(CONTROL_HEADER):
        abort(403, f"The control API is for programs: send the header {CONTROL_HEADER}: 1.")
    only_from_here()


def _preflight() -> Response | None:
    if request.method == "OPTIONS" and request.path.startswith(CORS_PATHS):
        return Response(status=204)
    return None


def _headers(response: Response) -> Response:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    # Not no-referrer: with it browsers send `Origin: null` along with forms.
    headers["Referrer-Policy"] = "same-origin"
    form_action = " ".join(("'self'", getattr(g, "tenant_form_target", ""))).strip()
    headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
    )
    if request.path.startswith(CORS_PATHS):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP, MCP-Protocol-Version"
        headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, DPoP-Nonce, Retry-After"
        headers["Access-Control-Max-Age"] = "600"
    headers.setdefault("Cache-Control", "no-store")
    return response
