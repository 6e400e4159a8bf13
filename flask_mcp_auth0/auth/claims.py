"""What an access token's claims must say (RFC 7519 §4.1, RFC 9068 §4), and what they say about the caller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .auth_info import AuthInfo, User
from .token_errors import (
    NotAnAccessToken,
    TokenExpired,
    TokenInvalid,
    WrongAudience,
    WrongIssuer,
    WrongOrganization,
)

#: The last second of the year 9999: what is later was not meant as seconds.
_END_OF_TIME = 253_402_300_799

#: Claims that only an ID token has (OpenID Connect Core §2, §3.3.2.11).
_ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash", "s_hash")

_MACHINE_PROFILES = frozenset({"service", "ai_agent"})


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What the claims are held against.

    :param audience: must be a member of ``aud``, exactly.
    :param leeway: seconds that clocks may differ.
    :param organizations: ids (``org_…``) and names of the organisations that may come in; empty for any, and
        for users of none.
    """

    audience: str
    leeway: int
    organizations: tuple[str, ...] = ()

    def check(self, claims: Mapping[str, Any], issuer: str, now: float) -> None:
        """Check everything that decides whether the token is for us and valid now.

        :param issuer: must equal ``iss``, exactly.
        :param now: Unix time in seconds.
        :raises TokenError: for the first thing that is wrong.
        """
        self.check_kind(claims)
        if claims.get("iss") != issuer:
            raise WrongIssuer(f"The access token was issued by another authorization server than {issuer}")
        self.check_audience(claims)
        self.check_time(claims, now)
        self.check_organization(claims)

    def check_kind(self, claims: Mapping[str, Any]) -> None:
        """Refuse ID and refresh tokens (RFC 9068 §4).

        :raises NotAnAccessToken: if it is one.
        """
        if any(name in claims for name in _ID_TOKEN_CLAIMS) or claims.get("token_use") in ("id", "refresh"):
            raise NotAnAccessToken("This is an ID token. Send the access token instead.")

    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """Make sure that the token is for this server, compared exactly (RFC 8707 §2, RFC 9068 §4).

        :raises TokenInvalid: if it is not; the text helps where only a slash differs.
        """
        aud = claims.get("aud")
        audiences = [aud] if isinstance(aud, str) else aud
        if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
            raise TokenInvalid("The access token names no audience (aud).")
        if self.audience in audiences:
            return
        text = f"The access token is for another API: its audience must be exactly {self.audience}"
        if any(one.rstrip("/") == self.audience.rstrip("/") for one in audiences):
            text += " (it differs only in a trailing slash; the API identifier must be the same text)"
        elif audiences and audiences == [claims.get("azp", claims.get("client_id"))]:
            text += " (its audience is the client itself, as that of an ID token is)"
        raise WrongAudience(text)

    def check_time(self, claims: Mapping[str, Any], now: float) -> None:
        """Make sure that the token holds now (RFC 7519 §4.1.4 to §4.1.6), give or take the leeway.

        :raises TokenExpired: if its time is over.
        :raises TokenInvalid: if it does not say when that is, or is not yet valid.
        """
        expires_at = _date(claims, "exp")
        if expires_at is None:
            raise TokenInvalid("The access token does not say when it expires (exp).")
        if now - self.leeway >= expires_at:
            raise TokenExpired
        for name in ("nbf", "iat"):
            starts_at = _date(claims, name)
            if starts_at is not None and now + self.leeway < starts_at:
                raise TokenInvalid(f"The access token is not valid yet ({name} is in the future).")

    def check_organization(self, claims: Mapping[str, Any]) -> None:
        """Make sure that the user logged in to one of the organisations that are admitted, where any are named.

        :raises TokenInvalid: if not.
        """
        if not self.organizations:
            return
        # Auth0: ids start with org_, names never do, and are lower case in tokens.
        org_id, name = claims.get("org_id"), claims.get("org_name")
        for allowed in self.organizations:
            if allowed == org_id if allowed.startswith("org_") else allowed.lower() == name:
                return
        raise WrongOrganization(
            "The access token was not issued for an organization that may use this server."
        )


def auth_info_of(token: str, claims: Mapping[str, Any]) -> AuthInfo:
    """Return what checked claims say about the caller.

    :param token: the raw token.
    :raises TokenInvalid: if they name no subject or no client, or say something that cannot be understood.
    """
    sub = _name(claims, "sub")
    client_id = _name(claims, "client_id") or _name(claims, "azp")
    if sub is None:
        raise TokenInvalid("The access token names no subject (sub).")
    if client_id is None:
        raise TokenInvalid("The access token names no client (client_id or azp).")
    name, email = claims.get("name"), claims.get("email")
    try:
        frozen = _frozen(claims)
    except RecursionError:
        raise TokenInvalid("The access token is damaged: its claims are nested too deeply.") from None
    return AuthInfo(
        token=token,
        client_id=client_id,
        scopes=_scopes(claims),
        permissions=_permissions(claims),
        has_permissions_claim="permissions" in claims,
        expires_at=int(_date(claims, "exp") or 0),
        issuer=claims["iss"],
        organization=_name(claims, "org_id"),
        is_machine=_is_machine(claims, sub, client_id),
        user=User(
            sub=sub,
            name=name if isinstance(name, str) else None,
            email=email if isinstance(email, str) else None,
            claims=frozen,
        ),
    )


def _is_machine(claims: Mapping[str, Any], sub: str, client_id: str) -> bool:
    gty = claims.get("gty")
    grants = [gty] if isinstance(gty, str) else gty if isinstance(gty, list) else []
    profile = claims.get("sub_profile")
    # Some of a user's id may be of their own choosing (that of an enterprise connection, say), so that how it
    # ends tells nothing; before its "|" there is always the kind of connection.
    return (
        "client-credentials" in grants
        or sub in (client_id, f"{client_id}@clients")
        or (sub.startswith("agt_") and "|" not in sub)
        or (isinstance(profile, str) and profile in _MACHINE_PROFILES)
    )


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TokenInvalid("The access token is damaged: scope is not a text.")
    return tuple(dict.fromkeys(scope.split()))


def _permissions(claims: Mapping[str, Any]) -> tuple[str, ...]:
    permissions = claims.get("permissions", [])
    if not isinstance(permissions, list) or not all(isinstance(one, str) for one in permissions):
        raise TokenInvalid("The access token is damaged: permissions is not a list of texts.")
    return tuple(dict.fromkeys(permissions))


def _date(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 §2), ``None`` where there is none."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid(f"The access token is damaged: {name} is not a number.")
    if not 0 <= value <= _END_OF_TIME or math.isnan(value):
        raise TokenInvalid(f"The access token is damaged: {name} is not a time in seconds.")
    return value


def _name(claims: Mapping[str, Any], claim: str) -> str | None:
    value = claims.get(claim)
    if value is None:
        return None
    if not isinstance(value, str) or not value or not value.isprintable():
        raise TokenInvalid(f"The access token is damaged: {claim} is not a name.")
    return value


def _frozen(value: Any) -> Any:
    """Return a JSON value that cannot be changed: it is shared by all requests that carry the same token."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple([_frozen(item) for item in value])
    return value
