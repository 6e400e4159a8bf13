"""What kind of text a token is, before anything in it is believed."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .token_errors import EncryptedToken, NotAnAccessToken, OpaqueToken, TokenInvalid

#: Longer tokens are refused unread, in characters.
MAX_LENGTH = 16_384
_MAX_HEADER = 4_096
_MAX_KID = 512

#: RFC 7519 §5.1 and RFC 9068 §2.1; Auth0's two token dialects use ``JWT`` and ``at+jwt``.
ACCESS_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 §2.1, b64token
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)

_NO_AUDIENCE = (
    "it is what Auth0 issues when the client named no API. The client must send resource (or audience) when "
    "it asks for the token; at Auth0, turn on the Resource Parameter Compatibility Profile or set a default "
    "audience."
)


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A compact JWS taken apart (RFC 7515 §3.1). Nothing in it has been verified.

    :param header: the protected header.
    :param payload: the bytes that ought to be claims.
    :param signing_input: what the signature is over.
    """

    header: Mapping[str, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The ``alg`` that the token claims."""
        alg = self.header.get("alg")
        return alg if isinstance(alg, str) else ""

    @property
    def kid(self) -> str | None:
        """The ``kid`` that the token claims; ``None`` where it names no key."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None

    def claims(self) -> dict[str, Any]:
        """Return the payload as a claims set (RFC 7519 §4).

        :raises TokenInvalid: if it is not a JSON object.
        """
        claims = parse_object(self.payload)
        if claims is None:
            raise TokenInvalid("The access token is damaged: its claims are not a JSON object.")
        return claims


def take_apart(token: str) -> SignedToken:
    """Take a compact JWS apart.

    :raises OpaqueToken: if it is no JWT.
    :raises EncryptedToken: if it is a JWE, of which the text says how such a token comes about.
    :raises TokenInvalid: if it is too long or damaged.
    """
    if len(token) > MAX_LENGTH:
        raise TokenInvalid(f"The access token is longer than {MAX_LENGTH} characters.")
    if not _BEARER.fullmatch(token):
        raise TokenInvalid("The access token holds characters that no token has, or there is more than one.")
    segments = token.split(".")
    if len(segments) == 5:
        raise EncryptedToken(f"The access token is encrypted and cannot be read here: {_NO_AUDIENCE}")
    if len(segments) != 3:
        raise OpaqueToken(
            f"The access token is opaque, not a JWT: it may be a refresh token, or {_NO_AUDIENCE}"
        )
    head, body, tail = segments
    header = parse_object(decode_segment(head)) if len(head) <= _MAX_HEADER else None
    payload, signature = decode_segment(body), decode_segment(tail)
    if header is None or payload is None:
        raise OpaqueToken("The access token has three parts as a JWT has, but they cannot be decoded.")
    if signature is None:
        raise TokenInvalid("The access token is not signed.")
    return SignedToken(header, payload, f"{head}.{body}".encode(), signature)


def check_header(token: SignedToken, types: frozenset[str] = ACCESS_TOKEN_TYPES) -> None:
    """Check what a header must not say, whoever signed it.

    :param types: the accepted ``typ``, lower case; a token without one passes.
    :raises TokenInvalid: for critical extensions (RFC 7515 §4.1.11: we understand none), an unencoded payload
        (RFC 7797) and a malformed ``kid``.
    :raises NotAnAccessToken: for another ``typ``.
    """
    header = token.header
    if "crit" in header or "b64" in header:
        raise TokenInvalid("The access token demands extensions (crit) that are not supported here.")
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _MAX_KID):
        raise TokenInvalid("The access token is damaged: its key id is not a text.")
    typ = header.get("typ")
    if typ is not None and not (isinstance(typ, str) and typ.lower() in types):
        raise NotAnAccessToken("This is not an access token: its header says it was made for something else.")


def decode_segment(segment: str) -> bytes | None:
    """Decode base64url without padding (RFC 7515 §2); ``None`` where it is anything else.

    Only the canonical spelling passes (RFC 4648 §3.5): no bytes have two.
    """
    if not _SEGMENT.fullmatch(segment):
        return None
    try:
        decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return None
    rest = len(segment) % 4
    if rest and base64.urlsafe_b64encode(decoded[1 - rest :]).decode().rstrip("=") != segment[-rest:]:
        return None
    return decoded


def parse_object(text: bytes | None) -> dict[str, Any] | None:
    """Parse a JSON object strictly (UTF-8, no NaN); ``None`` where it is anything else."""
    if text is None:
        return None
    try:
        value = _decoder.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
