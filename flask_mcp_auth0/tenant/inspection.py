"""``flask mcp inspect-token``: what a token says, and each rule that it passes or fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_caching.backends import SimpleCache

from ..auth.cache import LookupCache
from ..auth.claims import ClaimRules, auth_info_of
from ..auth.jwks import SigningKeys
from ..auth.token_errors import BoundToken, EncryptedToken, OpaqueToken, TokenError
from ..auth.token_shape import SignedToken, check_header, take_apart
from ..auth.tokens import TokenVerifier
from ..errors import AuthorizationUnavailable
from ..outbound import Outbound
from ..printable import printable_only
from .examination import Examination

#: How many lists within one another are written out.
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    :param passed: ``None`` if it could not be told.
    :param text: what is wrong, or what was found.
    """

    name: str
    passed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found. Nothing of it could be used in the token's place.

    :param says: name and value of what the token says.
    :param accepted: whether the app would let it in; ``None`` if that cannot be told now.
    :param verdict: one sentence.
    """

    says: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]
    accepted: bool | None
    verdict: str


def inspect(token: str, examined: Examination, clock: Callable[[], float] = time.time) -> Inspection:
    """Hold a token against every rule of the app, not only against the first that it fails.

    :param token: the text after ``Bearer``.
    :param clock: Unix time in seconds.
    """
    settings, server = examined.settings, examined.server
    keys = SigningKeys(server, Outbound(), LookupCache(SimpleCache()), clock=clock)
    accepted, verdict = _verdict(TokenVerifier(settings, server, keys, clock), token)
    try:
        signed = take_apart(token)
        claims = signed.claims()
    except TokenError as error:
        kind = "encrypted (JWE)" if isinstance(error, EncryptedToken) else None
        kind = "opaque" if isinstance(error, OpaqueToken) else kind or "damaged"
        return Inspection((("kind", kind),), (Rule("form", False, error.description),), accepted, verdict)
    rules = ClaimRules(settings.audience, settings.leeway, settings.organizations)
    now = clock()

    def issuer() -> str:
        expected = server.issuer()
        if claims.get("iss") != expected:
            raise TokenError(
                f"it was issued by {_text(claims.get('iss'))}, and this app's tenant is {expected}"
            )
        return expected

    def signature() -> str:
        _, key = keys.find(signed.kid, signed.algorithm, worth_asking=lambda: None)
        if not key.verify(signed.algorithm, signed.signing_input, signed.signature):
            raise TokenError("it was not made with the tenant's key, or was changed since")
        return f"made with the tenant's key {_text(signed.kid)}"

    found = (
        _rule("form", lambda: "a signed JWT"),
        _rule("type", _passing(lambda: check_header(signed), _text(signed.header.get("typ", "none stated")))),
        _rule("kind", _passing(lambda: rules.check_kind(claims), "an access token")),
        _rule("algorithm", lambda: _algorithm(signed, settings.algorithms)),
        _rule("signature", signature),
        _rule("issuer", issuer),
        _rule("audience", lambda: _audience(rules, claims)),
        _rule("time", lambda: _time(rules, claims, now)),
        _rule(
            "organization",
            _passing(lambda: rules.check_organization(claims), _text(claims.get("org_id", "none"))),
        ),
        _rule("subject and client", lambda: _who(claims)),
        _rule("binding", lambda: _binding(claims, settings.dpop)),
    )
    return Inspection(_says(signed, claims, now), found, accepted, verdict)


def _verdict(verifier: TokenVerifier, token: str) -> tuple[bool | None, str]:
    try:
        verifier.verify(token)
    except BoundToken:
        return True, "accepted together with a DPoP proof of its key, and not as a plain bearer token"
    except TokenError as error:
        return False, f"refused ({error.error}): {error.description}"
    except AuthorizationUnavailable as error:
        return None, f"cannot be told now: {error.reason}"
    return True, "accepted"


def _rule(name: str, check: Callable[[], str]) -> Rule:
    try:
        return Rule(name, True, check())
    except TokenError as error:
        return Rule(name, False, error.description)
    except AuthorizationUnavailable as error:
        return Rule(name, None, error.reason)


def _passing(check: Callable[[], None], text: str) -> Callable[[], str]:
    def run() -> str:
        check()
        return text

    return run


def _algorithm(signed: SignedToken, accepted: tuple[str, ...]) -> str:
    if signed.algorithm not in accepted:
        raise TokenError(
            f"{_text(signed.algorithm)}, but only {', '.join(accepted)} are accepted (see doctor's A2)"
        )
    return signed.algorithm


def _audience(rules: ClaimRules, claims: Mapping[str, Any]) -> str:
    try:
        rules.check_audience(claims)
    except TokenError as error:
        raise TokenError(f"{error.description}. The token is for {_text(claims.get('aud'))}") from None
    return rules.audience


def _who(claims: Mapping[str, Any]) -> str:
    info = auth_info_of("", claims) if "iss" in claims else None
    if info is None:
        raise TokenError("it names no issuer")
    return "a machine" if info.is_machine else "a user"


def _binding(claims: Mapping[str, Any], dpop: str) -> str:
    if "cnf" not in claims:
        if dpop == "required":
            raise TokenError("it is bound to no key, and AUTH0_DPOP is required")
        return "none: a bearer token"
    if dpop == "off":
        raise TokenError("it is bound to its sender's key, and AUTH0_DPOP is off")
    return "bound to its sender's key: a DPoP proof is needed"


def _says(signed: SignedToken, claims: Mapping[str, Any], now: float) -> tuple[tuple[str, str], ...]:
    permissions = claims.get("permissions")
    said = [
        ("issuer", claims.get("iss")),
        ("audience", claims.get("aud")),
        ("subject", claims.get("sub")),
        ("client", claims.get("client_id", claims.get("azp"))),
        ("organization", claims.get("org_id")),
        ("issued", _moment(claims.get("iat"))),
        ("expires", _moment(claims.get("exp"))),
        ("scope", claims.get("scope")),
        ("permissions", "no such claim" if permissions is None else permissions or "none"),
        ("algorithm", signed.algorithm),
        ("key", signed.kid),
    ]
    return tuple((name, _text(value)) for name, value in said if value is not None)


def _time(rules: ClaimRules, claims: Mapping[str, Any], now: float) -> str:
    rules.check_time(claims, now)
    minutes = (claims["exp"] - now) / 60
    if minutes < 2:
        return "valid, and about to expire"
    return (
        f"valid for {minutes:.0f} minutes more"
        if minutes < 120
        else f"valid for {minutes / 60:.0f} hours more"
    )


def _moment(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: Any, depth: int = 0) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(item, depth + 1) for item in value) if depth < _DEEPEST else "…"
    try:
        text = str(value)[:1000]
    except RecursionError:
        return "…"
    return printable_only(text)
