"""Writing and reading the tenant's tokens: access tokens in both dialects, opaque ones, ID tokens."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from .keys import ALGORITHMS, sign_hs256
from .model import GRANT_CLIENT_CREDENTIALS, GRANT_REFRESH_TOKEN, Client, ResourceServer, User
from .tenant import Tenant

MAX_TOKEN = 16_384
OIDC_SCOPES = ("openid", "profile", "email", "address", "phone")
OFFLINE_ACCESS = "offline_access"
USERINFO_LIFETIME = 86_400
ID_TOKEN_LIFETIME = 36_000

PROFILE_CLAIMS = {
    "profile": ("name", "nickname", "given_name", "family_name", "picture", "updated_at"),
    "email": ("email", "email_verified"),
}


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """What a token is to say.

    :param user: whom it is about; ``None`` for a machine.
    :param api: what it is for; ``None`` for the user's profile alone (an opaque token).
    :param scope: granted scopes, in the order in which they were asked for.
    :param organization: the organisation's id.
    :param act: the chain of actors (RFC 8693 section 4.1).
    :param jkt: thumbprint of the key that it is bound to (RFC 9449).
    """

    client: Client
    grant_type: str
    user: User | None = None
    api: ResourceServer | None = None
    scope: tuple[str, ...] = ()
    organization: str | None = None
    act: Mapping[str, Any] | None = None
    jkt: str | None = None
    lifetime: int | None = None
    permissions: tuple[str, ...] | None = None  # instead of what the user holds
    extra: Mapping[str, Any] = field(default_factory=dict)


def access_token(tenant: Tenant, order: TokenOrder) -> tuple[str, int]:
    """The access token that ``order`` describes, and for how many seconds it is valid."""
    if order.api is None:
        return _opaque_token(tenant, order), USERINFO_LIFETIME
    api, state = order.api, tenant.state
    lifetime = order.lifetime if order.lifetime is not None else api.token_lifetime
    now = int(state.now() + state.clock_skew)
    rfc9068 = api.token_dialect.startswith("rfc9068")
    audience: str | list[str] = api.identifier
    if "openid" in order.scope and api.signing_alg != "HS256":
        audience = [api.identifier, state.userinfo_audience]
    claims: dict[str, Any] = {
        "iss": state.issuer_in_tokens or state.issuer,
        "sub": order.user.user_id if order.user else f"{order.client.client_id}@clients",
        "aud": audience,
        "iat": now,
        "exp": now + lifetime,
    }
    if order.scope:
        claims["scope"] = " ".join(order.scope)
    if order.organization:
        claims["org_id"] = order.organization
    if rfc9068:
        claims |= {"client_id": order.client.client_id, "jti": secrets.token_urlsafe(16)}
    else:
        claims["azp"] = order.client.client_id
        if order.grant_type in (GRANT_CLIENT_CREDENTIALS, GRANT_REFRESH_TOKEN):
            claims["gty"] = order.grant_type.replace("_credentials", "-credentials")
    if api.token_dialect.endswith("_authz") and api.enforce_policies:
        claims["permissions"] = list(_permissions(tenant, order, api))
    if order.act is not None:
        claims["act"] = dict(order.act)
    if order.jkt is not None:
        claims["cnf"] = {"jkt": order.jkt}
    claims |= order.extra
    typ = "at+jwt" if rfc9068 else "JWT"
    if api.signing_alg == "HS256":
        secret = api.extra.setdefault("signing_secret", secrets.token_urlsafe(32))
        return sign_hs256(claims, str(secret), typ=typ), lifetime
    return tenant.keys.sign(claims, typ=typ, alg=api.signing_alg), lifetime


def id_token(tenant: Tenant, order: TokenOrder, *, nonce: str | None, auth_time: int | None) -> str:
    """An ID token (OpenID Connect Core section 2) for ``order``'s user and application."""
    assert order.user is not None
    state = tenant.state
    now = int(state.now() + state.clock_skew)
    claims: dict[str, Any] = {
        **profile(order.user, order.scope),
        "iss": state.issuer_in_tokens or state.issuer,
        "sub": order.user.user_id,
        "aud": order.client.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_LIFETIME,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if auth_time is not None:
        claims["auth_time"] = auth_time
    if order.organization:
        claims["org_id"] = order.organization
    return tenant.keys.sign(claims)


def profile(user: User, scope: tuple[str, ...]) -> dict[str, Any]:
    """The claims about ``user`` that the scopes open (OpenID Connect Core section 5.4)."""
    claims: dict[str, Any] = {"sub": user.user_id}
    for name in scope:
        for claim in PROFILE_CLAIMS.get(name, ()):
            value = getattr(user, claim)
            if value not in (None, ""):
                claims[claim] = _timestamp(value) if claim == "updated_at" else value
    return claims


def read_access_token(tenant: Tenant, text: str, audience: str) -> dict[str, Any] | None:
    """The claims of an access token that this tenant issued for ``audience``; ``None`` when it is not one, or
    expired.
    """
    if len(text) > MAX_TOKEN:
        return None
    if text.count(".") == 4:
        claims = _read_opaque(tenant, text)
    else:
        try:
            claims = jwt.decode(text, tenant.keys.verification_keys(), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            return None
    if claims is None:
        return None
    audiences = claims.get("aud")
    meant = audience in audiences if isinstance(audiences, list) else audience == audiences
    expires = claims.get("exp")
    fresh = isinstance(expires, int) and expires > tenant.state.now()
    issued_here = claims.get("iss") in (tenant.issuer, tenant.state.issuer_in_tokens)
    return claims if meant and fresh and issued_here else None


def _permissions(tenant: Tenant, order: TokenOrder, api: ResourceServer) -> tuple[str, ...]:
    if order.permissions is not None:
        return order.permissions
    if order.user is None:
        return order.scope  # a machine holds what its grant gives
    held = tenant.state.permissions_of(order.user.user_id, api.identifier, organization=order.organization)
    return tuple(held)


def _opaque_token(tenant: Tenant, order: TokenOrder) -> str:
    """Auth0's form of a token that names no API: encrypted to the tenant itself, opaque to everybody else."""
    now = int(tenant.state.now())
    claims = {
        "iss": tenant.issuer,
        "sub": order.user.user_id if order.user else f"{order.client.client_id}@clients",
        "aud": tenant.state.userinfo_audience,
        "azp": order.client.client_id,
        "scope": " ".join(order.scope),
        "iat": now,
        "exp": now + USERINFO_LIFETIME,
    }
    if order.jkt is not None:
        claims["cnf"] = {"jkt": order.jkt}
    header = {"alg": "dir", "enc": "A256GCM", "iss": tenant.issuer}
    return jwe.encrypt_compact(
        header, json.dumps(claims).encode(), OctKey.import_key(tenant.opaque_key), registry=_JWE
    )


def _read_opaque(tenant: Tenant, text: str) -> dict[str, Any] | None:
    try:
        plain = jwe.decrypt_compact(text, OctKey.import_key(tenant.opaque_key), registry=_JWE).plaintext
        claims = json.loads(plain or b"null")
    except (JoseError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


_JWE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)


def _timestamp(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
