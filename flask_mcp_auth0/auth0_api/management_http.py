"""What carries auth0-python's Management client. Imports ``httpx`` and the SDK, so it is imported late.

The SDK's ``ManagementClient`` takes neither a base URL nor a number of retries; the ``Auth0`` client
beneath it does. The attribute that holds it is the one thing here that is not public API of the SDK.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Generator
from typing import Any

import httpx
from auth0.management import Auth0, ManagementClient

from .token_supplier import TokenSupplier

log = logging.getLogger("flask_mcp_auth0.auth0_api")


class Management(ManagementClient):
    """The SDK's client, whole, on a base URL and a policy of our choice."""

    def __init__(self, api: Auth0) -> None:
        self._api = api


def build_http(supplier: TokenSupplier, timeout: float) -> httpx.Client:
    """Return a pooled client that renews the token after a 401.

    :param timeout: seconds for each of connecting, reading, writing and getting a connection.
    """
    return _Client(
        auth=_RenewedOn401(supplier),
        timeout=timeout,
        # A redirect could lead the token, or what is written, to somebody else.
        follow_redirects=False,
        event_hooks={"response": [_explain]},
    )


def build_management(
    base_url: str, supplier: TokenSupplier, http: httpx.Client, timeout: float, max_retries: int
) -> ManagementClient:
    """Return a Management client.

    :param base_url: the tenant's URL with ``/api/v2``.
    :param timeout: seconds, as in :func:`build_http`.
    :param max_retries: how often the SDK tries again; it sleeps up to a minute before each.
    """
    return Management(
        Auth0(base_url=base_url, token=supplier, httpx_client=http, timeout=timeout, max_retries=max_retries)
    )


class _RenewedOn401(httpx.Auth):
    """Asks once more with a new token if the one that was sent is refused (rotated keys, revoked grants)."""

    requires_request_body = True

    def __init__(self, supplier: TokenSupplier) -> None:
        self._supplier = supplier

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        if response.status_code != 401:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not self._supplier.invalidate(token):
            return
        request.headers["Authorization"] = f"Bearer {self._supplier()}"
        yield request


class _Client(httpx.Client):
    """Sends a reading request again, at once, if its pooled connection turns out to be closed already.

    Its connections are closed when nobody holds it any more. A ``__del__`` would come too late: within a
    reference cycle, as the SDK makes one, the sockets could be finalized first.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Not public, and only for tidiness: without them, sockets are left to the garbage collector.
        mounts = getattr(self, "_mounts", {}).values()
        transports = [each for each in (getattr(self, "_transport", None), *mounts) if each is not None]
        weakref.finalize(self, _close, os.getpid(), transports)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return super().send(request, **options)
        except httpx.RemoteProtocolError:
            if request.method not in ("GET", "HEAD"):
                raise
        return super().send(request, **options)


def _close(pid: int, transports: list[httpx.BaseTransport]) -> None:
    # What was inherited over a fork is the parent's to close.
    if pid == os.getpid():
        for transport in transports:
            transport.close()


def _explain(response: httpx.Response) -> None:
    # The SDK's exception stays what it is, so the cure is told in the log.
    if response.status_code == 403:
        log.warning(
            "The Auth0 Management API refused %s %s. Grant the scope that its error names to this "
            "application in the Auth0 Dashboard under Applications > APIs > Auth0 Management API > "
            "Application Access.",
            response.request.method,
            response.request.url.path.split("/api/v2/", 1)[-1].split("/", 1)[0],
        )
