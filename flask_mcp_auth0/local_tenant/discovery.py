"""What the tenant says about itself: OpenID Connect Discovery, RFC 8414, and its keys."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from .model import (
    GRANT_AUTHORIZATION_CODE,
    GRANT_CIBA,
    GRANT_CLIENT_CREDENTIALS,
    GRANT_REFRESH_TOKEN,
    GRANT_TOKEN_EXCHANGE,
)
from .tenant import current_tenant

bp = Blueprint("discovery", __name__)


@bp.get("/.well-known/openid-configuration")
@bp.get("/.well-known/oauth-authorization-server")
def metadata() -> Response:
    """Both documents say the same."""
    tenant = current_tenant()
    settings = tenant.state.settings
    document: dict[str, Any] = {
        "issuer": tenant.state.issuer_in_metadata or tenant.issuer,
        "authorization_endpoint": tenant.url("/authorize"),
        "token_endpoint": tenant.url("/oauth/token"),
        "userinfo_endpoint": tenant.url("/userinfo"),
        "jwks_uri": tenant.url("/.well-known/jwks.json"),
        "registration_endpoint": tenant.url("/oidc/register"),
        "revocation_endpoint": tenant.url("/oauth/revoke"),
        "backchannel_authentication_endpoint": tenant.url("/bc-authorize"),
        "end_session_endpoint": tenant.url("/v2/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            GRANT_AUTHORIZATION_CODE,
            GRANT_REFRESH_TOKEN,
            GRANT_CLIENT_CREDENTIALS,
            GRANT_TOKEN_EXCHANGE,
            GRANT_CIBA,
        ],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256", "ES256"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256"],
        "backchannel_token_delivery_modes_supported": ["poll"],
        "claims_supported": [
            "aud",
            "auth_time",
            "email",
            "email_verified",
            "exp",
            "iat",
            "iss",
            "name",
            "nickname",
            "picture",
            "sub",
        ],
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
        "authorization_response_iss_parameter_supported": (
            settings.authorization_response_iss_parameter_supported
        ),
        "client_id_metadata_document_supported": settings.client_id_metadata_document_supported,
    }
    return jsonify(document)


@bp.get("/.well-known/jwks.json")
def jwks() -> Response:
    """The signing keys (RFC 7517)."""
    return jsonify(current_tenant().keys.public())
