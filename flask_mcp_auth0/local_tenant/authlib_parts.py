"""The parts of Authlib's authorization server that the tenant stands on, with types.

Authlib carries no annotations, and the stubs that exist describe another version; what is used of it is
therefore declared here, once, for the type checkers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from flask import Flask, Response

    Answer = tuple[int, Any, list[tuple[str, str]]]

    class OAuth2Error(Exception):
        error: str
        description: str | None
        status_code: int
        redirect_uri: str | None
        state: str | None

        def __init__(
            self,
            description: str | None = None,
            uri: str | None = None,
            status_code: int | None = None,
            state: str | None = None,
            redirect_uri: str | None = None,
            redirect_fragment: bool = False,
            error: str | None = None,
        ) -> None: ...
        def get_error_description(self) -> str | None: ...

    class InvalidRequestError(OAuth2Error): ...

    class InvalidGrantError(OAuth2Error): ...

    class InvalidClientError(OAuth2Error): ...

    class UnsupportedGrantTypeError(OAuth2Error):
        grant_type: str | None

    class OAuth2Payload: ...

    class OAuth2Request:
        payload: Any
        client: Any

        def __init__(self, method: str, uri: str, headers: Any = None) -> None: ...

    class ClientMixin: ...

    class AuthorizationServer:
        def __init__(self) -> None: ...
        def init_app(self, app: Flask) -> None: ...
        def register_grant(self, grant_cls: type[Any], extensions: Sequence[Any] | None = None) -> None: ...
        def register_extension(self, extension: Any) -> None: ...
        def register_client_auth_method(self, method: str, func: Any) -> None: ...
        def authenticate_client(self, request: OAuth2Request, methods: Sequence[str]) -> Any: ...
        def get_authorization_grant(self, request: OAuth2Request) -> Any: ...
        def create_token_response(self, request: OAuth2Request | None = None) -> Response: ...
        def create_authorization_response(
            self, request: OAuth2Request | None = None, grant_user: Any = None, grant: Any = None
        ) -> Response: ...
        def handle_error_response(self, request: Any, error: OAuth2Error) -> Response: ...

    class BaseGrant:
        GRANT_TYPE: str
        TOKEN_ENDPOINT_AUTH_METHODS: list[str]
        TOKEN_RESPONSE_HEADER: list[tuple[str, str]]
        request: Any
        server: Any
        redirect_uri: str | None

        def authenticate_token_endpoint_client(self) -> Any: ...

    class TokenEndpointMixin: ...

    class AuthorizationCodeGrant(BaseGrant):
        def validate_token_request(self) -> None: ...
        def validate_consent_request(self) -> str: ...
        def validate_no_multiple_request_parameter(self, request: OAuth2Request) -> None: ...

    class RefreshTokenGrant(BaseGrant): ...

    class ClientCredentialsGrant(BaseGrant): ...

    class CodeChallenge:
        def __init__(self, required: bool = True) -> None: ...
        def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None: ...
        def validate_code_verifier(self, grant: Any, result: Any) -> None: ...

    class IssuerParameter:
        def add_issuer_parameter(self, authorization_server: Any, response: Response) -> None: ...

    class JWTBearerClientAssertion:
        def __init__(
            self, token_url: str | None = None, validate_jti: bool = True, leeway: int = 60
        ) -> None: ...
        def verify_claims(self, claims: Mapping[str, Any]) -> None: ...

    def add_params_to_uri(uri: str, params: Sequence[tuple[str, str]]) -> str: ...

else:
    from authlib.common.urls import add_params_to_uri
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2.rfc6749 import (
        ClientMixin,
        InvalidClientError,
        InvalidGrantError,
        InvalidRequestError,
        OAuth2Error,
        OAuth2Payload,
        OAuth2Request,
        UnsupportedGrantTypeError,
    )
    from authlib.oauth2.rfc6749.grants import (
        AuthorizationCodeGrant,
        BaseGrant,
        ClientCredentialsGrant,
        RefreshTokenGrant,
        TokenEndpointMixin,
    )
    from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
    from authlib.oauth2.rfc7636 import CodeChallenge
    from authlib.oauth2.rfc9207 import IssuerParameter

__all__ = [
    "AuthorizationCodeGrant",
    "AuthorizationServer",
    "BaseGrant",
    "ClientCredentialsGrant",
    "ClientMixin",
    "CodeChallenge",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidRequestError",
    "IssuerParameter",
    "JWTBearerClientAssertion",
    "OAuth2Error",
    "OAuth2Payload",
    "OAuth2Request",
    "RefreshTokenGrant",
    "TokenEndpointMixin",
    "UnsupportedGrantTypeError",
    "add_params_to_uri",
]
