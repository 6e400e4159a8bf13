"""What stands in for the tenant in tests of this room: keys made on the spot, documents served from memory."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cachelib import SimpleCache
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.discovery import AuthorizationServer
from flask_mcp_auth0.auth.jwks import SigningKeys
from flask_mcp_auth0.auth.tokens import TokenVerifier
from flask_mcp_auth0.outbound import Outbound, OutboundError
from flask_mcp_auth0.settings import Settings

ISSUER = "https://tenant.example.com/"
AUDIENCE = "https://app.example.com/mcp"
OIDC = "https://tenant.example.com/.well-known/openid-configuration"
JWKS = "https://tenant.example.com/.well-known/jwks.json"

Key = RSAKey | ECKey | OKPKey


class Clock:
    """Time that moves only when it is told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeOutbound(Outbound):
    """Serves JSON documents by URL. A value that is an exception is raised."""

    def __init__(self, documents: dict[str, Any]) -> None:
        super().__init__()
        self.documents = documents
        self.asked: Counter[str] = Counter()
        self.down = False

    def get_json(
        self, url: str, *, headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None
    ) -> Any:
        self.asked[url] += 1
        if self.down:
            raise OutboundError(f"{url} cannot be reached")
        document = self.documents.get(url, OutboundError(f"{url} answered 404", status=404))
        if isinstance(document, Exception):
            raise document
        return json.loads(json.dumps(document))


def make_settings(**changes: Any) -> Settings:
    """Return settings of an app at ``https://app.example.com/mcp``."""
    values: dict[str, Any] = {
        "issuer_url": ISSUER.rstrip("/"),
        "audience": AUDIENCE,
        "base_url": "https://app.example.com",
        "server_name": "Example",
    }
    return Settings(**(values | changes))


class Tenant:
    """A tenant in memory, and everything of ours that talks to it."""

    def __init__(self, *keys: Key, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.keys = list(keys)
        self.outbound = FakeOutbound({OIDC: {"issuer": ISSUER, "jwks_uri": JWKS}})
        self.backend = SimpleCache()
        self.publish(*keys)

    def publish(self, *keys: Key | Mapping[str, Any]) -> None:
        """Make ``keys`` the key set."""
        entries = [dict(key) if isinstance(key, Mapping) else key.as_dict(private=False) for key in keys]
        self.outbound.documents[JWKS] = {"keys": entries}

    def cache(self) -> LookupCache:
        return LookupCache(self.backend, clock=self.clock)

    def server(self, issuer_url: str = ISSUER) -> AuthorizationServer:
        return AuthorizationServer(issuer_url, self.outbound, self.cache(), clock=self.clock)

    def signing_keys(self) -> SigningKeys:
        return SigningKeys(self.server(), self.outbound, self.cache(), clock=self.clock)

    def verifier(self, **settings: Any) -> TokenVerifier:
        return TokenVerifier(make_settings(**settings), self.server(), self.signing_keys(), self.clock)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token; a change to ``None`` takes the claim away."""
        now = int(self.clock())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "auth0|ada",
            "aud": AUDIENCE,
            "azp": "client-1",
            "iat": now,
            "exp": now + 3600,
            "scope": "openid profile",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self,
        *,
        key: Key | None = None,
        header: Mapping[str, Any] | None = None,
        alg: str = "RS256",
        **claims: Any,
    ) -> str:
        """Return a signed token; header members of ``None`` are taken away."""
        return self.signed(json.dumps(self.claims(**claims)).encode(), key=key, header=header, alg=alg)

    def signed(
        self,
        payload: bytes,
        *,
        key: Key | None = None,
        header: Mapping[str, Any] | None = None,
        alg: str = "RS256",
    ) -> str:
        used = key or self.keys[0]
        full = {"alg": alg, "typ": "JWT", "kid": used.kid} | dict(header or {})
        return sign({name: value for name, value in full.items() if value is not None}, payload, used)


def sign(header: Mapping[str, Any], payload: bytes, key: Any, algorithm: str | None = None) -> str:
    """Sign whatever header and payload, without the checks that a library would make."""
    signing_input = f"{b64(json.dumps(dict(header)).encode())}.{b64(payload)}"
    model = jws.JWSRegistry.algorithms[algorithm or header["alg"]]
    return f"{signing_input}.{b64(model.sign(signing_input.encode(), key))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
