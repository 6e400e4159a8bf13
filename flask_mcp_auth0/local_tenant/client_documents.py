"""Client ID metadata documents: applications whose ``client_id`` is the URL of their own description.

draft-ietf-oauth-client-id-metadata-document, with Auth0's limits (https, at most 120 bytes, no query, no
loopback host).
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from ..outbound import Outbound, OutboundError
from .errors import TenantError
from .model import GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN, Client
from .redirect_uris import problem_with_redirect_uri
from .security import is_loopback
from .state import new_id
from .tenant import Tenant

MAX_URL = 120
MAX_DOCUMENT = 10_240
MAX_REDIRECT_URIS = 20


class InvalidDocument(Exception):
    """The document cannot be used; the text says why."""


def know_client(tenant: Tenant, client_id: str) -> None:
    """Register the application behind a URL at its first visit, if the tenant's settings allow that.

    :raises TenantError: when they do not, or the document is no good.
    """
    if not client_id.startswith("https://") or tenant.state.find_client(client_id) is not None:
        return
    settings = tenant.state.settings
    if not (
        settings.client_id_metadata_document_supported
        and settings.client_id_metadata_document_dynamic_registration_supported
    ):
        return  # then it is an unknown client like any other
    try:
        register_document(tenant, client_id, created_by="client")
    except InvalidDocument as error:
        raise TenantError("invalid_request", f"Client ID metadata document: {error}", 400) from error


def register_document(tenant: Tenant, url: str, *, created_by: str = "admin") -> Client:
    """Fetch the document at ``url`` and register (or refresh) the application that it describes.

    :param created_by: ``client`` when it came by itself, ``admin`` when the Management API was told to.
    :raises InvalidDocument: when the URL or the document is no good.
    """
    check_url(url)
    client = client_from_document(url, fetch_document(tenant, url), tenant.state.now())
    client.external_metadata_created_by = created_by
    state = tenant.state
    with state.lock:
        known = state.find_client(url)
        if known is not None:
            client.client_id, client.created_at = known.client_id, known.created_at
        state.clients[client.client_id] = client
        state.touch()
    state.log("sapi", "Registered a client ID metadata document", client_id=client.client_id)
    return client


def check_url(url: str) -> None:
    """:raises InvalidDocument: when ``url`` cannot be a client id."""
    parts = urlsplit(url)
    if len(url.encode()) > MAX_URL:
        raise InvalidDocument(f"the URL is longer than {MAX_URL} bytes")
    if parts.scheme != "https" or not parts.hostname or parts.path in ("", "/"):
        raise InvalidDocument("the URL is not https with a path")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise InvalidDocument("the URL has a query, a fragment or credentials")
    if {".", ".."} & set(parts.path.split("/")):
        raise InvalidDocument("the URL has dot segments")
    if is_loopback(parts.hostname):
        raise InvalidDocument("the URL is of this machine")


def fetch_document(tenant: Tenant, url: str) -> Any:
    """The JSON at ``url``, which has to be on a public address. :raises InvalidDocument: when it cannot be
    had.
    """
    if tenant.document_source is not None:
        return tenant.document_source(url)
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InvalidDocument("its host cannot be found") from error
    if not all(ipaddress.ip_address(address[4][0]).is_global for address in found):
        raise InvalidDocument("its host is not on the public network")
    try:
        return Outbound(max_bytes=MAX_DOCUMENT).get_json(url)
    except OutboundError as error:
        raise InvalidDocument("it cannot be fetched") from error


def client_from_document(url: str, document: Any, now: float) -> Client:
    """The application that ``document``, found at ``url``, describes. :raises InvalidDocument: when it is
    malformed.
    """
    if not isinstance(document, dict):
        raise InvalidDocument("it is not a JSON object")
    if document.get("client_id") != url:
        raise InvalidDocument("its client_id is not its own URL")
    name = document.get("client_name")
    if not isinstance(name, str) or not name or len(name) > 200:
        raise InvalidDocument("it has no client_name")
    callbacks = document.get("redirect_uris")
    if not isinstance(callbacks, list) or not 0 < len(callbacks) <= MAX_REDIRECT_URIS:
        raise InvalidDocument("it has no redirect_uris")
    for callback in callbacks:
        if problem := problem_with_redirect_uri(callback):
            raise InvalidDocument(problem)
    method = document.get("token_endpoint_auth_method", "none")
    jwks = document.get("jwks")
    if method not in ("none", "private_key_jwt"):
        raise InvalidDocument(f"token_endpoint_auth_method {str(method)[:40]!r} is not possible here")
    if method == "private_key_jwt" and not isinstance(jwks, dict):
        raise InvalidDocument("it has no jwks for private_key_jwt")
    if "client_secret" in document:
        raise InvalidDocument("it has a client_secret")
    asked = document.get("grant_types") or [GRANT_AUTHORIZATION_CODE]
    possible = (GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN)
    return Client(
        client_id=new_id("tpc", 32),
        name=name,
        app_type="native" if method == "none" else "regular_web",
        is_first_party=False,
        third_party_security_mode="strict",
        external_metadata_type="cimd",
        external_client_id=url,
        callbacks=[str(callback) for callback in callbacks],
        grant_types=[grant for grant in possible if grant in asked],
        token_endpoint_auth_method=method,
        jwks=jwks if isinstance(jwks, dict) else None,
        logo_uri=document.get("logo_uri") if isinstance(document.get("logo_uri"), str) else None,
        client_uri=document.get("client_uri") if isinstance(document.get("client_uri"), str) else None,
        created_at=now,
        updated_at=now,
    )
