"""Authlib's OAuth 2 session, carried by our own bounded connections.

Authlib builds the token requests and authenticates the client. Three things are done below it: it would
keep the last token on a session that threads share, forget the HTTP status and ``Retry-After`` of an error,
and sign assertions that are valid for an hour where Auth0 takes five minutes at most.

Importing this module imports Authlib's requests client (some 60 ms), so it is imported when first needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign

from ..outbound import Outbound, retry_after
from .credentials import ClientCredentials

_SECRET = "client_secret_post"  # noqa: S105 (a method, RFC 7591 §2)

#: Seconds that a client assertion is valid; it is used once (RFC 7523 §3, item 4).
_ASSERTION_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered, tokens included: its ``repr`` shows the status only."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    retry_after: int | None = None


class TokenSession(OAuth2Session):
    """Makes token requests. Holds no connection and no token, so threads and forks may share it.

    :param credentials: how the client authenticates.
    :param issuer: the audience of client assertions; Auth0 wants its issuer there, not the token endpoint.
    :param outbound: what carries the requests.
    """

    # Authlib hands these to the transport untouched, where it would drop repeated fields.
    SESSION_REQUEST_PARAMS: tuple[str, ...] = ("extra",)  # type: ignore[assignment]

    def __init__(self, credentials: ClientCredentials, issuer: str, outbound: Outbound) -> None:
        self._outbound = outbound
        credential = credentials.secret or credentials.signing_key()
        method = _SECRET if credentials.secret else PrivateKeyJWT.name
        super().__init__(  # type: ignore[no-untyped-call]
            credentials.client_id, credential, token_endpoint_auth_method=method
        )
        self.register_client_auth_method(_ShortAssertion(issuer))  # type: ignore[no-untyped-call]

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        withhold_token: bool = False,
        auth: Any = None,
        *,
        data: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, str | Sequence[str]] | None = None,
        json: Any = None,
    ) -> Answer:
        """POST ``data`` and ``extra`` as a form, authenticated by ``auth``.

        :raises OutboundError: if there was no complete answer.
        """
        form: dict[str, Any] = {**(extra or {}), **data}
        if self.token_endpoint_auth_method == PrivateKeyJWT.name:
            form["client_id"] = self.client_id  # Authlib leaves it out; Auth0's examples send it
        status, body, answered = self._outbound.post_form(url, form, headers=headers, auth=auth)
        return Answer(status, body if isinstance(body, Mapping) else {}, retry_after(answered))

    def parse_response_token(self, resp: Answer) -> Answer:
        """Return the answer as it is, keeping no token."""
        return resp

    def post_authenticated(self, url: str, data: Mapping[str, str]) -> Answer:
        """POST a form to another endpoint that authenticates the client as the token endpoint does."""
        auth = self.client_auth(self.token_endpoint_auth_method)  # type: ignore[no-untyped-call]
        return self.request("POST", url, auth=auth, data=data)


class _ShortAssertion(PrivateKeyJWT):
    """Signs an assertion that is good for one request (Authlib's own is valid for an hour)."""

    def sign(self, auth: Any, token_endpoint: str) -> Any:
        return private_key_jwt_sign(  # type: ignore[no-untyped-call]
            auth.client_secret, auth.client_id, token_endpoint, alg=self.alg, expires_in=_ASSERTION_LIFETIME
        )
