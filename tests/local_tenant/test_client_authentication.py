"""Applications that prove who they are with a key, and tokens bound to one."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, ISSUER, Clock, Party, claims_of, refused

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def proof_key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def by_key(state: TenantState, key: RSAKey) -> None:
    client = state.clients["server"]
    client.token_endpoint_auth_method = "private_key_jwt"
    client.client_secret = None
    client.jwks = {"keys": [key.as_dict(private=False)]}


def assertion(key: Any, clock: Clock, alg: str = "RS256", **changes: Any) -> str:
    claims = {
        "iss": "server",
        "sub": "server",
        "aud": ISSUER,
        "exp": int(clock.now) + 60,
        "jti": "assertion-1",
    } | changes
    return jwt.encode({"alg": alg}, {k: v for k, v in claims.items() if v is not None}, key, algorithms=[alg])


def present(app: Flask, text: str, **fields: Any) -> TestResponse:
    body = {
        "grant_type": "client_credentials",
        "audience": f"{ISSUER}api/v2/",
        "client_assertion": text,
        "client_assertion_type": ASSERTION_TYPE,
    } | fields
    return Party(app).call("/oauth/token", {k: v for k, v in body.items() if v is not None})


@pytest.mark.usefixtures("by_key")
@pytest.mark.parametrize(
    "audience", [ISSUER, ISSUER.rstrip("/"), f"{ISSUER}oauth/token", "https://127.0.0.1:8400/"]
)
def test_an_application_authenticates_with_its_private_key(
    app: Flask, key: RSAKey, clock: Clock, audience: str
) -> None:
    assert present(app, assertion(key, clock, aud=audience)).status_code == 200


def test_a_code_is_exchanged_with_a_private_key(
    app: Flask, state: TenantState, key: RSAKey, clock: Clock
) -> None:
    client = state.clients["web"]
    client.token_endpoint_auth_method = "private_key_jwt"
    client.jwks = {"keys": [key.as_dict(private=False)]}
    web = Party(app, client_id="web")
    fields = {
        "client_assertion": assertion(key, clock, iss="web", sub="web"),
        "client_assertion_type": ASSERTION_TYPE,
    }
    assert web.exchange(web.code(), **fields).status_code == 200
    assert refused(web.exchange(web.code(), **fields))[0] == 401


@pytest.mark.usefixtures("by_key")
def test_an_assertion_is_used_once(app: Flask, key: RSAKey, clock: Clock) -> None:
    text = assertion(key, clock)
    assert present(app, text).status_code == 200
    assert refused(present(app, text)) == (401, "access_denied", "Unauthorized")


@pytest.mark.usefixtures("by_key")
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://another.example/"},
        {"aud": None},
        {"iss": "somebody"},
        {"exp": 1},
        {"exp": None},
        {"jti": None},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": None},
        {"sub": "web", "iss": "web"},
    ],
)
def test_an_assertion_that_is_not_right_is_refused(
    app: Flask, key: RSAKey, clock: Clock, changes: dict[str, Any]
) -> None:
    assert present(app, assertion(key, clock, **changes)).status_code == 401


@pytest.mark.usefixtures("by_key")
def test_neither_another_key_nor_the_public_key_as_a_secret_nor_a_client_secret_will_do(
    app: Flask, key: RSAKey, clock: Clock
) -> None:
    assert present(app, assertion(RSAKey.generate_key(2048), clock)).status_code == 401
    signed = assertion(key, clock).split(".")
    signed[0] = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode()
    mac = hmac.digest(key.as_pem(private=False), ".".join(signed[:2]).encode(), "sha256")
    forged = ".".join([*signed[:2], base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])
    assert present(app, forged).status_code == 401
    fields = {"client_id": "server", "client_secret": "server-secret"}
    assert present(app, "", client_assertion_type=None, **fields).status_code == 401


def dpop(key: ECKey, clock: Clock, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
    claims = {
        "htm": "POST",
        "htu": f"{ISSUER}oauth/token",
        "iat": int(clock.now),
        "jti": "proof-1",
    } | changes
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | (header or {})
    claims = {name: value for name, value in claims.items() if value is not None}
    return {"DPoP": jwt.encode(head, claims, key, algorithms=["ES256"])}


def test_a_proof_binds_the_token_to_its_key(party: Party, proof_key: ECKey, clock: Clock) -> None:
    answer = party.exchange(party.code(), headers=dpop(proof_key, clock))
    assert answer.json is not None
    assert answer.json["token_type"] == "DPoP"
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": proof_key.thumbprint()}


def test_a_public_clients_refresh_token_is_bound_too(party: Party, proof_key: ECKey, clock: Clock) -> None:
    code = party.code(scope="tool:report offline_access")
    first = party.exchange(code, headers=dpop(proof_key, clock))
    assert first.json is not None
    token = first.json["refresh_token"]
    assert refused(party.refresh(token))[1] == "invalid_dpop_proof"
    other = ECKey.generate_key("P-256")
    assert refused(party.refresh(token, headers=dpop(other, clock)))[1] == "invalid_dpop_proof"
    second = party.refresh(token, headers=dpop(proof_key, clock, jti="proof-2"))
    assert second.json is not None
    assert claims_of(second.json["access_token"])["cnf"] == {"jkt": proof_key.thumbprint()}


def test_a_code_can_be_bound_at_the_authorization_request(
    party: Party, proof_key: ECKey, clock: Clock
) -> None:
    bound = {"dpop_jkt": proof_key.thumbprint()}
    assert refused(party.exchange(party.code(**bound)))[1] == "invalid_dpop_proof"
    assert party.exchange(party.code(**bound), headers=dpop(proof_key, clock)).status_code == 200


@pytest.mark.parametrize(
    ("header", "changes"),
    [
        ({}, {"htm": "GET"}),
        ({}, {"htu": "https://other.example/oauth/token"}),
        ({}, {"htu": f"{ISSUER}oauth/token?x=1"}),
        ({}, {"iat": 1_800_000_000 - 61}),
        ({}, {"iat": 1_800_000_000 + 61}),
        ({}, {"iat": "now"}),
        ({}, {"jti": None}),
        ({}, {"jti": "x" * 300}),
        ({"typ": "JWT"}, {}),
        ({"jwk": {"kty": "EC"}}, {}),
        ({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, {}),
    ],
)
def test_a_proof_for_something_else_is_refused(
    party: Party, proof_key: ECKey, clock: Clock, header: dict[str, Any], changes: dict[str, Any]
) -> None:
    answer = party.exchange(party.code(), headers=dpop(proof_key, clock, header, **changes))
    assert refused(answer)[:2] == (400, "invalid_dpop_proof")


def test_a_proof_is_used_once_and_never_reveals_its_private_key(
    party: Party, proof_key: ECKey, clock: Clock
) -> None:
    assert party.exchange(party.code(), headers=dpop(proof_key, clock)).status_code == 200
    assert refused(party.exchange(party.code(), headers=dpop(proof_key, clock)))[1] == "invalid_dpop_proof"
    private = dpop(proof_key, clock, {"jwk": proof_key.as_dict(private=True)}, jti="another")
    assert refused(party.exchange(party.code(), headers=private))[1] == "invalid_dpop_proof"


@pytest.mark.parametrize("text", ["x", "a.b.c", "x" * 9000])
def test_what_is_no_proof_is_refused(party: Party, text: str) -> None:
    assert refused(party.exchange(party.code(), headers={"DPoP": text}))[1] == "invalid_dpop_proof"


def test_a_bound_token_does_not_read_the_profile_as_a_bearer_token(
    web: Party, proof_key: ECKey, clock: Clock
) -> None:
    answer = web.exchange(web.code(scope="openid"), headers=dpop(proof_key, clock))
    assert answer.json is not None
    header = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert web.get("/userinfo", headers=header).status_code == 401


def test_a_client_or_an_api_can_insist_on_proofs(party: Party, web: Party, state: TenantState) -> None:
    state.clients["web"].require_proof_of_possession = True
    assert refused(web.exchange(web.code()))[1] == "invalid_dpop_proof"
    state.resource_servers[AUDIENCE].proof_of_possession = {"mechanism": "dpop", "required": True}
    assert refused(party.exchange(party.code()))[1] == "invalid_request"


def test_a_proof_may_be_signed_with_rsa(party: Party, key: RSAKey, clock: Clock) -> None:
    head = {"alg": "RS256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    claims = {"htm": "POST", "htu": f"{ISSUER}oauth/token", "iat": int(clock.now), "jti": "by-rsa"}
    proof = {"DPoP": jwt.encode(head, claims, key, algorithms=["RS256"])}
    answer = party.exchange(party.code(), headers=proof)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": key.thumbprint()}


def test_an_opaque_token_can_be_bound_too(web: Party, proof_key: ECKey, clock: Clock) -> None:
    answer = web.exchange(web.code(resource=None, scope="openid"), headers=dpop(proof_key, clock))
    assert answer.json is not None
    assert answer.json["token_type"] == "DPoP"
    header = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert web.get("/userinfo", headers=header).status_code == 401
