"""The keys that the tenant signs with (RFC 7517), imported once and followed when they are rotated."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ..condition import Condition
from ..outbound import Outbound
from .cache import LookupCache, cache_key
from .discovery import AuthorizationServer
from .remote_document import REFETCH_PAUSE, DocumentError, RemoteDocument
from .token_errors import TokenInvalid, UnknownKey
from .token_shape import decode_segment

_MAX_KEYS = 100
_MAX_ABSENT = 256

#: RFC 7518 §3.1 and RFC 8037 §3.1: the key type, and the curve, that each algorithm takes.
_TAKES: Mapping[str, tuple[str, str | None]] = {
    **{f"{family}{bits}": ("RSA", None) for family in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
_CURVES = {"EC": {"P-256", "P-384", "P-521"}, "OKP": {"Ed25519"}}

#: Bits of an RSA modulus: less is weak (RFC 7518 §3.3), more only costs.
_MODULUS = range(2048, 8193)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key. :meth:`verify` answers no more than yes or no.

    :param alg: the only algorithm that the key may be used with, where its JWK names one.
    """

    key: RSAKey | ECKey | OKPKey = field(repr=False)
    kty: str
    crv: str | None
    alg: str | None

    def fits(self, algorithm: str) -> bool:
        """Tell whether the key may check a signature of ``algorithm``; never true for a symmetric one."""
        kty, crv = _TAKES.get(algorithm, ("", None))
        return self.kty == kty and self.crv == crv and self.alg in (None, algorithm)

    def verify(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is this key's over ``signing_input`` (RFC 7515 §5.2)."""
        if not self.fits(algorithm):
            return False
        try:
            return JWSRegistry.algorithms[algorithm].verify(signing_input, signature, self.key)
        except (JoseError, ValueError, TypeError):
            return False


class KeySnapshot:
    """The usable keys of one version of the tenant's key set. Immutable, so safe to share.

    What was verified with it may be taken as verified for as long as the snapshot is the current one.
    """

    __slots__ = ("_by_kid", "_keys")

    def __init__(self, keys: list[tuple[str | None, VerificationKey]]) -> None:
        self._keys = tuple(key for _, key in keys)
        self._by_kid: dict[str, list[VerificationKey]] = {}
        for kid, key in keys:
            if kid is not None:
                self._by_kid.setdefault(kid, []).append(key)

    def __contains__(self, kid: object) -> bool:
        return kid in self._by_kid

    def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the key that a token's header points at.

        :raises UnknownKey: if there is none of that name, none of that name that fits the algorithm, or, for
            a token that names none, not exactly one that fits.
        """
        named = self._keys if kid is None else self._by_kid.get(kid, ())
        fitting = [key for key in named if key.fits(algorithm)]
        if not fitting:
            raise UnknownKey(
                "The access token was signed with a key that the authorization server does not publish."
            )
        if len(fitting) > 1:
            raise TokenInvalid("The access token does not say which key it was signed with (kid).")
        return fitting[0]


class SigningKeys:
    """The tenant's current key set.

    Safe to share between threads: snapshots are immutable; the record of absent key ids is only touched by
    single operations on one dictionary, and losing an entry costs one fetch at most.

    :param server: names the ``jwks_uri``.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        server: AuthorizationServer,
        outbound: Outbound,
        cache: LookupCache,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._document = RemoteDocument(
            f"The key set of {server.issuer_url}",
            cache_key("jwks", server.issuer_url),
            lambda: outbound.get_json(server.endpoint("jwks_uri")),
            parse_key_set,
            cache,
            clock,
        )
        self._absent: OrderedDict[str, float] = OrderedDict()

    def condition(self) -> Condition:
        """Tell how fetching the keys has gone, without fetching."""
        return self._document.condition()

    def current(self) -> KeySnapshot:
        """Return the keys; the same object as long as the tenant's key set does not change.

        :raises AuthorizationUnavailable: if the tenant cannot be reached and there are none in hand.
        """
        return self._document.get()

    def find(
        self, kid: str | None, algorithm: str, *, worth_asking: Callable[[], object] | None = None
    ) -> tuple[KeySnapshot, VerificationKey]:
        """Return the key that a token's header points at, and the key set it is in.

        A name that is not known makes us ask the tenant again, once in a while. The token is only refused for
        it if the tenant has answered after the name first came up.

        :param worth_asking: called before the tenant is asked again; raises where the token is bad anyway.
        :raises UnknownKey: if the tenant publishes no such key.
        :raises AuthorizationUnavailable: if that cannot be known now.
        """
        fetches = self._document.fetches
        snapshot = self._document.get()
        if kid is None or kid in snapshot:
            return snapshot, snapshot.find(kid, algorithm)
        absent_since = self._absent.get(kid)
        if absent_since is not None and 0 <= self._clock() - absent_since < REFETCH_PAUSE:
            return snapshot, snapshot.find(kid, algorithm)
        if worth_asking is not None:
            worth_asking()
        if self._document.fetches == fetches:
            snapshot = self._document.refetch(fetches)
        if kid not in snapshot:
            self._absent[kid] = self._clock()
            while len(self._absent) > _MAX_ABSENT:
                self._absent.popitem(last=False)
        return snapshot, snapshot.find(kid, algorithm)


def parse_key_set(raw: Any) -> KeySnapshot:
    """Import the usable keys of a JWK set (RFC 7517 §5); the others are skipped.

    Symmetric and private keys, keys not meant for signatures, weak and oversized ones are not usable.

    :raises DocumentError: if the value is no key set, holds too many keys, or no usable one.
    """
    keys = raw.get("keys") if isinstance(raw, dict) else None
    if not isinstance(keys, list):
        raise DocumentError("the key set is not a JSON object with keys")
    if len(keys) > _MAX_KEYS:
        raise DocumentError(f"the key set holds more than {_MAX_KEYS} keys")
    usable = [(entry.get("kid"), key) for entry in keys if (key := import_key(entry)) is not None]
    if not usable:
        raise DocumentError("the key set holds no usable key")
    return KeySnapshot(usable)


def import_key(entry: Any) -> VerificationKey | None:
    """Import a public JWK (RFC 7517 §4); ``None`` where it is none that may check signatures."""
    if not isinstance(entry, dict):
        return None
    kty, crv, alg, kid = entry.get("kty"), entry.get("crv"), entry.get("alg"), entry.get("kid")
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(alg, str | None) or not isinstance(kid, str | None) or (alg and alg not in _TAKES):
        return None
    # Only public members are read. A set that holds "d" publishes a private key: anybody can sign with it.
    if "d" in entry:
        return None
    try:
        if kty == "RSA":
            n, e = entry["n"], entry["e"]
            if _bits(n) not in _MODULUS or _bits(e) > 32:
                return None
            rsa = RSAKey.import_key({"kty": "RSA", "n": n, "e": e})
            return VerificationKey(rsa, "RSA", None, alg)
        if kty == "EC" and crv in _CURVES["EC"]:
            ec = ECKey.import_key({"kty": "EC", "crv": crv, "x": entry["x"], "y": entry["y"]})
            return VerificationKey(ec, "EC", crv, alg)
        if kty == "OKP" and crv in _CURVES["OKP"]:
            okp = OKPKey.import_key({"kty": "OKP", "crv": crv, "x": entry["x"]})
            return VerificationKey(okp, "OKP", crv, alg)
    except (JoseError, UnsupportedAlgorithm, KeyError, TypeError, ValueError):
        return None
    return None


def _bits(number: str) -> int:
    # Counted before the import, which would only warn of a weak key.
    return int.from_bytes(decode_segment(number) or b"").bit_length()
