"""Who we are to Auth0: a client secret, or a private key that signs assertions (RFC 7523 §2.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from ..errors import ConfigurationError
from ..settings import Settings

_APPLICATION_KEYS = "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET (or AUTH0_CLIENT_ASSERTION_KEY)"
_MANAGEMENT_KEYS = "AUTH0_MANAGEMENT_CLIENT_ID and AUTH0_MANAGEMENT_CLIENT_SECRET (or …_ASSERTION_KEY)"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How one OAuth client of ours authenticates. Its ``repr`` shows neither secret nor key.

    :param client_id: the application's client id.
    :param secret: its secret, sent in the body (``client_secret_post``).
    :param assertion_key: the PEM of its private key, instead of a secret (``private_key_jwt``).
    :param keys: the settings that they were read from, for error texts.
    """

    client_id: str
    secret: str | None = field(default=None, repr=False)
    assertion_key: str | None = field(default=None, repr=False)
    keys: str = _APPLICATION_KEYS

    @classmethod
    def of_application(cls, settings: Settings, wanted_by: str) -> ClientCredentials:
        """Return those that token exchanges are made with.

        :param wanted_by: the function that needs them, for the error text.
        :raises ConfigurationError: if there are none, or the key cannot be read.
        """
        if not settings.client_id or not (settings.client_secret or settings.client_assertion_key):
            raise ConfigurationError(
                f"{wanted_by} calls Auth0 in this application's name, so it needs {_APPLICATION_KEYS}. "
                "You find them in the Auth0 Dashboard under Applications > Applications > (your "
                "application) > Settings."
            )
        return cls(
            settings.client_id, settings.client_secret, settings.client_assertion_key, _APPLICATION_KEYS
        )._checked()

    @classmethod
    def of_management(cls, settings: Settings, wanted_by: str) -> ClientCredentials:
        """Return those that the Management API is called with: its own, or else the application's.

        :param wanted_by: the function that needs them, for the error text.
        :raises ConfigurationError: if there are none, or the key cannot be read.
        """
        if not settings.has_client_credentials or settings.management_client_id is None:
            raise ConfigurationError(
                f"{wanted_by} calls the Auth0 Management API, so it needs {_APPLICATION_KEYS}, or "
                f"credentials for it alone: {_MANAGEMENT_KEYS}. You find them in the Auth0 Dashboard "
                "under Applications > Applications > (a machine-to-machine application) > Settings; the "
                "application must be authorized for the Auth0 Management API under Applications > APIs > "
                "Auth0 Management API > Application Access."
            )
        same = settings.management_client_id == settings.client_id
        return cls(
            settings.management_client_id,
            settings.management_client_secret,
            settings.management_client_assertion_key,
            _APPLICATION_KEYS if same else _MANAGEMENT_KEYS,
        )._checked()

    def _checked(self) -> ClientCredentials:
        if not self.secret:
            self.signing_key()
        return self

    def signing_key(self) -> RSAKey:
        """Return the private key; Auth0 takes RSA keys only.

        :raises ConfigurationError: if the PEM is no RSA private key.
        """
        # Environment variables often hold the line breaks of a PEM as two characters.
        pem = (self.assertion_key or "").replace("\\n", "\n")
        try:
            key = RSAKey.import_key(pem)
        except (JoseError, ValueError, TypeError):
            key = None
        if key is None or not key.is_private:
            raise ConfigurationError(
                f"the assertion key among {self.keys} is no PEM of an RSA private key (-----BEGIN PRIVATE "
                "KEY-----)"
            )
        return key
