"""The loyalty service: another team's API, with an audience of its own. It knows nothing of MCP.

Run it with ``gunicorn 'example_app.downstream:create_app()'``. It takes ``FLASK_AUTH0_DOMAIN`` and
``FLASK_LOYALTY_AUDIENCE``, and verifies each token itself: that is why the exchange is worth its while.
"""

from __future__ import annotations

import functools
from typing import Any

import requests
from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

WELCOME_POINTS = 120


def create_app() -> Flask:
    """Return the app, configured from ``FLASK_…`` environment variables."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config["LEDGER"] = {}

    @app.get("/points")
    def points() -> ResponseReturnValue:
        claims = verified_claims()
        if claims is None:
            return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        if "read:points" not in str(claims.get("scope", "")).split():
            challenge = 'Bearer error="insufficient_scope", scope="read:points"'
            return Response(status=403, headers={"WWW-Authenticate": challenge})
        member = claims["sub"]
        return jsonify(member=member, points=app.config["LEDGER"].get(member, WELCOME_POINTS))

    return app


def verified_claims() -> dict[str, Any] | None:
    """Return the claims of the request's bearer token, ``None`` unless it was issued to be used here."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    issuer, keys = issuer_and_keys(current_app.config["AUTH0_DOMAIN"])
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": current_app.config["LOYALTY_AUDIENCE"]},
        sub={"essential": True},
        exp={"essential": True},
    )
    try:
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=["RS256"]).claims
        rules.validate(claims)
    except (JoseError, ValueError):
        return None
    return claims


@functools.cache
def issuer_and_keys(domain: str) -> tuple[str, KeySet]:
    """Return what the tenant calls itself, and its signing keys. Kept until the service is started again."""
    base = domain if "://" in domain else f"https://{domain}"
    metadata = requests.get(f"{base.rstrip('/')}/.well-known/openid-configuration", timeout=5).json()
    keys = requests.get(metadata["jwks_uri"], timeout=5).json()
    return metadata["issuer"], KeySet.import_key_set(keys)
