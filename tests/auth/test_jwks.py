"""Importing the tenant's keys and following them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from flask_mcp_auth0.auth.jwks import parse_key_set
from flask_mcp_auth0.auth.remote_document import DocumentError
from flask_mcp_auth0.auth.token_errors import UnknownKey
from flask_mcp_auth0.errors import AuthorizationUnavailable
from flask_mcp_auth0.outbound import OutboundError

from .doubles import JWKS, Clock, Tenant


@pytest.fixture
def jwk(rsa_key: RSAKey) -> dict[str, Any]:
    return dict(rsa_key.as_dict(private=False))


def test_a_key_is_found_by_its_name(jwk: dict[str, Any], rsa_key: RSAKey) -> None:
    snapshot = parse_key_set({"keys": [jwk]})
    assert snapshot.find(rsa_key.kid, "RS256").key.thumbprint() == rsa_key.thumbprint()


@pytest.mark.parametrize(
    "odd",
    [
        7,
        None,
        [],
        {},
        {"kty": "XYZ"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": 7, "e": "AQAB"},
        {"kty": "RSA", "n": "!!", "e": "AQAB"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "shared", "alg": "HS256"},
    ],
)
def test_exotic_keys_are_skipped(jwk: dict[str, Any], rsa_key: RSAKey, odd: Any) -> None:
    snapshot = parse_key_set({"keys": [odd, jwk]})
    assert snapshot.find(rsa_key.kid, "RS256")
    with pytest.raises(DocumentError, match="no usable key"):
        parse_key_set({"keys": [odd]})


def test_symmetric_keys_are_never_imported() -> None:
    key = OctKey.generate_key(256, {"kid": "shared", "alg": "HS256"})
    with pytest.raises(DocumentError):
        parse_key_set({"keys": [key.as_dict(private=True)]})


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"use": 7},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"alg": "RSA-OAEP"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": 7},
        {"kid": 7},
    ],
)
def test_keys_that_are_not_for_signatures_are_skipped(jwk: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="no usable key"):
        parse_key_set({"keys": [jwk | changes]})


def test_a_key_may_leave_out_what_it_is_for(jwk: dict[str, Any], rsa_key: RSAKey) -> None:
    bare = {name: jwk[name] for name in ("kty", "n", "e", "kid")}
    assert parse_key_set({"keys": [bare]}).find(rsa_key.kid, "PS512")


def test_a_published_private_key_is_not_trusted(rsa_key: RSAKey, ec_key: ECKey) -> None:
    okp = OKPKey.generate_key("Ed25519")
    for key in (rsa_key, ec_key, okp):
        with pytest.raises(DocumentError):
            parse_key_set({"keys": [key.as_dict(private=True)]})


def test_weak_and_oversized_rsa_keys_are_skipped(jwk: dict[str, Any]) -> None:
    for n in ("A" * 342, "_" * 171, "_" * 1400):
        with pytest.raises(DocumentError):
            parse_key_set({"keys": [jwk | {"n": n}]})
    with pytest.raises(DocumentError):
        parse_key_set({"keys": [jwk | {"e": "_" * 40}]})
    with pytest.raises(DocumentError):
        parse_key_set({"keys": [jwk | {"e": "AQ"}]})  # 1: every number is its own signature


@pytest.mark.parametrize("raw", [None, 7, [], {}, {"keys": {}}, {"keys": None}, {"keys": []}])
def test_what_is_no_key_set_is_refused(raw: Any) -> None:
    with pytest.raises(DocumentError):
        parse_key_set(raw)


def test_a_flood_of_keys_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="more than 100"):
        parse_key_set({"keys": [jwk] * 101})


def test_two_keys_of_one_name_are_told_apart_by_their_type(jwk: dict[str, Any], ec_key: ECKey) -> None:
    entries = [jwk | {"kid": "same"}, dict(ec_key.as_dict(private=False)) | {"kid": "same"}]
    snapshot = parse_key_set({"keys": entries})
    assert snapshot.find("same", "RS256").kty == "RSA"
    assert snapshot.find("same", "ES256").kty == "EC"
    with pytest.raises(UnknownKey):
        snapshot.find("same", "EdDSA")


def test_a_key_checks_nothing_but_its_own_algorithm(jwk: dict[str, Any], rsa_key: RSAKey) -> None:
    key = parse_key_set({"keys": [jwk]}).find(rsa_key.kid, "RS256")
    for algorithm in ("HS256", "none", "PS256", "ES256", "nonsense"):
        assert not key.verify(algorithm, b"input", b"signature")


# --- following -----------------------------------------------------------------------------------------------


def test_keys_are_imported_once(tenant: Tenant, clock: Clock) -> None:
    keys = tenant.signing_keys()
    first = keys.current()
    clock.advance(600)
    assert keys.current() is first
    assert tenant.outbound.asked[JWKS] == 2


def test_a_changed_set_is_a_new_snapshot(tenant: Tenant, clock: Clock, other_key: RSAKey) -> None:
    keys = tenant.signing_keys()
    first = keys.current()
    tenant.publish(other_key)
    clock.advance(600)
    assert keys.current() is not first


def test_the_set_that_was_just_fetched_need_not_be_fetched_again(tenant: Tenant) -> None:
    with pytest.raises(UnknownKey):
        tenant.signing_keys().find("unknown", "RS256")
    assert tenant.outbound.asked[JWKS] == 1


def test_an_unknown_name_is_asked_for_once_and_then_known_to_be_absent(tenant: Tenant, clock: Clock) -> None:
    keys = tenant.signing_keys()
    keys.current()
    for _ in range(5):
        with pytest.raises(UnknownKey):
            keys.find("unknown", "RS256")
    assert tenant.outbound.asked[JWKS] == 2
    clock.advance(30)
    with pytest.raises(UnknownKey):
        keys.find("unknown", "RS256")
    assert tenant.outbound.asked[JWKS] == 3


def test_a_flood_of_unknown_names_does_not_reach_the_tenant(tenant: Tenant) -> None:
    keys = tenant.signing_keys()
    keys.current()
    outcomes = set()
    for number in range(1000):
        try:
            keys.find(f"kid-{number}", "RS256")
        except (UnknownKey, AuthorizationUnavailable) as error:
            outcomes.add(type(error))
    assert tenant.outbound.asked[JWKS] == 2
    assert outcomes == {UnknownKey, AuthorizationUnavailable}
    assert len(keys._absent) <= 256


def test_names_that_are_absent_are_bounded(
    tenant: Tenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_mcp_auth0.auth.jwks._MAX_ABSENT", 3)
    keys = tenant.signing_keys()
    for number in range(6):
        clock.advance(31)
        with pytest.raises(UnknownKey):
            keys.find(f"kid-{number}", "RS256")
    assert list(keys._absent) == ["kid-3", "kid-4", "kid-5"]


def test_a_name_is_not_refused_before_the_tenant_answered_for_it(
    tenant: Tenant, clock: Clock, other_key: RSAKey, rsa_key: RSAKey
) -> None:
    keys = tenant.signing_keys()
    keys.current()
    with pytest.raises(UnknownKey):
        keys.find("garbage", "RS256")
    tenant.publish(rsa_key, other_key)  # rotated right after
    clock.advance(10)
    with pytest.raises(AuthorizationUnavailable) as caught:
        keys.find(other_key.kid, "RS256")
    assert caught.value.retry_after == 20
    clock.advance(20)
    assert keys.find(other_key.kid, "RS256")


@pytest.mark.parametrize("answer", [OutboundError("down"), {"keys": []}, {"keys": "x"}, []])
def test_while_the_set_cannot_be_fetched_an_unknown_name_is_nobodys_fault(
    tenant: Tenant, answer: Any
) -> None:
    keys = tenant.signing_keys()
    known = tenant.keys[0].kid
    keys.current()
    tenant.outbound.documents[JWKS] = answer
    for _ in range(3):
        with pytest.raises(AuthorizationUnavailable):
            keys.find("unknown", "RS256")
    assert keys.find(known, "RS256")
    assert tenant.outbound.asked[JWKS] == 2


def test_a_failed_question_is_asked_again_after_the_pause(
    tenant: Tenant, clock: Clock, other_key: RSAKey
) -> None:
    keys = tenant.signing_keys()
    keys.current()
    tenant.outbound.down = True
    with pytest.raises(AuthorizationUnavailable):
        keys.find(other_key.kid, "RS256")
    tenant.outbound.down = False
    tenant.publish(other_key)
    clock.advance(30)
    assert keys.find(other_key.kid, "RS256")


def test_threads_that_meet_a_rotated_key_share_one_fetch(tenant: Tenant, other_key: RSAKey) -> None:
    keys = tenant.signing_keys()
    keys.current()
    tenant.publish(other_key)
    entered, proceed = threading.Event(), threading.Event()
    fetch = tenant.outbound.get_json

    def slow(url: str, **how: Any) -> Any:
        entered.set()
        assert proceed.wait(10)
        return fetch(url, **how)

    tenant.outbound.get_json = slow  # type: ignore[method-assign]
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(bool(keys.find(other_key.kid, "RS256"))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    proceed.set()
    for thread in threads:
        thread.join(10)
    assert found == [True] * 8
    assert tenant.outbound.asked[JWKS] == 2


def test_a_moved_key_set_is_found_again(tenant: Tenant, clock: Clock, other_key: RSAKey) -> None:
    keys = tenant.signing_keys()
    keys.current()
    moved = "https://tenant.example.com/keys-v2"
    tenant.outbound.documents["https://tenant.example.com/.well-known/openid-configuration"]["jwks_uri"] = (
        moved
    )
    tenant.outbound.documents[moved] = {"keys": [other_key.as_dict(private=False)]}
    del tenant.outbound.documents[JWKS]
    clock.advance(600)
    assert keys.find(other_key.kid, "RS256")
