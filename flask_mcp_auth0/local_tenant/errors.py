"""OAuth errors with Auth0's codes, texts and status numbers, where they are known."""

from __future__ import annotations

from .authlib_parts import OAuth2Error


class TenantError(OAuth2Error):
    """An OAuth error response.

    Auth0 puts quotation marks into its descriptions, which RFC 6749 section 5.2 does not allow and Authlib
    therefore refuses; the text is set past that check.

    :param redirect_uri: where to report it (RFC 6749 section 4.1.2.1); without one it is the answer itself.
    """

    def __init__(
        self, error: str, description: str, status_code: int = 403, *, redirect_uri: str | None = None
    ) -> None:
        super().__init__(error=error, status_code=status_code, redirect_uri=redirect_uri)
        self.description = description


def unauthorized() -> TenantError:
    """The application did not prove who it is."""
    return TenantError("access_denied", "Unauthorized", 401)


def service_not_found(audience: str) -> TenantError:
    """``/authorize`` names an API that does not exist."""
    return TenantError("access_denied", f"Service not found: {audience}")


def service_not_enabled(audience: str) -> TenantError:
    """Client credentials name an API that does not exist."""
    return TenantError("access_denied", f"Service not enabled within domain: {audience}")


def no_client_grant(audience: str) -> TenantError:
    """Client credentials for an API that the application was granted nothing of."""
    return TenantError(
        "access_denied",
        f'Client is not authorized to access "{audience}". You need to create a "client-grant" associated to '
        "this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
    )


def not_authorized_for(client_id: str, audience: str, *, third_party: bool) -> TenantError:
    """A user-delegated request for an API that is closed to the application."""
    return TenantError(
        "unauthorized_client" if third_party else "invalid_request",
        f'Client "{client_id}" is not authorized to access resource server "{audience}".',
    )


def userinfo_audience_not_allowed() -> TenantError:
    """A third-party application named no API: what is left, the user's profile, is not for it."""
    return TenantError(
        "invalid_request",
        "The userinfo audience is not allowed for third party clients. Please specify a valid API audience.",
    )


def grant_type_not_allowed(grant_type: str) -> TenantError:
    return TenantError("unauthorized_client", f"Grant type '{grant_type}' not allowed for the client.")


def invalid_refresh_token() -> TenantError:
    return TenantError("invalid_grant", "Unknown or invalid refresh token.")
