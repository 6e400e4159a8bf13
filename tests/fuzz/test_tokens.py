"""Tokens and the documents that they are checked with: nothing forged gets in, nothing malformed gets out as 5xx."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import random
import time
from typing import Any

import pytest
from hypothesis import given
from joserfc.jwk import ECKey, RSAKey

from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.jwks import parse_key_set
from flask_mcp_auth0.auth.remote_document import DocumentError
from flask_mcp_auth0.auth.token_errors import TokenError
from flask_mcp_auth0.errors import AuthorizationUnavailable

from ..auth.doubles import AUDIENCE, ISSUER, JWKS, OIDC, Clock, Tenant, b64, sign
from .conftest import Last
from .effort import BATCH, bounded, cases
from .gateway import send
from .mutation import bent, mutated, odd, torn, written
from .target import Target
from .test_messages import judged, seeds


@pytest.fixture(scope="module")
def foreign_key() -> RSAKey:
    """A key that the tenant does not publish."""
    return RSAKey.generate_key(2048, auto_kid=True)


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {"iss": ISSUER, "sub": "auth0|ada", "aud": AUDIENCE, "azp": "c", "iat": now, "exp": now + 3600}
    return base | {"scope": "openid", "permissions": ["tool:guarded"]} | changes


def _sendable(text: str) -> str:
    return "".join(char for char in text if " " <= char <= "\xff")


def _ask(target: Target, authorization: str, last: Last) -> int:
    body, headers = target.modern("tools/call", {"name": "guarded", "arguments": {}})
    headers["Authorization"] = _sendable(authorization)
    sent = json.dumps(body).encode()
    answer = send(target.app, sent, headers)
    # A key of an unknown name may have been published a moment ago: until the tenant is asked again, nobody knows.
    judged(answer, sent, headers, last, unavailable=True)
    return answer.status


@bounded(20)
@given(seed=seeds)
def test_a_changed_token_never_gets_in(seed: int, target: Target, last_error: Last) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        cases["changed tokens"] += 1
        changed = _sendable(bent(target.token, turn))
        if changed.strip() != target.token:
            assert _ask(target, f"Bearer {changed}", last_error) == 401, changed


@bounded(40)
@given(seed=seeds)
def test_a_forged_token_never_gets_in(
    seed: int, target: Target, last_error: Last, fuzz_key: RSAKey, foreign_key: RSAKey
) -> None:
    turn = random.Random(seed)
    public = fuzz_key.as_pem(private=False)
    good = {"alg": "RS256", "typ": "JWT", "kid": fuzz_key.kid}
    for _ in range(8):
        header: Any = mutated(good, turn, turn.randrange(3))
        if turn.random() < 0.5 and isinstance(header, dict):
            extra = turn.choice(
                ("jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "alg", "typ", "kid")
            )
            evil = foreign_key.as_dict(private=False)
            header[extra] = turn.choice(
                ("none", "None", "HS256", "PS512", evil, "https://evil.example/jwks", ["exp"], odd(turn))
            )
        head = written(header, turn)
        signing_input = f"{b64(head)}.{b64(json.dumps(_claims()).encode())}"
        how = turn.randrange(4)
        if how == 0:
            forged = f"{signing_input}."
        elif how == 1:
            forged = (
                f"{signing_input}.{b64(hmac.new(public, signing_input.encode(), hashlib.sha256).digest())}"
            )
        elif how == 2:
            forged = sign({"alg": "RS256", "kid": fuzz_key.kid}, json.dumps(_claims()).encode(), foreign_key)
        else:
            forged = f"{signing_input}.{target.token.rpartition('.')[2]}"
        cases["forged tokens"] += 1
        assert _ask(target, f"Bearer {forged}", last_error) in (401, 503), forged
    target.bounds()


@bounded(15, share=0.1)
@given(seed=seeds)
def test_well_signed_nonsense_is_refused_or_understood(
    seed: int, target: Target, last_error: Last, fuzz_key: RSAKey
) -> None:
    turn = random.Random(seed)
    header = {"alg": "RS256", "typ": "JWT", "kid": fuzz_key.kid}
    for _ in range(5):
        claims = mutated(_claims(), turn, turn.randrange(1, 4))
        if turn.random() < 0.3 and isinstance(claims, dict):
            claims[turn.choice(("org_id", "cnf", "act", "nbf", "gty", "name", "email", "nonce"))] = odd(turn)
        token = sign(header, written(claims, turn), fuzz_key)
        cases["signed nonsense"] += 1
        if len(token) < 17_000:
            assert _ask(target, f"Bearer {token}", last_error) in (200, 401)


@bounded(20)
@given(seed=seeds)
def test_any_key_set_and_any_discovery_document_is_used_or_refused(seed: int, fuzz_key: RSAKey) -> None:
    turn = random.Random(seed)
    ec = ECKey.import_key(_EC)
    good = {"keys": [{**fuzz_key.as_dict(private=False)}, {**ec.as_dict(private=False)}]}
    tenant = Tenant(fuzz_key, clock=Clock())
    token = tenant.token()
    for _ in range(BATCH):
        document = mutated(good, turn, turn.randrange(4))
        discovery = mutated(
            {"issuer": ISSUER, "jwks_uri": JWKS, "token_endpoint": ISSUER + "oauth/token"},
            turn,
            turn.randrange(3),
        )
        cases["key sets and discovery documents"] += 1
        with contextlib.suppress(DocumentError):
            parse_key_set(document)
        tenant.outbound.documents |= {JWKS: document, OIDC: discovery}
        tenant.backend.clear()
        verifier = tenant.verifier()
        try:
            assert verifier.verify(token).issuer == ISSUER
        except (TokenError, AuthorizationUnavailable):
            pass
        except UnicodeEncodeError as error:
            # Only the double writes JSON that it could not send.
            if "surrogate" not in str(error):
                raise


@bounded(20)
@given(seed=seeds)
def test_a_poisoned_cache_never_lets_a_foreign_key_in(seed: int, fuzz_key: RSAKey) -> None:
    turn = random.Random(seed)
    tenant = Tenant(fuzz_key, clock=Clock())
    token = tenant.token()
    tenant.verifier().verify(token)
    kept = {key: tenant.backend.get(key) for key in list(tenant.backend._cache)}
    for _ in range(BATCH):
        for key, text in kept.items():
            tenant.backend.set(key, torn(text.encode(), turn).decode("utf-8", "replace"))
        cache = LookupCache(tenant.backend, clock=tenant.clock)
        name = turn.choice(list(kept))
        tenant.backend.set(
            name,
            turn.choice(
                (written(mutated([1, 2e9, {"fetched_at": 1, "document": {}}], turn, 2), turn), odd(turn))
            ),
        )
        cases["cache entries"] += 1
        cache.get(name)
        with contextlib.suppress(TokenError, AuthorizationUnavailable):
            assert tenant.verifier().verify(token).user.sub == "auth0|ada"


_EC = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "ec",
    "use": "sig",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
