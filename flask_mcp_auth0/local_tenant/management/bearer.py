"""Whose request it is: the bearer token of the Management API (RFC 6750)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError

from ..keys import ALGORITHMS, KeyRing
from ..state import TenantState
from .call import Caller
from .errors import ManagementError, unauthorized

_LONGEST = 16_384
_MACHINE = "@clients"


def authenticate(state: TenantState, keys: KeyRing, authorization: str | None) -> Caller:
    """The caller that an ``Authorization`` header names.

    :raises ManagementError: 401 with Auth0's sentence for what is wrong with it.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise ManagementError(401, "Missing authentication")
    claims = _claims(token.strip(), keys)
    _check(state, claims)
    subject = str(claims.get("sub", ""))
    client = claims.get("azp") or claims.get("client_id") or subject.removesuffix(_MACHINE)
    machine = not subject or subject == client or subject.endswith(_MACHINE)
    return Caller(
        str(client),
        frozenset(str(claims.get("scope", "")).split()),
        None if machine else subject,
    )


def _claims(token: str, keys: KeyRing) -> Mapping[str, Any]:
    if len(token) > _LONGEST or token.count(".") != 2:
        raise unauthorized("Bad HTTP authentication header format")
    try:
        return jwt.decode(token, keys.verification_keys(), algorithms=list(ALGORITHMS)).claims
    except BadSignatureError:
        raise unauthorized("Invalid signature received for JSON Web Token validation") from None
    except (JoseError, ValueError):  # ValueError: a kid that is in no key set, or no JSON in the token
        raise unauthorized("Invalid token") from None


def _check(state: TenantState, claims: Mapping[str, Any]) -> None:
    # A skew put on tokens by a fault is none between the tenant and itself.
    now = state.now() + state.clock_skew
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or expires <= now:
        raise unauthorized("Expired token received for JSON Web Token validation")
    if claims.get("iss") not in (state.issuer, state.issuer_in_tokens):
        raise unauthorized("Invalid token")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if state.management_audience not in audiences:
        raise ManagementError(401, f"Bad audience: {audience}")
