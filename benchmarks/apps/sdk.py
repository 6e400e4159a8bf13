"""The same tool on the official SDK's streamable HTTP server, with a verifier of Auth0's tokens on PyJWT."""

from __future__ import annotations

import os

import jwt
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl
from starlette.applications import Starlette


class Verifier(TokenVerifier):
    """Checks signature, issuer, audience and expiry; the key set is fetched once."""

    def __init__(self) -> None:
        self._keys = jwt.PyJWKClient(os.environ["BENCH_JWKS"])

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            claims = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token).key,
                algorithms=["RS256"],
                audience=os.environ["BENCH_AUDIENCE"],
                issuer=os.environ["BENCH_ISSUER"],
            )
        except jwt.PyJWTError:
            return None
        scopes = claims.get("scope", "").split()
        return AccessToken(
            token=token, client_id=claims.get("azp", ""), scopes=scopes, expires_at=claims["exp"]
        )


def create_app() -> Starlette:
    """Make the server: stateless, JSON answers, as lean as it can be."""
    settings = AuthSettings(
        issuer_url=AnyHttpUrl(os.environ["BENCH_ISSUER"]),
        resource_server_url=AnyHttpUrl(os.environ["BENCH_AUDIENCE"]),
        required_scopes=[],
        validate_token_resource=False,  # the verifier does
    )
    server = MCPServer("bench", token_verifier=Verifier(), auth=settings, log_level="WARNING")

    @server.tool(structured_output=False)
    def public(name: str) -> str:
        """Greet somebody."""
        return f"Hello, {name}!"

    return server.streamable_http_app(json_response=True, stateless_http=True)
