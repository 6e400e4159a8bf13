"""Proofs of possession (DPoP, RFC 9449): who sends a bound token must show that they hold its key."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Request

from ..errors import AuthorizationUnavailable, ConfigurationError
from ..sealing import Sealer, SealError
from ..settings import Settings
from .jwks import VerificationKey, import_key
from .token_errors import BoundToken, ProofError, TokenError
from .token_shape import SignedToken, check_header, take_apart

#: What proofs may be signed with (RFC 9449 §4.3: asymmetric only); published in the metadata.
PROOF_ALGORITHMS = ("ES256", "ES384", "RS256", "PS256", "EdDSA")

#: How old a proof may be, in seconds, beside the clocks' leeway.
MAX_AGE = 120
#: How long a nonce is good, in seconds; a new one is handed out at half of that.
NONCE_AGE = 300
_MAX_PROOF = 8_192
_MAX_JTI = 256
_PURPOSE = "dpop-nonce"


class ReplayStore(Protocol):
    """What remembers the proofs that were used; shared by all workers, or replays between them pass."""

    def add(self, key: str, value: Any, ttl: float) -> bool:
        """Keep ``value`` for ``ttl`` seconds; tell false, atomically, where there is one under ``key``."""
        ...


class Nonces:
    """Nonces that need no memory (RFC 9449 §9): the time, sealed. Safe to share between threads.

    :param sealer: must have a key that all workers share.
    :param clock: Unix time in seconds.
    :raises ConfigurationError: if it has none.
    """

    def __init__(self, sealer: Sealer, clock: Callable[[], float] = time.time) -> None:
        if not sealer.available:
            raise ConfigurationError("DPoP nonces need a key: set MCP_SECRET_KEYS or SECRET_KEY")
        self._sealer = sealer
        self._clock = clock
        self._current: tuple[float, str] | None = None

    def current(self) -> str:
        """Return the nonce to hand out now."""
        now = self._clock()
        held = self._current
        if held is None or not 0 <= now - held[0] < NONCE_AGE / 2:
            held = self._current = (now, self._sealer.seal(_PURPOSE, int(now)))
        return held[1]

    def accepts(self, nonce: str) -> bool:
        """Tell whether we handed ``nonce`` out, not too long ago."""
        try:
            made_at = self._sealer.open(_PURPOSE, nonce)
        except SealError:
            return False
        # Workers' clocks may differ a little, so one from just ahead is good.
        return isinstance(made_at, int) and -NONCE_AGE / 2 <= self._clock() - made_at <= NONCE_AGE


class ProofVerifier:
    """Checks the proof that comes with a bound token. Safe to share between threads.

    :param store: remembers used proofs.
    :param nonces: where given, every proof must hold one of them.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        store: ReplayStore,
        *,
        nonces: Nonces | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = settings.base_url
        self._leeway = settings.leeway
        self._store = store
        self._nonces = nonces
        self._clock = clock

    def current_nonce(self) -> str | None:
        """Return the nonce for ``DPoP-Nonce``, ``None`` where none are used."""
        return self._nonces.current() if self._nonces else None

    def check(self, request: Request, token: str, confirmation: object) -> None:
        """Check the ``DPoP`` header of a request (RFC 9449 §4.3, §7.1).

        :param token: the access token, verified already.
        :param confirmation: its ``cnf`` claim.
        :raises BoundToken: if the token is bound to no key, or to one that is proved otherwise.
        :raises ProofError: if the proof is missing, wrong, or was used before.
        :raises AuthorizationUnavailable: if it cannot be known whether it was used before.
        """
        thumbprint = _thumbprint(confirmation)
        proof = request.headers.get("DPoP")
        if not proof:
            raise ProofError("The access token needs a proof of its key in a DPoP header.")
        key, signed = _open(proof)
        claims = signed.claims()
        if not key.verify(signed.algorithm, signed.signing_input, signed.signature):
            raise ProofError("The DPoP proof's signature is wrong.")
        if key.key.thumbprint() != thumbprint:
            raise ProofError("The DPoP proof is signed with another key than the access token is bound to.")
        if claims.get("htm") != request.method:
            raise ProofError("The DPoP proof was made for another HTTP method (htm).")
        if not self._is_own(claims.get("htu"), request.path):
            raise ProofError("The DPoP proof was made for another URL (htu).")
        if claims.get("ath") != _hash(token):
            raise ProofError("The DPoP proof was made for another access token (ath).")
        self._check_nonce(claims)
        self._check_age(claims)
        self._check_unused(claims, thumbprint)

    def _is_own(self, htu: object, path: str) -> bool:
        # The public URL decides, never the Host header; a proxy may have taken the base path off.
        if not isinstance(htu, str):
            return False
        parts = _url(htu)
        base = _url(self._base_url)
        return (
            parts is not None
            and base is not None
            and (parts[:2] == base[:2] and parts[2] in (base[2].rstrip("/") + path, path))
        )

    def _check_nonce(self, claims: Mapping[str, Any]) -> None:
        if self._nonces is None:
            return
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not self._nonces.accepts(nonce):
            text = "The DPoP proof must hold the nonce of the DPoP-Nonce header."
            raise ProofError(text, nonce=self._nonces.current())

    def _check_age(self, claims: Mapping[str, Any]) -> None:
        made_at = claims.get("iat")
        if isinstance(made_at, bool) or not isinstance(made_at, int | float):
            raise ProofError("The DPoP proof does not say when it was made (iat).")
        now = self._clock()
        # Compared, not subtracted: a number of any size can be.
        if not now - MAX_AGE - self._leeway <= made_at <= now + self._leeway:
            raise ProofError("The DPoP proof is too old, or from the future (iat).")

    def _check_unused(self, claims: Mapping[str, Any], thumbprint: str) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI or not _is_unicode(jti):
            raise ProofError("The DPoP proof has no identifier (jti).")
        # Kept for as long as the proof could pass for new, from the earliest to the latest clock.
        ttl = MAX_AGE + 2 * self._leeway + 1
        try:
            unused = self._store.add(f"dpop:{_hash(f'{thumbprint}.{jti}')}", 1, ttl)
        except Exception as error:
            raise AuthorizationUnavailable(f"the replay store failed ({type(error).__name__})") from None
        if not unused:
            raise ProofError("The DPoP proof was used before (jti).")


def _thumbprint(confirmation: object) -> str:
    if not isinstance(confirmation, Mapping) or set(confirmation) != {"jkt"}:
        raise BoundToken(
            "The access token is not bound to a DPoP key (cnf.jkt), so the DPoP scheme cannot be used."
        )
    thumbprint = confirmation["jkt"]
    if not isinstance(thumbprint, str) or not thumbprint:
        raise BoundToken("The access token is damaged: its key thumbprint (cnf.jkt) is not a text.")
    return thumbprint


def _open(proof: str) -> tuple[VerificationKey, SignedToken]:
    if len(proof) > _MAX_PROOF or "," in proof:
        raise ProofError("The DPoP proof is too long, or there is more than one.")
    try:
        signed = take_apart(proof)
        check_header(signed, frozenset({"dpop+jwt"}))
        signed.claims()
    except TokenError:
        raise ProofError("The DPoP header is not a proof: a signed JWT of type dpop+jwt.") from None
    if "typ" not in signed.header or signed.algorithm not in PROOF_ALGORITHMS:
        raise ProofError(
            f"A DPoP proof has the type dpop+jwt and is signed with {', '.join(PROOF_ALGORITHMS)}."
        )
    key = import_key(signed.header.get("jwk"))
    if key is None:
        raise ProofError("The DPoP proof's header holds no public key (jwk) that can be used.")
    return key, signed


def _is_unicode(text: str) -> bool:
    """Tell whether a text of JSON holds characters only: half of a surrogate pair is none."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")


def _url(url: str) -> tuple[str, str, str] | None:
    """Return scheme, host with port, and path of an http(s) URL, normalised (RFC 3986 §6.2.2 and §6.2.3)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, f"{host}:{port or default}", parts.path or "/"
