"""An API that takes the tenant's tokens: a protected resource by RFC 9728, as small as can be."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import requests
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.serving import make_server


class ResourceServer:
    """Serves ``/mcp`` from a thread; ``claims`` are those of the last token that it let in."""

    def __init__(self, scopes: list[str]) -> None:
        app = Flask("resource")
        self.claims: dict[str, Any] = {}
        self.issuer = ""
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{origin}/mcp"
        metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"

        @app.get("/.well-known/oauth-protected-resource/mcp")
        def describe() -> Response:
            return jsonify(resource=self.url, authorization_servers=[self.issuer], scopes_supported=scopes)

        @app.post("/mcp")
        def answer() -> Response | tuple[Response, int, dict[str, str]]:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            keys = KeySet.import_key_set(
                requests.get(f"{self.issuer}.well-known/jwks.json", timeout=5).json()
            )
            try:
                claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            except (JoseError, ValueError):
                claims = {}
            if scheme != "Bearer" or claims.get("aud") != self.url or claims.get("iss") != self.issuer:
                challenge = f'Bearer resource_metadata="{metadata}", scope="{" ".join(scopes)}"'
                return jsonify(error="unauthorized"), 401, {"WWW-Authenticate": challenge}
            self.claims = claims
            return jsonify(sub=claims["sub"])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()
