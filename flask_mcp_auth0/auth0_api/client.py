"""``get_client()``: token exchanges and logins at Auth0, for the user who is calling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ..auth.auth_info import AuthInfo, find_auth_info
from ..auth.discovery import AuthorizationServer
from ..auth.remote_document import DocumentError
from ..errors import Auth0APIError, OutsideRequestError, PermissionDenied
from ..outbound import Outbound
from ..settings import Settings
from .access_token import AccessToken
from .authentication import Authentication
from .ciba import Backchannel, Ticker
from .credentials import ClientCredentials
from .errors import Wanted
from .exchange_cache import ExchangeCache
from .parameters import bare_token, checked_extra, given, joined
from .token_endpoint import TokenEndpoint
from .user_info import fetch_user_info

# Grant types (RFC 8693 §2.1) and token types (§3).
_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
_FOR_CONNECTION = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
_CONNECTION_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token"  # noqa: S105


class Auth0Client:
    """Calls to Auth0 in this application's name. Synchronous; safe to share between threads.

    The token of the current request goes to Auth0 alone, as the subject of an exchange. No method sends it to
    another API: whoever receives it there could call this server as the user (the MCP specification forbids
    it, basic/authorization, "Access Token Privilege Restriction"). What comes back is meant for the other
    API.

    Tokens are kept in the memory of the process until they expire.

    :param settings: the tenant and the credentials.
    :param server: the tenant's discovery documents.
    :param outbound: carries the requests, with its time-outs.
    :param verify: verifies an access token for this app.
    :param should_stop: tells whether the current call's client has gone.
    :param clock: Unix time in seconds.
    :param ticker: the time as waiting for an approval sees it.
    """

    def __init__(
        self,
        settings: Settings,
        server: AuthorizationServer,
        outbound: Outbound,
        verify: Callable[[str], AuthInfo],
        *,
        should_stop: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.time,
        ticker: Ticker | None = None,
    ) -> None:
        self._settings = settings
        self._server = server
        self._outbound = outbound
        self._verify = verify
        self._should_stop = should_stop or _never
        self._clock = clock
        self._ticker = ticker or Ticker()
        self._cache = ExchangeCache(clock=clock)
        self._tokens: tuple[TokenEndpoint, str] | None = None

    def __repr__(self) -> str:
        return f"<Auth0Client for {self._settings.issuer_url}>"

    @property
    def authentication(self) -> Authentication:
        """auth0-python's classes for the rest of the Authentication API, ready configured."""
        return Authentication(self._settings)

    def get_token_on_behalf_of(
        self, audience: str, scope: str | Iterable[str] | None = None, *, access_token: str | None = None
    ) -> AccessToken:
        """Exchange the caller's token for one that calls another API on the caller's behalf (RFC 8693).

        In the tenant, this application must be linked to its API with On-Behalf-Of exchange allowed, and
        must hold a grant for users on the other API.

        :param audience: the identifier of the other API.
        :param scope: what is asked for; without it, what the tenant grants.
        :param access_token: a token of this API, instead of the current request's.
        :raises Auth0APIError: if Auth0 refuses or cannot be reached.
        :raises PermissionDenied: if the caller is a machine.
        :raises OutsideRequestError: if there is no current request and no ``access_token``.
        """
        call = "get_token_on_behalf_of()"
        subject = self._subject(call, access_token)
        parameters = {
            "subject_token": subject,
            "subject_token_type": _ACCESS_TOKEN,
            "requested_token_type": _ACCESS_TOKEN,
            "audience": given("audience", audience),
            "scope": joined(scope),
        }
        return self._exchange(Wanted(call, audience=audience), _TOKEN_EXCHANGE, parameters)

    def get_token_by_exchange_profile(
        self,
        subject_token: str,
        *,
        subject_token_type: str,
        audience: str,
        scope: str | Iterable[str] | None = None,
        organization: str | None = None,
        requested_token_type: str | None = None,
        extra: Mapping[str, str | Sequence[str]] | None = None,
    ) -> AccessToken:
        """Exchange any token through a custom token exchange profile of the tenant.

        To call another API for the caller, use :meth:`get_token_on_behalf_of`: profiles are for tokens that
        Auth0 did not issue, which an Action of yours verifies.

        :param subject_token: the token to exchange.
        :param subject_token_type: the URI that names the profile; ``urn:ietf:…`` and ``urn:auth0:…`` name
            none.
        :param audience: the API that the new token is for.
        :param scope: what is asked for.
        :param organization: the id or name of the organisation to log in to.
        :param requested_token_type: what kind of token is asked for (RFC 8693 §3).
        :param extra: more parameters for the Action, at most 20 names and 20 values each.
        :raises Auth0APIError: if Auth0 refuses or cannot be reached.
        """
        parameters = {
            "subject_token": bare_token(subject_token),
            "subject_token_type": given("subject_token_type", subject_token_type),
            "requested_token_type": requested_token_type,
            "audience": given("audience", audience),
            "scope": joined(scope),
            "organization": organization,
        }
        wanted = Wanted("get_token_by_exchange_profile()", audience=audience)
        return self._exchange(wanted, _TOKEN_EXCHANGE, parameters, checked_extra(extra))

    def get_access_token_for_connection(
        self, connection: str, *, login_hint: str | None = None, access_token: str | None = None
    ) -> AccessToken:
        """Return the caller's token for an account that the caller connected (Token Vault), as Google's.

        In the tenant, this application must be linked to its API with Token Vault allowed, and the
        connection must be enabled for it. With ``error.error`` in ``auth0_api.errors.CONNECTION_MISSING``
        the user has to connect the account first.

        :param connection: its name, as in ``google-oauth2``.
        :param login_hint: the user's id there, for users who connected several accounts.
        :param access_token: a token of this API, instead of the current request's.
        :raises Auth0APIError: if Auth0 refuses or cannot be reached.
        :raises PermissionDenied: if the caller is a machine.
        :raises OutsideRequestError: if there is no current request and no ``access_token``.
        """
        call = "get_access_token_for_connection()"
        parameters = {
            "subject_token": self._subject(call, access_token),
            "subject_token_type": _ACCESS_TOKEN,
            "requested_token_type": _CONNECTION_TOKEN,
            "connection": given("connection", connection),
            "login_hint": login_hint,
        }
        return self._exchange(Wanted(call, connection=connection), _FOR_CONNECTION, parameters)

    def client_credentials(
        self, audience: str, *, scope: str | Iterable[str] | None = None, organization: str | None = None
    ) -> AccessToken:
        """Return a token that calls another API as this application, for no user (RFC 6749 §4.4).

        :param audience: the identifier of the other API.
        :param scope: what is asked for; without it, everything that the tenant grants.
        :param organization: the organisation that it acts in.
        :raises Auth0APIError: if Auth0 refuses or cannot be reached.
        """
        parameters = {
            "audience": given("audience", audience),
            "scope": joined(scope),
            "organization": organization,
        }
        return self._exchange(
            Wanted("client_credentials()", audience=audience), "client_credentials", parameters
        )

    def backchannel_login(
        self,
        binding_message: str,
        *,
        user_id: str | None = None,
        scope: str | Iterable[str] = "openid",
        audience: str | None = None,
        requested_expiry: int | None = None,
        authorization_details: Sequence[Mapping[str, Any]] | None = None,
        timeout: float = 120.0,
        should_stop: Callable[[], bool] | None = None,
    ) -> AccessToken:
        """Ask the user's own device to approve something, and wait for the answer (CIBA). Never kept.

        The request's thread waits meanwhile: a worker that serves one request at a time serves nobody else,
        and gunicorn ends a sync worker after its ``--timeout``.

        :param binding_message: what the user reads there: 1 to 64 letters, digits, spaces and ``+-_.,:#``.
        :param user_id: whom to ask; by default the caller.
        :param scope: ``openid`` must be among it.
        :param audience: the API that the token is for; by default it is for ``/userinfo`` only.
        :param requested_expiry: seconds that Auth0 keeps the question open (1 to 300 for push notifications).
        :param authorization_details: what is to be approved, in detail (RFC 9396).
        :param timeout: seconds to wait at most.
        :param should_stop: asked about once a second; by default whether the caller's client has gone.
        :raises Auth0APIError: with ``error`` ``access_denied`` if the user refuses (Auth0 says the same of
            a question that expired), ``expired_token`` if there was no answer in time,
            ``request_cancelled`` if it was stopped.
        :raises PermissionDenied: if the caller is a machine.
        :raises ValueError: if the device could not show the message as it is.
        """
        tokens, keys = self._endpoint("backchannel_login()")
        backchannel = Backchannel(
            tokens, self._authorize_url, self._server.issuer, keys=keys, ticker=self._ticker
        )
        return backchannel.login(
            user_id if user_id is not None else self._person("backchannel_login()").user.sub,
            binding_message,
            scope=joined(scope) or "openid",
            audience=audience,
            requested_expiry=requested_expiry,
            authorization_details=authorization_details,
            timeout=timeout,
            should_stop=should_stop or self._should_stop,
        )

    def user_info(self, *, access_token: str | None = None) -> Mapping[str, Any]:
        """Return what Auth0's ``/userinfo`` says of the caller (OpenID Connect Core §5.3). Never kept.

        The token must have been asked for with the ``openid`` scope, by an application that may use OpenID
        Connect: strict third-party clients, which register themselves, may not.

        :param access_token: a token of this tenant, instead of the current request's.
        :raises Auth0APIError: if Auth0 refuses or cannot be reached.
        :raises PermissionDenied: if the caller is a machine.
        """
        return fetch_user_info(self._server, self._outbound, self._subject("user_info()", access_token))

    def verify_access_token(self, token: str) -> AuthInfo:
        """Verify an access token by the rules of this app, as the MCP endpoint does.

        :param token: the token itself.
        :return: what it says.
        :raises Auth0MCPError: whatever the app's verifier raises for a token that it does not accept.
        """
        return self._verify(token)

    def _exchange(
        self,
        wanted: Wanted,
        grant_type: str,
        parameters: Mapping[str, str | None],
        extra: Mapping[str, str | Sequence[str]] | None = None,
    ) -> AccessToken:
        tokens, keys = self._endpoint(wanted.call)
        wanted = Wanted(wanted.call, wanted.audience, wanted.connection, keys)
        question: dict[str, Any] = {**parameters, "grant_type": grant_type, "extra": dict(extra or {})}
        if "subject_token" in question:
            question["subject_token"] = sha256(str(question["subject_token"]).encode()).hexdigest()

        def fetch() -> AccessToken:
            token = tokens.token(wanted, grant_type, parameters, extra)
            if token.token_type.lower() == "dpop":
                raise Auth0APIError(
                    f"{wanted.call} was answered with a token that is bound to a key (DPoP), which is not "
                    "supported: the API must accept Bearer tokens (Dashboard, Applications > APIs > (the "
                    "API) > Settings > Token Sender-Constraining)."
                )
            return token

        return self._cache.get(question, fetch)

    def _endpoint(self, call: str) -> tuple[TokenEndpoint, str]:
        if self._tokens is None:
            credentials = ClientCredentials.of_application(self._settings, f"get_client().{call}")
            endpoint = TokenEndpoint(
                lambda: self._server.endpoint("token_endpoint"),
                self._server.issuer,
                credentials,
                self._outbound,
                clock=self._clock,
            )
            self._tokens = endpoint, credentials.keys
        return self._tokens

    def _authorize_url(self) -> str:
        try:
            return self._server.endpoint("backchannel_authentication_endpoint")
        except DocumentError:
            # Auth0 names it only in tenants that have the feature in their documents; the path is always
            # the same.
            return self._settings.issuer_url + "/bc-authorize"

    def _subject(self, call: str, access_token: str | None) -> str:
        return access_token if access_token is not None else self._person(call).token

    def _person(self, call: str) -> AuthInfo:
        info = find_auth_info()
        if info is None:
            raise OutsideRequestError(
                f"get_client().{call} acts for the user of the current MCP request, and there is none "
                "here. Call it inside a tool, resource or prompt, or say for whom: access_token=… "
                "(user_id=… for backchannel_login)."
            )
        if info.is_machine:
            raise PermissionDenied(
                f"This was called by the machine client {info.client_id!r} with its own credentials. It "
                "needs a user: call it with a token that somebody logged in for."
            )
        return info


class ClientProvider:
    """Holds the app's :class:`Auth0Client`. It keeps no connection, so that forked workers may share it.

    :param settings: see :class:`Auth0Client`, as for the others.
    """

    def __init__(
        self,
        settings: Settings,
        server: AuthorizationServer,
        outbound: Outbound,
        verify: Callable[[str], AuthInfo],
        *,
        should_stop: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Auth0Client(settings, server, outbound, verify, should_stop=should_stop, clock=clock)

    def client(self) -> Auth0Client:
        """Return the client."""
        return self._client


def _never() -> bool:
    return False
