"""A tiny authorization server on loopback: discovery, a key set, signed access tokens. It checks nobody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import RSAKey


class Issuer:
    """Serves ``/.well-known/…`` and the key set from a thread, and signs what it is told to.

    Tokens have the form that Auth0 gives them by default: ``typ: JWT``, the client in ``azp``.
    """

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="issuer", daemon=True)

    @property
    def url(self) -> str:
        """The issuer identifier, with the trailing slash that Auth0's has."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def token(
        self,
        audience: str,
        *,
        subject: str = "auth0|ada",
        client_id: str = "test-client",
        scope: str = "openid profile email",
        permissions: tuple[str, ...] | None = None,
        expires_in: int = 3600,
        **claims: Any,
    ) -> str:
        """Return a signed access token.

        :param expires_in: seconds from now; negative for one that has expired.
        :param permissions: the ``permissions`` claim; ``None`` leaves it out.
        :param claims: more claims, or other values for those that are there.
        """
        now = int(time.time())
        body: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + expires_in,
            "azp": client_id,
            "scope": scope,
        }
        if permissions is not None:
            body["permissions"] = list(permissions)
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key.kid}
        return jwt.encode(header, body | claims, self._key)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def documents(self) -> Mapping[str, Any]:
        """Return what is served, by path."""
        base = self.url.rstrip("/")
        metadata = {
            "issuer": self.url,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "registration_endpoint": f"{base}/oidc/register",
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
        }
        return {
            "/.well-known/openid-configuration": metadata,
            "/.well-known/oauth-authorization-server": metadata,
            "/.well-known/jwks.json": {"keys": [self._key.as_dict(private=False)]},
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                document = issuer.documents().get(self.path)
                body = json.dumps(document if document is not None else {"error": "not_found"}).encode()
                self.send_response(200 if document is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet: pytest shows what went wrong."""

        return Handler
