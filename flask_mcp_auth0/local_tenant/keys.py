"""The tenant's signing keys and their rotation.

Like Auth0, a ring holds the key in use, the next one (published beforehand, so that nobody is surprised by a
rotation) and those that were in use before and are not revoked yet.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from .private_file import write_private

RSA_BITS = 2048
ALGORITHMS = ("RS256", "PS256")


class KeyRing:
    """The RSA keys of a tenant.

    :param path: a file to keep the keys in (PEM, readable by its owner alone); without it they are made anew
        at each start.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._previous: list[RSAKey] = []
        kept = self._read()
        self._current = kept[0] if kept else _generate()
        self._next = kept[1] if len(kept) > 1 else _generate()
        self._previous = kept[2:]
        self._write()

    @property
    def kid(self) -> str:
        """The id of the key in use."""
        return _kid(self._current)

    def sign(self, claims: Mapping[str, Any], *, typ: str = "JWT", alg: str = "RS256") -> str:
        """A compact JWS of ``claims`` by the key in use. :raises ValueError: for an algorithm that is not for
        RSA keys.
        """
        if alg not in ALGORITHMS:
            raise ValueError(f"The tenant signs with {' or '.join(ALGORITHMS)}, not {alg}.")
        key = self._current
        header = {"alg": alg, "typ": typ, "kid": _kid(key)}
        return jwt.encode(header, dict(claims), key, algorithms=[alg])

    def public(self) -> dict[str, list[dict[str, Any]]]:
        """The key set for ``/.well-known/jwks.json`` (RFC 7517)."""
        with self._lock:
            keys = [self._current, self._next, *self._previous]
        return {"keys": [_public(key) for key in keys]}

    def verification_keys(self) -> KeySet:
        """Every key whose signatures still count."""
        with self._lock:
            return KeySet([self._current, self._next, *self._previous])

    def rotate(self) -> str:
        """Put the next key to use; the one in use stays published until it is revoked. Returns the new key's
        id.
        """
        fresh = _generate()
        with self._lock:
            self._previous.insert(0, self._current)
            self._current, self._next = self._next, fresh
            self._write()
            return _kid(self._current)

    def revoke(self, kid: str) -> bool:
        """Withdraw a key that is no longer in use, or, after a rotation, the one that is. Returns whether
        there was one.
        """
        if kid == self.kid:
            self.rotate()
        with self._lock:
            kept = [key for key in self._previous if _kid(key) != kid]
            found = len(kept) != len(self._previous)
            self._previous = kept
            self._write()
            return found

    def _read(self) -> list[RSAKey]:
        if self._path is None or not self._path.exists():
            return []
        pems = self._path.read_text("ascii").split("-----END PRIVATE KEY-----")
        return [
            RSAKey.import_key(f"{pem}-----END PRIVATE KEY-----\n".lstrip()) for pem in pems if pem.strip()
        ]

    def _write(self) -> None:
        if self._path is None:
            return
        keys = [self._current, self._next, *self._previous]
        write_private(self._path, b"".join(key.as_pem(private=True) for key in keys))


def sign_hs256(claims: Mapping[str, Any], secret: str, *, typ: str) -> str:
    """A token signed with an API's shared secret, as Auth0 does for APIs of ``signing_alg`` HS256."""
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": "HS256", "typ": typ}, dict(claims), key, algorithms=["HS256"])


def _generate() -> RSAKey:
    return RSAKey.generate_key(RSA_BITS)


def _kid(key: RSAKey) -> str:
    return key.thumbprint()


def _public(key: RSAKey) -> dict[str, Any]:
    # Without `alg`, so that tokens of either algorithm can be checked with the one key.
    return {**cast("dict[str, Any]", key.as_dict(private=False)), "kid": _kid(key), "use": "sig"}
