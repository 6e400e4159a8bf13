"""``get_management()``: auth0-python's Management client, one for each app and process."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..auth.cache import LookupCache
from ..auth.discovery import AuthorizationServer
from ..outbound import Outbound
from ..per_process import PerProcess
from ..sealing import Sealer
from ..settings import Settings
from .access_token import AccessToken
from .credentials import ClientCredentials
from .errors import Wanted
from .token_endpoint import TokenEndpoint
from .token_supplier import TokenSupplier

if TYPE_CHECKING:
    from auth0.management import ManagementClient

#: The SDK's own policy (auth0-python's defaults), for work outside a request.
_PATIENT_TIMEOUT = 60.0
_PATIENT_RETRIES = 2


class ManagementProvider:
    """Builds the Management client when it is first asked for, and again in every forked worker.

    A client that had been used before a fork would share its connections with every child, and one worker
    could read the answer that was meant for another. Within a process threads share it: httpx's pool is made
    for that. Threads that need the first token at once may each make a supplier, which costs one token more.

    :param settings: the tenant and the credentials.
    :param server: the tenant's discovery documents.
    :param outbound: carries the token requests.
    :param cache: where workers share the token.
    :param sealer: what seals it there.
    :param timeout: seconds for each step of a request that is made while somebody waits.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        server: AuthorizationServer,
        outbound: Outbound,
        cache: LookupCache,
        sealer: Sealer,
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._server = server
        self._outbound = outbound
        self._cache = cache
        self._sealer = sealer
        self._timeout = timeout
        self._clock = clock
        self._supplier: TokenSupplier | None = None
        self._clients: PerProcess[tuple[ManagementClient, ManagementClient]] = PerProcess(
            lambda _: self._build()
        )

    def client(self, *, patient: bool = False) -> ManagementClient:
        """Return this process's client.

        :param patient: with the SDK's own policy (a minute's time-out, two retries, each after a sleep of
            up to a minute), which suits commands and background work; without it, a request never sleeps.
        :raises ConfigurationError: if no credentials are configured.
        """
        quick, slow = self._clients.get()
        return slow if patient else quick

    def client_for_request(self) -> ManagementClient:
        """Return the client whose calls neither sleep nor outlast a few seconds.

        :raises ConfigurationError: if no credentials are configured.
        """
        return self.client()

    def token(self) -> str:
        """Return the access token for the Management API.

        :raises ConfigurationError: if no credentials are configured.
        :raises Auth0APIError: if Auth0 gives none.
        """
        return self._supply()()

    def _build(self) -> tuple[ManagementClient, ManagementClient]:
        supplier = self._supply()
        from .management_http import build_http, build_management

        base_url = self._settings.management_url + "/api/v2"
        http = build_http(supplier, self._timeout)
        return (
            build_management(base_url, supplier, http, self._timeout, 0),
            build_management(base_url, supplier, http, _PATIENT_TIMEOUT, _PATIENT_RETRIES),
        )

    def _supply(self) -> TokenSupplier:
        if self._supplier is None:
            settings = self._settings
            credentials = ClientCredentials.of_management(settings, "get_management()")
            endpoint = TokenEndpoint(
                functools.partial(_token_url, settings, self._server),
                functools.partial(_issuer, settings, self._server),
                credentials,
                self._outbound,
                clock=self._clock,
            )
            wanted = Wanted("get_management()", audience=settings.management_audience, keys=credentials.keys)

            def fetch() -> AccessToken:
                return endpoint.token(
                    wanted, "client_credentials", {"audience": settings.management_audience}
                )

            name = (settings.management_url, credentials.client_id, settings.management_audience)
            self._supplier = TokenSupplier(fetch, name, self._cache, self._sealer, clock=self._clock)
        return self._supplier


# With a custom domain, the Management API lives at the tenant's own domain, whose documents are not read: there
# the paths are Auth0's fixed ones.


def _token_url(settings: Settings, server: AuthorizationServer) -> str:
    if settings.management_url == settings.issuer_url:
        return server.endpoint("token_endpoint")
    return settings.management_url + "/oauth/token"


def _issuer(settings: Settings, server: AuthorizationServer) -> str:
    if settings.management_url == settings.issuer_url:
        return server.issuer()
    return settings.management_url + "/"
