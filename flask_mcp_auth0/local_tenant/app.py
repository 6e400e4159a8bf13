# mypy: disable-error-code="no-untyped-call"
"""The tenant as a Flask app."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, render_template, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException

from . import (
    admin,
    authorize,
    ciba,
    control,
    discovery,
    endpoints,
    faults,
    management,
    minting,
    pages,
    registration,
    security,
)
from .code_grant import AuthorizationCodeGrant, S256Only
from .exchange import FederatedConnectionGrant, TokenExchangeGrant
from .grants import ClientCredentialsGrant, RefreshTokenGrant
from .keys import KeyRing
from .model import RecentRequest
from .oauth_server import OAuthServer, keep_server, notes
from .state import TenantState
from .tenant import EXTENSION, Tenant

MAX_BODY = 1_048_576


def create_tenant(
    state: TenantState,
    issuer: str | None = None,
    *,
    keys: KeyRing | None = None,
    keep_keys: Path | None = None,
) -> Flask:
    """Build the Flask app that is a tenant.

    :param state: what it knows.
    :param issuer: its issuer, with the trailing slash, which is also where it has to be reached; default the
        state's.
    :param keys: what it signs with; made anew by default.
    :param keep_keys: a file to keep the keys in.
    """
    if issuer is not None:
        state.move_to(issuer)
    parts = urlsplit(state.issuer)
    if not parts.netloc or not state.issuer.endswith("/"):
        raise ValueError(f"An issuer is a URL that ends with a slash, which {state.issuer!r} is not.")
    app = Flask("flask_mcp_auth0.local_tenant", static_url_path="/_assets")
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=parts.scheme == "https",
        # Cookies do not know ports: two tenants on one machine must not overwrite each other's.
        SESSION_COOKIE_NAME=f"local_tenant_{parts.port or 443}",
    )
    app.session_interface = _Cookies()
    app.secret_key = secrets.token_bytes(32)
    tenant = Tenant(state, keys or KeyRing(keep_keys))
    app.extensions[EXTENSION] = tenant
    server = OAuthServer(tenant)
    server.init_app(app)
    server.register_grant(AuthorizationCodeGrant, [S256Only(required=False)])
    server.register_grant(RefreshTokenGrant)
    for grant in (
        ClientCredentialsGrant,
        TokenExchangeGrant,
        FederatedConnectionGrant,
        ciba.CibaGrant,
    ):
        server.register_grant(grant)
    server.register_extension(authorize.ISSUER)
    keep_server(app, server)
    security.init_app(app)
    app.after_request(_remember)
    for blueprint in (
        discovery.bp,
        authorize.bp,
        endpoints.bp,
        registration.bp,
        pages.login,
        pages.consent,
        pages.front,
        ciba.bp,
        control.bp,
        minting.bp,
        management.create_blueprint(state),
        admin.create_blueprint(state),
    ):
        app.register_blueprint(blueprint)
    faults.install(app, state)
    app.register_error_handler(HTTPException, _http_error)
    return app


class _Cookies(SecureCookieSessionInterface):
    """The browser's cookie, also at the loopback name of a tenant whose issuer is https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return super().get_cookie_secure(app) and not security.is_plain_loopback()


def _remember(response: Response) -> Response:
    tenant_notes = notes()
    if not request.path.startswith("/_"):
        tenant_state = _state()
        tenant_state.saw(
            RecentRequest(
                tenant_state.now(),
                request.method,
                request.path[:200],
                response.status_code,
                tenant_notes.client_id,
                tenant_notes.user_id,
                tenant_notes.note,
            )
        )
    return response


def _state() -> TenantState:
    from .tenant import current_tenant

    return current_tenant().state


def _http_error(error: HTTPException) -> Response | tuple[str | Response, int]:
    """Errors as pages for people and as JSON for programs."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return render_template("error.html", error=error.name, description=error.description), status
    return jsonify(
        {
            "statusCode": status,
            "error": error.name,
            "message": error.description,
        }
    ), status
