"""Values that leave the process and come back, or rest where others can read: encrypted and authenticated.

Session ids, request states, what goes to the shared store and tokens that workers share all pass through
:class:`Sealer`. Each purpose has a key of its own, derived with HKDF (RFC 5869) from the configured secrets.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_LENGTH = 12


class SealError(Exception):
    """The text was not sealed by us for this purpose and context, or was changed on its way."""


class Sealer:
    """Seals JSON values with AES-256-GCM. Safe to share between threads: it holds only derived keys.

    :param secrets: secret texts, newest first: the first one seals, all of them open.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._ciphers: dict[str, tuple[AESGCM, ...]] = {}

    def __repr__(self) -> str:
        return f"<Sealer with {len(self._secrets)} keys>"

    @property
    def available(self) -> bool:
        """Whether there is any key to seal with."""
        return bool(self._secrets)

    def seal(self, purpose: str, value: Any, *, context: str = "") -> str:
        """Encrypt and authenticate a JSON value.

        :param purpose: selects the key; a value sealed for one purpose cannot be opened for another.
        :param context: bound to the value without being in it; the same must be given to open it.
        :return: URL-safe ASCII without padding.
        :raises SealError: if there is no key.
        """
        nonce = os.urandom(_NONCE_LENGTH)
        plain = json.dumps(value, separators=(",", ":")).encode()
        sealed = nonce + self._of(purpose)[0].encrypt(nonce, plain, context.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, purpose: str, text: str, *, context: str = "") -> Any:
        """Return the value that :meth:`seal` was given.

        :raises SealError: if the text is not ours, was changed, or was sealed for something else.
        """
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise SealError("not a sealed value") from error
        nonce, encrypted = sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:]
        if len(nonce) < _NONCE_LENGTH:
            raise SealError("not a sealed value")
        for cipher in self._of(purpose):
            try:
                plain = cipher.decrypt(nonce, encrypted, context.encode())
            except InvalidTag:
                continue
            return json.loads(plain)
        raise SealError("sealed by somebody else, for something else, or changed since")

    def _of(self, purpose: str) -> tuple[AESGCM, ...]:
        ciphers = self._ciphers.get(purpose)
        if ciphers is None:
            if not self._secrets:
                raise SealError("no key: set MCP_SECRET_KEYS or SECRET_KEY")
            ciphers = tuple(AESGCM(_derive(secret, purpose)) for secret in self._secrets)
            self._ciphers[purpose] = ciphers
        return ciphers


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"flask-mcp-auth0:" + purpose.encode()).derive(
        secret
    )
