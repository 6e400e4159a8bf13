"""Verifying access tokens (RFC 7519, RFC 9068, RFC 8725, OAuth 2.1 §5.2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..per_process import lock_per_process
from ..settings import Settings
from .auth_info import AuthInfo
from .claims import ClaimRules, auth_info_of
from .discovery import AuthorizationServer
from .jwks import KeySnapshot, SigningKeys
from .token_errors import BoundToken, TokenExpired, TokenInvalid, TokenMissing
from .token_shape import MAX_LENGTH, check_header, take_apart

#: How many verified tokens are remembered in one process.
_MAX_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class _Verified:
    info: AuthInfo
    snapshot: KeySnapshot


class TokenVerifier:
    """Tells who sent a token. Safe to share between threads, and after a fork.

    A token that was verified is remembered by its SHA-256, as long as it lives and the tenant's key set stays
    as it is: a revoked key takes its tokens with it. Records are immutable; a lock of each process guards what adds and
    drops them.

    :param server: whose tokens are accepted.
    :param keys: what they are signed with.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        server: AuthorizationServer,
        keys: SigningKeys,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._algorithms = frozenset(settings.algorithms)
        self._leeway = settings.leeway
        self._rules = ClaimRules(settings.audience, settings.leeway, settings.organizations)
        self._server = server
        self._keys = keys
        self._clock = clock
        self._remembered: dict[bytes, _Verified] = {}
        self._lock = lock_per_process()

    def verify(self, token: str) -> AuthInfo:
        """Return what a bearer token says.

        :param token: the text after ``Bearer``.
        :raises TokenError: if it is not a valid access token for this server.
        :raises BoundToken: if it is valid, but bound to a key of its sender (RFC 7800): as a bearer token it
            may have been stolen.
        :raises AuthorizationUnavailable: if that cannot be known now.
        """
        info = self.examine(token)
        if "cnf" in info.user.claims:
            raise BoundToken(
                "The access token is bound to a key of its sender (cnf) and not accepted as a bearer token."
            )
        return info

    def examine(self, token: str) -> AuthInfo:
        """Return what a token says, bound to a key or not. The caller must check the binding.

        :raises TokenError: as :meth:`verify` does.
        :raises AuthorizationUnavailable: as :meth:`verify` does.
        """
        if not token:
            raise TokenMissing
        if len(token) > MAX_LENGTH:
            raise TokenInvalid(f"The access token is longer than {MAX_LENGTH} characters.")
        digest = sha256(token.encode("utf-8", "replace")).digest()
        remembered = self._remembered.get(digest)
        if remembered is not None and remembered.snapshot is self._keys.current():
            if self._clock() - self._leeway >= remembered.info.expires_at:
                raise TokenExpired
            return remembered.info
        return self._verified(token, digest)

    def _verified(self, token: str, digest: bytes) -> AuthInfo:
        signed = take_apart(token)
        check_header(signed)
        algorithm = signed.algorithm
        if algorithm not in self._algorithms:
            raise TokenInvalid(
                f"The access token is not signed with {' or '.join(sorted(self._algorithms))}. At Auth0, set "
                "the API's signing algorithm."
            )
        claims = signed.claims()
        # An unknown key costs a question to the tenant, which a token that is bad anyway must not cause.
        snapshot, key = self._keys.find(signed.kid, algorithm, worth_asking=lambda: self._check(claims))
        if not key.verify(algorithm, signed.signing_input, signed.signature):
            raise TokenInvalid("The access token's signature is wrong.")
        self._check(claims)
        info = auth_info_of(token, claims)
        self._remember(digest, _Verified(info, snapshot))
        return info

    def _check(self, claims: Mapping[str, Any]) -> None:
        self._rules.check(claims, self._server.issuer(), self._clock())

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        with self._lock.get():
            remembered = self._remembered
            if remembered and next(iter(remembered.values())).snapshot is not verified.snapshot:
                remembered.clear()
            while len(remembered) >= _MAX_REMEMBERED:
                del remembered[next(iter(remembered))]
            remembered[digest] = verified
