"""The endpoints for programs: ``/oauth/token``, ``/oauth/revoke``, ``/userinfo``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .access_tokens import profile, read_access_token
from .authlib_parts import OAuth2Error
from .errors import TenantError
from .oauth_client import AUTH_METHODS
from .oauth_server import body_parameters, current_server, notes, token_endpoint_response
from .refresh_tokens import revoke_refresh_token
from .tenant import current_tenant

bp = Blueprint("endpoints", __name__)


@bp.post("/oauth/token")
def token() -> Response:
    """RFC 6749 section 3.2."""
    return token_endpoint_response()


@bp.post("/oauth/revoke")
def revoke() -> Response:
    """RFC 7009: ends a refresh token, and every one that came of the same login.

    Access tokens are self-contained and live until they expire, as on a real tenant.
    """
    server = current_server()
    try:
        oauth_request = server.create_oauth2_request()
        client = server.authenticate_client(oauth_request, AUTH_METHODS)
        text = body_parameters(request).get("token", "")
        if not text:
            raise TenantError("invalid_request", "Missing required parameter: token", 400)
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    notes().client_id = client.client_id
    revoke_refresh_token(current_tenant(), text, client.client_id)
    return Response(status=200)


@bp.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response | tuple[Response, int, dict[str, str]]:
    """OpenID Connect Core section 5.3."""
    tenant = current_tenant()
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    claims = read_access_token(tenant, text, tenant.state.userinfo_audience) if text else None
    # A token that is bound to a key does not count without the proof (RFC 9449 section 7.1), which this
    # endpoint does not take.
    if scheme.casefold() != "bearer" or claims is None or "cnf" in claims:
        return _unauthorized()
    user = tenant.state.users.get(str(claims.get("sub")))
    if user is None or user.blocked:
        return _unauthorized()
    notes().user_id = user.user_id
    body: dict[str, Any] = profile(user, tuple(str(claims.get("scope", "")).split()))
    return jsonify(body)


def _unauthorized() -> tuple[Response, int, dict[str, str]]:
    return Response("Unauthorized", mimetype="text/plain"), 401, {"WWW-Authenticate": 'Bearer realm="Users"'}
