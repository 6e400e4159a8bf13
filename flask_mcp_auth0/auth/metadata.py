"""The documents that lead a client from a 401 to a login (RFC 9728, RFC 8414)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from ..errors import AuthorizationUnavailable
from ..settings import IDENTITY_SCOPES, Settings
from .challenge import PROTECTED_RESOURCE_PATH, advertised
from .discovery import AuthorizationServer
from .dpop import PROOF_ALGORITHMS
from .refusals import unavailable
from .remote_document import DocumentError

_SERVER_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")

#: Seconds that clients and proxies may keep a document.
_MAX_AGE = 60


class MetadataDocuments:
    """What this server publishes about itself and its authorization server.

    Built for each request from settings that do not change, so safe to share between threads.

    :param component_scopes: returns the permissions and scopes that the tools, resources and prompts ask for,
        those that nobody shall hear of left out.
    """

    def __init__(
        self, settings: Settings, server: AuthorizationServer, component_scopes: Callable[[], Iterable[str]]
    ) -> None:
        self._settings = settings
        self._server = server
        self._component_scopes = component_scopes

    def protected_resource(self) -> dict[str, Any]:
        """Return the protected resource metadata (RFC 9728 §2).

        Strings are published as they are configured or discovered: clients compare them as strings.

        :raises AuthorizationUnavailable: while the issuer's exact name is not known.
        """
        settings = self._settings
        scopes = advertised((*IDENTITY_SCOPES, *settings.scopes_supported, *self._component_scopes()))
        document: dict[str, Any] = {
            "resource": settings.audience,
            "authorization_servers": [self._server.issuer()],
            "scopes_supported": list(scopes),
            "bearer_methods_supported": ["header"],
            "resource_name": settings.server_name,
        }
        if settings.dpop != "off":
            document["dpop_signing_alg_values_supported"] = list(PROOF_ALGORITHMS)
            document["dpop_bound_access_tokens_required"] = settings.dpop == "required"
        return document

    def authorization_server(self) -> Mapping[str, Any]:
        """Return the tenant's own document, for clients that look for it here.

        :raises AuthorizationUnavailable: while the tenant was never reached.
        """
        return self._server.metadata()


def metadata_blueprint(
    settings: Settings, documents: MetadataDocuments, name: str = "mcp_auth0_metadata"
) -> Blueprint:
    """Return a blueprint that serves the documents at the well-known URLs.

    Each at the root and with the endpoint's path appended (RFC 9728 §3.1, RFC 8414 §3.1), and, where the app
    is mounted below a path, with that path as well, for proxies that pass the whole URL on.
    """
    blueprint = Blueprint(name, __name__)
    base_path = urlsplit(settings.base_url).path
    suffixes = dict.fromkeys(("", settings.mcp_path, base_path + settings.mcp_path))

    def protected_resource() -> Response:
        return _answer(documents.protected_resource)

    def authorization_server() -> Response:
        return _answer(documents.authorization_server)

    def add(path: str, endpoint: str, view: Callable[[], Response]) -> None:
        for suffix in suffixes:
            blueprint.add_url_rule(
                path + suffix, endpoint, view, methods=["GET", "OPTIONS"], strict_slashes=False
            )

    add(PROTECTED_RESOURCE_PATH, "protected_resource", protected_resource)
    for path in _SERVER_PATHS:
        add(path, "authorization_server", authorization_server)
    return blueprint


def _answer(document: Callable[[], Mapping[str, Any]]) -> Response:
    if request.method == "OPTIONS":
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "*, Authorization"
        response.headers["Access-Control-Max-Age"] = "600"
    else:
        try:
            body = json.dumps(dict(document()), ensure_ascii=True)
        except AuthorizationUnavailable as error:
            response = unavailable(error, status=502 if isinstance(error, DocumentError) else 503)
        else:
            response = Response(body + "\n", content_type="application/json")
            response.headers["Cache-Control"] = f"public, max-age={_MAX_AGE}"
            response.add_etag()
            response.make_conditional(request)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
