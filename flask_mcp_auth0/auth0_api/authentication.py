"""auth0-python's Authentication API classes, ready configured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..settings import Settings
from .credentials import ClientCredentials

if TYPE_CHECKING:
    from auth0.authentication import (
        Database,
        Delegated,
        Enterprise,
        GetToken,
        Passwordless,
        RevokeToken,
        Social,
        Users,
    )
    from auth0.authentication.back_channel_login import BackChannelLogin
    from auth0.authentication.pushed_authorization_requests import PushedAuthorizationRequests

_C = TypeVar("_C")


class Authentication:
    """The SDK's own classes for what this package has no method for. Each use builds one.

    They open a connection for each call and sleep nowhere, so threads and forked workers may use them. With a
    private key, they sign assertions for ``https://{domain}/`` whatever the tenant's issuer is.

    :param settings: the tenant and the credentials.
    :param timeout: seconds to connect, and to read.
    """

    def __init__(self, settings: Settings, *, timeout: float = 5.0) -> None:
        self._settings = settings
        self._timeout = timeout

    @property
    def get_token(self) -> GetToken:
        """Grants of the token endpoint."""
        from auth0.authentication import GetToken

        return self._configured(GetToken)

    @property
    def users(self) -> Users:
        """``/userinfo``."""
        from auth0.authentication import Users

        parts = urlsplit(self._settings.issuer_url)
        return Users(parts.netloc, timeout=self._timeout, protocol=parts.scheme)

    @property
    def database(self) -> Database:
        """Sign-up and password change in database connections."""
        from auth0.authentication import Database

        return self._configured(Database)

    @property
    def passwordless(self) -> Passwordless:
        """Codes and links by e-mail and SMS."""
        from auth0.authentication import Passwordless

        return self._configured(Passwordless)

    @property
    def revoke_token(self) -> RevokeToken:
        """Revocation of refresh tokens."""
        from auth0.authentication import RevokeToken

        return self._configured(RevokeToken)

    @property
    def social(self) -> Social:
        """Login with a social provider's token."""
        from auth0.authentication import Social

        return self._configured(Social)

    @property
    def enterprise(self) -> Enterprise:
        """Metadata of SAML and WS-Federation applications."""
        from auth0.authentication import Enterprise

        return self._configured(Enterprise)

    @property
    def delegated(self) -> Delegated:
        """Delegation tokens."""
        from auth0.authentication import Delegated

        return self._configured(Delegated)

    @property
    def back_channel_login(self) -> BackChannelLogin:
        """The first half of CIBA; :meth:`Auth0Client.backchannel_login` does both."""
        from auth0.authentication.back_channel_login import BackChannelLogin

        return self._configured(BackChannelLogin)

    @property
    def pushed_authorization_requests(self) -> PushedAuthorizationRequests:
        """Pushed authorization requests (RFC 9126)."""
        from auth0.authentication.pushed_authorization_requests import PushedAuthorizationRequests

        return self._configured(PushedAuthorizationRequests)

    def _configured(self, kind: Callable[..., _C]) -> _C:
        credentials = ClientCredentials.of_application(self._settings, "get_client().authentication")
        parts = urlsplit(self._settings.issuer_url)
        credential: dict[str, Any]
        if credentials.secret:
            credential = {"client_secret": credentials.secret}
        else:
            pem = (credentials.assertion_key or "").replace("\\n", "\n")
            credential = {"client_assertion_signing_key": pem}
        return kind(
            parts.netloc, credentials.client_id, **credential, timeout=self._timeout, protocol=parts.scheme
        )
