"""The same tool on FastMCP, with its own verifier of tokens."""

from __future__ import annotations

import os
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import JWTVerifier


def create_app() -> Any:
    """Make the server: stateless, JSON answers."""
    verifier = JWTVerifier(
        jwks_uri=os.environ["BENCH_JWKS"],
        issuer=os.environ["BENCH_ISSUER"],
        audience=os.environ["BENCH_AUDIENCE"],
        algorithm="RS256",
    )
    server: FastMCP[Any] = FastMCP("bench", auth=verifier)

    @server.tool(output_schema=None)
    def public(name: str) -> str:
        """Greet somebody."""
        return f"Hello, {name}!"

    return server.http_app(path="/mcp", json_response=True, stateless_http=True)
