"""An application in JSON: which properties it has, and how it is shown."""

from __future__ import annotations

from typing import Any

from ..model import Client
from .bodies import (
    ANYTHING,
    BOOLEAN,
    NULLABLE_OBJECT,
    NULLABLE_STRING,
    OBJECT,
    REQUIRED_STRING,
    STRING,
    STRINGS,
    Field,
)
from .call import TENANT_NAME, iso_time, without_none

_APP_TYPES = ("native", "spa", "regular_web", "non_interactive", "resource_server")

STORED = {
    "name": STRING,
    "description": NULLABLE_STRING,
    "app_type": Field("string", _APP_TYPES),
    "is_first_party": BOOLEAN,
    "third_party_security_mode": Field("string", ("strict", "permissive")),
    "callbacks": STRINGS,
    "grant_types": STRINGS,
    "token_endpoint_auth_method": Field("string", ("none", "client_secret_post", "client_secret_basic")),
    "logo_uri": NULLABLE_STRING,
    "token_exchange": NULLABLE_OBJECT,
    "require_proof_of_possession": BOOLEAN,
    "organization_usage": Field("string", ("deny", "allow", "require")),
    "refresh_token": NULLABLE_OBJECT,
}
# Taken and given back, not acted upon.
KEPT = dict.fromkeys(
    (
        *("addons", "allowed_clients", "allowed_logout_urls", "allowed_origins", "anonymous_sessions"),
        *("async_approval_notification_channels", "b2b_integration_configuration", "client_aliases"),
        *("client_authentication_methods", "compliance_level", "cross_origin_authentication"),
        *("cross_origin_loc", "custom_login_page", "custom_login_page_on", "custom_login_page_preview"),
        *("default_organization", "encryption_key", "enforce_anon_session_transfer_network_binding"),
        *("express_configuration", "fedcm_login", "form_template", "identity_assertion_authorization_grant"),
        *("initiate_login_uri", "is_token_endpoint_ip_header_trusted", "jwt_configuration", "mobile"),
        *("my_organization_configuration", "native_social_login", "oidc_backchannel_logout"),
        *("oidc_conformant", "oidc_logout", "oidc_support", "organization_discovery_methods"),
        *("organization_require_behavior", "par_request_expiry", "redirection_policy"),
        *("require_pushed_authorization_requests", "session_transfer", "signed_request_object"),
        *("skip_non_verifiable_callback_uri_confirmation_prompt", "sso", "sso_disabled"),
        *("token_quota", "token_vault_privileged_access", "web_origins"),
    ),
    ANYTHING,
)
CHANGEABLE = {**STORED, **KEPT, "client_metadata": OBJECT}
CREATABLE = {**CHANGEABLE, "name": REQUIRED_STRING, "resource_server_identifier": STRING}


def as_json(client: Client, *, with_secret: bool = False) -> dict[str, Any]:
    """The application as the Management API shows it."""
    by_key = client.token_endpoint_auth_method == "private_key_jwt"  # noqa: S105
    shown: dict[str, Any] = {
        "client_id": client.client_id,
        "tenant": TENANT_NAME,
        "global": False,
        "oidc_conformant": True,
        **{name: getattr(client, name) for name in STORED if name != "token_endpoint_auth_method"},
        "external_metadata_type": client.external_metadata_type,
        "external_metadata_created_by": client.external_metadata_created_by,
        "external_client_id": client.external_client_id,
        "resource_server_identifier": client.resource_server_identifier,
        "client_metadata": client.client_metadata or None,
        "jwks_uri": client.jwks_uri,
        "created_at": iso_time(client.created_at),
        "updated_at": iso_time(client.updated_at),
        **client.extra,
    }
    if by_key:
        keys = (client.jwks or {}).get("keys", [])
        credentials = [{"id": f"cred_{key.get('kid', index)}"} for index, key in enumerate(keys)]
        shown["client_authentication_methods"] = {"private_key_jwt": {"credentials": credentials}}
    else:
        shown["token_endpoint_auth_method"] = client.token_endpoint_auth_method
    if with_secret:
        shown["client_secret"] = client.client_secret
    return without_none(shown)
