"""Authlib's authorization server, set up the way a tenant works.

Authlib carries the protocol: finding the grant, authenticating the application, the code and its PKCE
challenge, refresh tokens. What is Auth0's own (audiences, client grants, the shape of tokens and errors)
comes from the modules beside this one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

from flask import Flask, Request, Response, current_app, g, json
from flask import request as flask_request
from werkzeug.datastructures import Headers, MultiDict

from .authlib_parts import (
    AuthorizationServer,
    InvalidClientError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from .errors import TenantError, unauthorized
from .oauth_client import ClientAssertion, OAuthClient
from .tenant import RequestNotes, Tenant

_OAUTH = "local_tenant_oauth"


class Payload(OAuth2Payload):
    """The parameters of a request, wherever they came from."""

    def __init__(self, parameters: MultiDict[str, str]) -> None:
        self._parameters = parameters

    @property
    def data(self) -> MultiDict[str, str]:
        return self._parameters

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        found.update({key: self._parameters.getlist(key) for key in self._parameters})
        return found


class TenantRequest(OAuth2Request):
    """A request to Authlib's server with the parameters given, from a form, a JSON body or a request taken up
    again.
    """

    payload: Any

    def __init__(self, method: str, parameters: MultiDict[str, str], headers: Headers | None = None) -> None:
        # Authlib refuses http. The tenant may use it: it listens on loopback, where nobody is in between (RFC
        # 8252 section 8.3), and has compared the Host already.
        super().__init__(method=method, uri="https://tenant.invalid/", headers=headers or Headers())
        self.payload = Payload(parameters)

    @property
    def form(self) -> MultiDict[str, str]:
        return self.payload.data  # type: ignore[no-any-return]


class OAuthServer(AuthorizationServer):
    """The authorization server of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self.tenant = tenant
        self.register_client_auth_method("private_key_jwt", ClientAssertion(tenant))

    def query_client(self, client_id: str) -> OAuthClient | None:
        record = self.tenant.state.find_client(client_id)
        return OAuthClient(record) if record is not None else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Nothing: access tokens are self-contained, and refresh tokens are kept where they are made."""

    def create_oauth2_request(self, request: Any = None) -> TenantRequest:
        return TenantRequest(flask_request.method, body_parameters(flask_request), flask_request.headers)

    def handle_response(
        self, status: int, body: Any, headers: Iterable[tuple[str, str]] | None = None
    ) -> Response:
        text = json.dumps(body) if isinstance(body, dict) else body
        return Response(text, status=status, headers=list(headers or ()))

    def handle_error_response(self, request: OAuth2Request | None, error: OAuth2Error) -> Response:
        return super().handle_error_response(request, _as_auth0(error))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        client = kwargs.get("client")
        if isinstance(client, OAuthClient):
            notes().client_id = client.client_id


def notes() -> RequestNotes:
    """What is noted about the running request for the administrator."""
    if "tenant_notes" not in g:
        g.tenant_notes = RequestNotes()
    return cast("RequestNotes", g.tenant_notes)


def server_of(app: Flask) -> OAuthServer:
    return cast("OAuthServer", app.extensions[_OAUTH])


def keep_server(app: Flask, server: OAuthServer) -> None:
    app.extensions[_OAUTH] = server


def current_server() -> OAuthServer:
    return server_of(current_app)


def body_parameters(request: Request) -> MultiDict[str, str]:
    """The parameters of a POST: a form, or, as Auth0 takes and its SDKs send, a flat JSON object.

    :raises TenantError: when the body is JSON but no such object.
    """
    if not request.is_json:
        return MultiDict(request.form)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise TenantError("invalid_request", "The body is not a JSON object.", 400)
    return MultiDict(
        {
            str(key): value if isinstance(value, str) else json.dumps(value)
            for key, value in body.items()
            if value is not None
        }
    )


def token_endpoint_response() -> Response:
    """The answer of ``/oauth/token``."""
    server = current_server()
    try:
        return server.create_token_response()
    except OAuth2Error as error:
        return server.handle_error_response(None, error)


def _as_auth0(error: OAuth2Error) -> OAuth2Error:
    """Authlib's error with the code, text and status that Auth0 uses for it."""
    if isinstance(error, TenantError):
        return error
    if isinstance(error, InvalidClientError) and error.redirect_uri is None:
        return unauthorized()
    if isinstance(error, UnsupportedGrantTypeError):
        return TenantError("unsupported_grant_type", f"Unsupported grant type: {error.grant_type}")
    if error.error in ("invalid_grant", "unauthorized_client"):
        error.status_code = 403
    return error
