"""An application as Authlib's authorization server asks about it, and how it proves who it is."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from .authlib_parts import ClientMixin, InvalidClientError, JWTBearerClientAssertion
from .model import Client
from .security import is_loopback
from .tenant import Tenant

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

AUTH_METHODS = ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"]
LEEWAY = 30
ASSERTION_ALGORITHMS = ["RS256", "RS384", "PS256", "ES256"]


class OAuthClient(ClientMixin):
    """Authlib's view of a :class:`Client` (RFC 6749 section 2)."""

    def __init__(self, record: Client) -> None:
        self.record = record
        self.client_id = record.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.record.callbacks[0] if len(self.record.callbacks) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""  # the tenant's rules decide, once the user is known

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri_allowed(self.record, redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        expected = self.record.client_secret
        return expected is not None and hmac.compare_digest(expected.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        registered = self.record.token_endpoint_auth_method
        # Auth0 takes a client secret in either place, whichever of the two was registered.
        if registered in ("client_secret_post", "client_secret_basic"):
            return method in ("client_secret_post", "client_secret_basic")
        return method == registered

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.record.grant_types


def redirect_uri_allowed(client: Client, redirect_uri: str) -> bool:
    """Whether it is one of the application's callbacks, compared exactly.

    For native applications the port of a loopback address may differ (RFC 8252 section 7.3), since they
    listen on whichever is free.
    """
    if redirect_uri in client.callbacks:
        return True
    if client.app_type != "native" and client.external_metadata_type != "cimd":
        return False
    wanted = _without_port(redirect_uri)
    return wanted is not None and any(_without_port(callback) == wanted for callback in client.callbacks)


def _without_port(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not is_loopback(host) or "@" in parts.netloc:
        return None
    return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))


class ClientAssertion(JWTBearerClientAssertion):
    """Authentication of applications by ``private_key_jwt`` (RFC 7523 section 2.2)."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self._tenant = tenant

    def get_audiences(self) -> list[str]:
        issuer = self._tenant.issuer
        # Auth0's Python SDK names its domain over https, whatever the scheme.
        domain = f"https://{self._tenant.host}/"
        return [issuer, issuer.rstrip("/"), self._tenant.url("/oauth/token"), domain]

    def validate_jti(self, claims: Mapping[str, Any], jti: str) -> bool:
        return self._tenant.once.add(f"assertion:{claims['sub']}:{jti}", True)

    def resolve_client_public_key(self, client: OAuthClient) -> jwk.KeySet:
        keys = client.record.jwks
        if not keys:
            raise InvalidClientError(description="The application has no public key.")
        return jwk.KeySet.import_key_set(cast("KeySetSerialization", keys))

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=ASSERTION_ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise InvalidClientError(description="The client assertion is not valid.") from error
        self.verify_claims(token.claims)
        return token.claims

    def verify_claims(self, claims: Mapping[str, Any]) -> None:
        """RFC 7523 section 3, by the tenant's clock."""
        registry = jwt.JWTClaimsRegistry(
            now=int(self._tenant.state.now()),
            leeway=LEEWAY,
            iss={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
            exp={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
        )
        try:
            registry.validate(dict(claims))
        except JoseError as error:
            raise InvalidClientError(description="The client assertion is not valid.") from error
        jti = claims["jti"]
        if (
            claims["iss"] != claims["sub"]
            or not isinstance(jti, str)
            or len(jti) > 256
            or not self.validate_jti(claims, jti)
        ):
            raise InvalidClientError(description="The client assertion is not valid.")
