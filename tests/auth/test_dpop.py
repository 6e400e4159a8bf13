"""Proofs of possession (RFC 9449)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from flask_mcp_auth0.auth.auth_info import get_auth_info
from flask_mcp_auth0.auth.challenge import Challenges
from flask_mcp_auth0.auth.dpop import PROOF_ALGORITHMS, Nonces, ProofVerifier
from flask_mcp_auth0.auth.guard import Guard
from flask_mcp_auth0.auth.origin import OriginPolicy
from flask_mcp_auth0.errors import ConfigurationError
from flask_mcp_auth0.sealing import Sealer

from .doubles import Clock, Tenant, b64, make_settings, sign

URL = "https://app.example.com/mcp"


class Store:
    """Atomic ``add`` with an expiry, by the test's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[str, float] = {}
        self.broken = False

    def add(self, key: str, value: Any, ttl: float) -> bool:
        if self.broken:
            raise ConnectionError("redis://:password@example.com is down")
        if self.kept.get(key, 0) > self._clock():
            return False
        self.kept[key] = self._clock() + ttl
        return True


class Bound:
    """An app that takes bound tokens, and a client that holds the key."""

    def __init__(
        self,
        tenant: Tenant,
        key: Any,
        *,
        mode: str = "required",
        nonces: Nonces | None = None,
        **settings: Any,
    ) -> None:
        self.tenant = tenant
        self.key = key
        self.store = Store(tenant.clock)
        read = make_settings(dpop=mode, **settings)
        proofs = ProofVerifier(read, self.store, nonces=nonces, clock=tenant.clock)
        challenges = Challenges(read, lambda: ("openid",), dpop_algorithms=PROOF_ALGORITHMS)
        self.app = Flask(__name__)
        Guard(read, tenant.verifier(), challenges, OriginPolicy(read), proofs=proofs).init_app(self.app)
        self.app.add_url_rule(
            "/mcp", "mcp", lambda: {"sub": get_auth_info().user.sub}, methods=["GET", "POST"]
        )
        self.client: FlaskClient = self.app.test_client()
        self.access_token = tenant.token(cnf={"jkt": key.thumbprint()})
        self.jti = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        self.jti += 1
        digest = hashlib.sha256(self.access_token.encode()).digest()
        claims: dict[str, Any] = {
            "jti": f"jti-{self.jti}",
            "htm": "POST",
            "htu": URL,
            "iat": int(self.tenant.clock.now),
            "ath": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def proof(
        self, *, key: Any = None, header: dict[str, Any] | None = None, alg: str = "ES256", **claims: Any
    ) -> str:
        used = key or self.key
        full = {"typ": "dpop+jwt", "alg": alg, "jwk": used.as_dict(private=False)} | (header or {})
        full = {name: value for name, value in full.items() if value is not None}
        return sign(full, json.dumps(self.claims(**claims)).encode(), used, alg)

    def post(
        self, proof: str | list[str] | None, *, scheme: str = "DPoP", token: str | None = None
    ) -> TestResponse:
        headers = [("Authorization", f"{scheme} {token or self.access_token}")]
        headers += [("DPoP", one) for one in ([proof] if isinstance(proof, str) else proof or [])]
        return self.client.post("/mcp", headers=headers)


@pytest.fixture(scope="module")
def client_key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def bound(tenant: Tenant, client_key: ECKey) -> Bound:
    return Bound(tenant, client_key)


def refused(response: TestResponse, error: str = "invalid_dpop_proof") -> bool:
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"] == error
    assert response.headers["WWW-Authenticate"].startswith("DPoP ")
    assert "resource_metadata=" in response.headers["WWW-Authenticate"]
    return True


def test_a_bound_token_with_its_proof_is_accepted(bound: Bound) -> None:
    response = bound.post(bound.proof())
    assert response.status_code == 200
    assert response.json == {"sub": "auth0|ada"}


@pytest.mark.parametrize("scheme", ["dpop", "DPOP"])
def test_the_scheme_is_compared_without_case(bound: Bound, scheme: str) -> None:
    assert bound.post(bound.proof(), scheme=scheme).status_code == 200


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-384"), "ES384"),
        (RSAKey.generate_key(2048), "RS256"),
        (RSAKey.generate_key(2048), "PS256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
    ],
)
def test_other_asymmetric_keys_do_as_well(tenant: Tenant, key: Any, alg: str) -> None:
    bound = Bound(tenant, key)
    assert bound.post(bound.proof(alg=alg)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htu": "https://app.example.com/mcp/"},
        {"htu": "https://app.example.com/other"},
        {"htu": "https://evil.example.com/mcp"},
        {"htu": "http://app.example.com/mcp"},
        {"htu": "https://app.example.com:8443/mcp"},
        {"htu": "http://localhost/mcp"},
        {"htu": "https://user@app.example.com/mcp"},
        {"htu": "https://[::1/mcp"},
        {"htu": None},
        {"htu": 7},
        {"ath": None},
        {"ath": "x"},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": float("nan")},
        {"iat": 0},
        {"iat": 10**400},
        {"iat": -(10**400)},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 257},
        {"jti": "j\ud800"},
    ],
)
def test_a_proof_for_something_else_is_refused(bound: Bound, changes: dict[str, Any]) -> None:
    assert refused(bound.post(bound.proof(**changes)))
    assert not bound.store.kept


@pytest.mark.parametrize(
    "htu", [f"{URL}?a=b#c", "HTTPS://APP.example.com/mcp", "https://app.example.com:443/mcp"]
)
def test_urls_are_compared_normalised_and_without_their_query(bound: Bound, htu: str) -> None:
    assert bound.post(bound.proof(htu=htu)).status_code == 200


def test_the_public_url_counts_and_not_the_host_header(bound: Bound) -> None:
    headers = {"Authorization": f"DPoP {bound.access_token}", "Host": "evil.example.com"}
    forged = bound.proof(htu="https://evil.example.com/mcp")
    assert bound.client.post("/mcp", headers=headers | {"DPoP": forged}).status_code == 401
    assert bound.client.post("/mcp", headers=headers | {"DPoP": bound.proof()}).status_code == 200


def test_an_app_below_a_path_is_named_with_it(tenant: Tenant, client_key: ECKey) -> None:
    bound = Bound(tenant, client_key, base_url="https://app.example.com/shop")
    assert bound.post(bound.proof(htu="https://app.example.com/shop/mcp")).status_code == 200


def test_proofs_have_their_time(bound: Bound, clock: Clock) -> None:
    now = int(clock.now)
    assert bound.post(bound.proof(iat=now - 150)).status_code == 200
    assert bound.post(bound.proof(iat=now + 30)).status_code == 200
    assert refused(bound.post(bound.proof(iat=now - 151)))
    assert refused(bound.post(bound.proof(iat=now + 31)))


def test_a_proof_is_used_once(bound: Bound) -> None:
    proof = bound.proof()
    assert bound.post(proof).status_code == 200
    assert refused(bound.post(proof))


def test_a_proof_is_remembered_for_as_long_as_it_could_be_replayed(bound: Bound, clock: Clock) -> None:
    proof = bound.proof(iat=int(clock.now) + 30)
    assert bound.post(proof).status_code == 200
    for _ in range(181):
        clock.advance(1)
        assert bound.post(proof).status_code == 401


def test_names_of_proofs_are_each_keys_own(tenant: Tenant, client_key: ECKey) -> None:
    one = Bound(tenant, client_key)
    other = Bound(tenant, ECKey.generate_key("P-256"))
    other.store.kept = one.store.kept
    assert one.post(one.proof(jti="same")).status_code == 200
    assert other.post(other.proof(jti="same")).status_code == 200


def test_what_is_remembered_names_nobody(bound: Bound) -> None:
    bound.post(bound.proof(jti="personal"))
    (key,) = bound.store.kept
    assert "personal" not in key
    assert bound.key.thumbprint() not in key


def test_while_replays_cannot_be_recognised_it_is_503(bound: Bound, caplog: pytest.LogCaptureFixture) -> None:
    bound.store.broken = True
    response = bound.post(bound.proof())
    assert response.status_code == 503
    assert "password" not in caplog.text


def test_a_proof_by_another_key_is_refused(bound: Bound) -> None:
    thief = ECKey.generate_key("P-256")
    assert refused(bound.post(bound.proof(key=thief)))
    assert refused(bound.post(bound.proof(key=thief, header={"jwk": bound.key.as_dict(private=False)})))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"jwk": None},
        {"jwk": 7},
        {"jwk": {}},
        {"jwk": OctKey.generate_key(256).as_dict(private=True)},
        {"crit": ["htm"]},
        {"b64": True},
        {"kid": 7},
    ],
)
def test_a_proof_with_a_wrong_header_is_refused(bound: Bound, header: dict[str, Any]) -> None:
    assert refused(bound.post(bound.proof(header=header)))


def test_a_proof_that_gives_its_private_key_away_is_refused(bound: Bound) -> None:
    assert refused(bound.post(bound.proof(header={"jwk": bound.key.as_dict(private=True)})))


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES512", "", None, 7])
def test_algorithms_of_proofs_are_pinned(bound: Bound, alg: Any) -> None:
    assert refused(bound.post(bound.proof(header={"alg": alg})))


@pytest.mark.parametrize("proof", [None, "", "x", "a.b.c", "a.b.c.d.e", "x" * 9000, "\xff"])
def test_what_is_no_proof_is_refused(bound: Bound, proof: str | None) -> None:
    assert refused(bound.post(proof))


def test_claims_that_are_no_object_are_refused(bound: Bound) -> None:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": bound.key.as_dict(private=False)}
    assert refused(bound.post(sign(header, b"[]", bound.key)))
    head, _, tail = bound.proof().split(".")
    assert refused(bound.post(f"{head}.{b64(json.dumps(bound.claims()).encode())}.{tail}"))


def test_two_proofs_are_refused(bound: Bound) -> None:
    assert refused(bound.post([bound.proof(), bound.proof()]))


def test_a_bad_access_token_is_refused_before_its_proof_is_read(bound: Bound) -> None:
    response = bound.post(
        bound.proof(), token=bound.tenant.token(aud="x", cnf={"jkt": bound.key.thumbprint()})
    )
    assert refused(response, "invalid_token")
    assert not bound.store.kept


# --- modes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["allowed", "required"])
def test_a_bound_token_cannot_be_sent_as_a_bearer_token(tenant: Tenant, client_key: ECKey, mode: str) -> None:
    bound = Bound(tenant, client_key, mode=mode)
    assert bound.post(None, scheme="Bearer").status_code == 401
    assert bound.post(bound.proof(), scheme="Bearer").status_code == 401


@pytest.mark.parametrize("mode", ["allowed", "required"])
@pytest.mark.parametrize("cnf", [None, {}, {"jkt": ""}, {"jkt": 7}, {"x5t#S256": "x"}, "x"])
def test_a_token_that_is_not_bound_cannot_be_sent_as_a_dpop_token(
    tenant: Tenant, client_key: ECKey, mode: str, cnf: Any
) -> None:
    bound = Bound(tenant, client_key, mode=mode)
    bound.access_token = tenant.token(cnf=cnf)
    response = bound.post(bound.proof())
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"] == "invalid_token"


def test_a_token_bound_to_a_certificate_as_well_cannot_be_checked(tenant: Tenant, client_key: ECKey) -> None:
    bound = Bound(tenant, client_key)
    bound.access_token = tenant.token(cnf={"jkt": client_key.thumbprint(), "x5t#S256": "x"})
    assert bound.post(bound.proof()).status_code == 401


def test_bearer_tokens_are_accepted_where_dpop_is_only_allowed(tenant: Tenant, client_key: ECKey) -> None:
    plain = tenant.token()
    assert (
        Bound(tenant, client_key, mode="allowed").post(None, scheme="Bearer", token=plain).status_code == 200
    )
    response = Bound(tenant, client_key, mode="required").post(None, scheme="Bearer", token=plain)
    assert refused(response, "invalid_token")


# --- nonces --------------------------------------------------------------------------------------------------


@pytest.fixture
def nonces(clock: Clock) -> Nonces:
    return Nonces(Sealer(["a secret of sixteen or more"]), clock)


def test_a_proof_without_a_nonce_is_given_one(tenant: Tenant, client_key: ECKey, nonces: Nonces) -> None:
    bound = Bound(tenant, client_key, nonces=nonces)
    response = bound.post(bound.proof())
    assert refused(response, "use_dpop_nonce")
    again = bound.post(bound.proof(nonce=response.headers["DPoP-Nonce"]))
    assert again.status_code == 200
    assert again.headers["DPoP-Nonce"]


@pytest.mark.parametrize("nonce", ["", "x", 7, ["n"]])
def test_a_nonce_that_is_not_ours_is_refused(
    tenant: Tenant, client_key: ECKey, nonces: Nonces, nonce: Any
) -> None:
    bound = Bound(tenant, client_key, nonces=nonces)
    assert refused(bound.post(bound.proof(nonce=nonce)), "use_dpop_nonce")


def test_nonces_of_another_purpose_or_key_are_not_ours(nonces: Nonces, clock: Clock) -> None:
    assert not nonces.accepts(Sealer(["a secret of sixteen or more"]).seal("session", int(clock.now)))
    assert not nonces.accepts(Sealer(["another secret altogether"]).seal("dpop-nonce", int(clock.now)))


def test_nonces_age_and_are_replaced_in_time(nonces: Nonces, clock: Clock) -> None:
    first = nonces.current()
    clock.advance(149)
    assert nonces.current() == first
    clock.advance(1)
    assert nonces.current() != first
    assert nonces.accepts(first)
    clock.advance(151)
    assert not nonces.accepts(first)


def test_another_worker_accepts_the_nonce(nonces: Nonces, clock: Clock) -> None:
    assert Nonces(Sealer(["a secret of sixteen or more"]), clock).accepts(nonces.current())


def test_nonces_need_a_key() -> None:
    with pytest.raises(ConfigurationError, match="MCP_SECRET_KEYS"):
        Nonces(Sealer([]))
