"""The tenant's settings: ``/tenants/settings``. A PATCH changes only what it names, within ``flags`` too."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..model import TenantSettings
from .bodies import ANYTHING, BOOLEAN, NUMBER, OBJECT, STRING, Field, checked
from .call import Call
from .errors import invalid_body
from .paging import selected
from .routing import Routes

routes = Routes()

_ACTED_UPON = {
    "friendly_name": STRING,
    "default_audience": STRING,
    "flags": OBJECT,
    "resource_parameter_profile": Field("string", ("audience", "compatibility")),
    "dynamic_client_registration_security_mode": Field("string", ("strict", "permissive")),
    "client_id_metadata_document_supported": BOOLEAN,
    "client_id_metadata_document_dynamic_registration_supported": BOOLEAN,
    "authorization_response_iss_parameter_supported": BOOLEAN,
    "skip_non_verifiable_callback_uri_confirmation_prompt": BOOLEAN,
    "session_lifetime": NUMBER,
}
# Taken and given back, not acted upon.
_KEPT = dict.fromkeys(
    (
        *("acr_values_supported", "allow_organization_name_in_authentication_api", "allowed_logout_urls"),
        *("change_password", "country_codes", "customize_mfa_in_postlogin_action", "default_directory"),
        *(
            "default_redirection_uri",
            "default_token_quota",
            "device_flow",
            "enable_ai_guide",
            "enabled_locales",
        ),
        *(
            "dpop_strict_refresh_token_binding",
            "ephemeral_session_lifetime",
            "error_page",
            "guardian_mfa_page",
        ),
        *("idle_ephemeral_session_lifetime", "idle_session_lifetime", "access_token", "mtls", "oidc_logout"),
        *("include_session_metadata_in_tenant_logs", "legacy_sandbox_version", "sandbox_version", "sessions"),
        *("phone_consolidated_experience", "picture_url", "pushed_authorization_requests_supported"),
        *("security_headers", "session_cookie", "support_email", "support_url"),
    ),
    ANYTHING,
)


@routes.get("/tenants/settings", "read:tenant_settings")
def get_settings(call: Call) -> Any:
    return selected(call.query, as_json(call.state.settings))


@routes.patch("/tenants/settings", "update:tenant_settings", description="Update tenant settings")
def update_settings(call: Call) -> Any:
    body = checked(call.body, {**_ACTED_UPON, **_KEPT})
    settings = call.state.settings
    flags = body.get("flags", {})
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise invalid_body(f"'Expected type boolean' on property flags.{name}.")
    audience = body.get("default_audience")
    if audience and audience not in call.state.resource_servers:
        raise invalid_body("'The default audience is no API of this tenant' on property default_audience.")
    for name in _ACTED_UPON.keys() & body.keys() - {"flags"}:
        setattr(settings, name, body[name])
    settings.flags.update(flags)
    for name in _KEPT.keys() & body.keys():
        settings.extra[name] = body[name]
    return as_json(settings)


def as_json(settings: TenantSettings) -> dict[str, Any]:
    """The settings as the Management API shows them."""
    plain = asdict(settings)
    return {**plain.pop("extra"), **plain}
