"""The tenant's token endpoint, asked in this application's name (RFC 6749 §3.2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import Auth0APIError, AuthorizationUnavailable
from ..outbound import Outbound, OutboundError
from .access_token import AccessToken
from .credentials import ClientCredentials
from .errors import Wanted, refused, unreachable

if TYPE_CHECKING:
    from .oauth_session import Answer, TokenSession


class TokenEndpoint:
    """Asks for tokens. Safe to share between threads and over a fork: it holds no connection.

    :param url: returns the token endpoint's URL; called at each request, so that discovery may be slow or
        down at start.
    :param issuer: returns the issuer, the audience of client assertions.
    :param credentials: how this application authenticates.
    :param outbound: what carries the requests, with its time-outs.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        url: Callable[[], str],
        issuer: Callable[[], str],
        credentials: ClientCredentials,
        outbound: Outbound,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._issuer = issuer
        self._credentials = credentials
        self._outbound = outbound
        self._clock = clock
        self._session: TokenSession | None = None

    def token(
        self,
        wanted: Wanted,
        grant_type: str,
        parameters: Mapping[str, str | None],
        extra: Mapping[str, str | Sequence[str]] | None = None,
    ) -> AccessToken:
        """Ask for a token.

        :param wanted: what it is for, for the error text.
        :param grant_type: the grant (RFC 6749 §4.5).
        :param parameters: the grant's parameters; those without a value are left out.
        :param extra: more parameters, which may repeat.
        :raises Auth0APIError: if Auth0 refuses, cannot be reached, or answers something else than a token.
        """
        now = self._clock()
        answer = self.ask(wanted, grant_type, parameters, extra)
        if answer.status != 200:
            raise refused(wanted, answer.status, answer.body, answer.retry_after)
        token = AccessToken.from_answer(answer.body, now)
        if token is None:
            raise Auth0APIError(
                f"{wanted.call} was answered by Auth0 without a token.", status_code=answer.status
            )
        return token

    def ask(
        self,
        wanted: Wanted,
        grant_type: str,
        parameters: Mapping[str, str | None],
        extra: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Answer:
        """Return what the token endpoint answers, a refusal too.

        :raises Auth0APIError: only if there was no complete answer.
        """
        given = {name: value for name, value in parameters.items() if value}
        session, url = self._ready(wanted)
        try:
            answer: Answer = session.fetch_token(  # type: ignore[no-untyped-call]
                url, grant_type=grant_type, extra=extra, **given
            )
        except OutboundError as error:
            failure = unreachable(wanted, error.reason, error.retry_after)
        else:
            return answer
        raise failure

    def post(self, wanted: Wanted, url: str, parameters: Mapping[str, str | None]) -> Answer:
        """POST to another endpoint that authenticates this application in the same way.

        :raises Auth0APIError: only if there was no complete answer.
        """
        given = {name: value for name, value in parameters.items() if value}
        session, _ = self._ready(wanted)
        try:
            return session.post_authenticated(url, given)
        except OutboundError as error:
            failure = unreachable(wanted, error.reason, error.retry_after)
        raise failure

    def _ready(self, wanted: Wanted) -> tuple[TokenSession, str]:
        try:
            url = self._url()
            if self._session is None:
                from .oauth_session import TokenSession

                self._session = TokenSession(self._credentials, self._issuer(), self._outbound)
        except AuthorizationUnavailable as error:
            raise unreachable(wanted, error.reason, error.retry_after) from error
        return self._session, url
