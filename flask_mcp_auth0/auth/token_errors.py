"""Why a token is not accepted.

::

    TokenError
    ├── TokenMissing            no credentials were sent
    ├── TokenExpired
    └── TokenInvalid            anything else that is wrong with it
        ├── OpaqueToken         not a JWT: made for no API, a refresh token, …
        ├── EncryptedToken      a JWE, which only the tenant can read
        ├── NotAnAccessToken    an ID token, a refresh token, a proof, …
        ├── UnknownKey          signed with a key that the tenant does not publish
        ├── WrongIssuer
        ├── WrongAudience
        ├── WrongOrganization
        ├── BoundToken          bound to its sender's key, and sent without proof of that key
        └── ProofError          a DPoP proof is missing or wrong (RFC 9449)

Texts are for the client's developer. They never repeat what the token holds.
"""

from __future__ import annotations

from ..errors import Auth0MCPError


class TokenError(Auth0MCPError):
    """The request is answered 401.

    :param description: what is wrong and what to do about it.
    """

    #: The word in the JSON body of the refusal.
    error = "invalid_token"
    #: The word in the challenge (RFC 6750 §3.1); ``None`` where no credentials were sent (§3).
    challenge_error: str | None = "invalid_token"

    def __init__(self, description: str) -> None:
        self.description = description
        super().__init__(description)


class TokenMissing(TokenError):
    """No token was sent, or none where one is read."""

    error = "unauthorized"
    challenge_error = None

    def __init__(
        self, description: str = "Send an access token in the header: Authorization: Bearer <access token>."
    ) -> None:
        super().__init__(description)


class TokenExpired(TokenError):
    """The token's time is over."""

    error = "token_expired"

    def __init__(self, description: str = "The access token has expired. Get a new one.") -> None:
        super().__init__(description)


class TokenInvalid(TokenError):
    """The token is malformed, forged, or not for us."""


class OpaqueToken(TokenInvalid):
    """The token is no JWT."""


class EncryptedToken(TokenInvalid):
    """The token is a JWE."""


class NotAnAccessToken(TokenInvalid):
    """The token is a JWT made for something else."""


class UnknownKey(TokenInvalid):
    """The key that signed the token is not among the tenant's."""


class WrongIssuer(TokenInvalid):
    """Somebody else made the token."""


class WrongAudience(TokenInvalid):
    """The token was made for another API."""


class WrongOrganization(TokenInvalid):
    """The user logged in to no organisation, or to one that is not allowed here."""


class BoundToken(TokenInvalid):
    """The token is bound to a key of its sender and came without a proof of it."""


class ProofError(TokenInvalid):
    """A DPoP proof is missing or wrong (RFC 9449 §7.1).

    :param nonce: a nonce that the client shall put into its next proof (§9); the error is then
        ``use_dpop_nonce``.
    """

    error = "invalid_dpop_proof"
    challenge_error = "invalid_dpop_proof"

    def __init__(self, description: str, *, nonce: str | None = None) -> None:
        super().__init__(description)
        self.nonce = nonce
        if nonce is not None:
            self.error = self.challenge_error = "use_dpop_nonce"
