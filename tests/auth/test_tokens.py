"""Verifying access tokens."""

from __future__ import annotations

import hmac
import json
import sys
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth.claims import auth_info_of
from flask_mcp_auth0.auth.token_errors import (
    BoundToken,
    EncryptedToken,
    NotAnAccessToken,
    OpaqueToken,
    TokenError,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongOrganization,
)
from flask_mcp_auth0.errors import AuthorizationUnavailable

from ..forked import in_child
from .doubles import AUDIENCE, ISSUER, JWKS, Clock, Tenant, b64, sign


def test_a_good_token_tells_who_is_calling(tenant: Tenant) -> None:
    token = tenant.token(
        name="Ada",
        email="ada@example.com",
        permissions=["tool:a", "tool:b"],
        org_id="org_1",
        team={"id": [1]},
    )
    info = tenant.verifier().verify(token)
    assert info.token == token
    assert (info.client_id, info.issuer, info.organization) == ("client-1", ISSUER, "org_1")
    assert info.scopes == ("openid", "profile")
    assert info.permissions == ("tool:a", "tool:b")
    assert info.has_permissions_claim
    assert not info.is_machine
    assert info.expires_at == tenant.clock.now + 3600
    assert (info.user.sub, info.user.name, info.user.email) == ("auth0|ada", "Ada", "ada@example.com")
    assert info.user["team"]["id"] == (1,)


def test_the_claims_of_a_remembered_token_cannot_be_changed(tenant: Tenant) -> None:
    info = tenant.verifier().verify(tenant.token(team={"id": [1]}))
    with pytest.raises(TypeError):
        info.user["team"]["id"] = 2
    with pytest.raises(TypeError):
        info.user.claims["sub"] = "auth0|eve"  # type: ignore[index]


def test_a_token_is_in_no_repr_and_in_no_error(tenant: Tenant) -> None:
    token = tenant.token()
    assert token not in repr(tenant.verifier().verify(token))
    with pytest.raises(TokenError) as caught:
        tenant.verifier().verify(tenant.token(aud="https://elsewhere.example.com", secret="s3cret"))
    assert "elsewhere" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_client_id_is_taken_before_azp(tenant: Tenant) -> None:
    assert tenant.verifier().verify(tenant.token(client_id="client-2")).client_id == "client-2"


def test_scope_and_permissions_stay_apart(tenant: Tenant) -> None:
    info = tenant.verifier().verify(tenant.token(scope="tool:read", permissions=["tool:delete"]))
    assert info.scopes == ("tool:read",)
    assert info.permissions == ("tool:delete",)


def test_a_token_without_permissions_says_so(tenant: Tenant) -> None:
    assert not tenant.verifier().verify(tenant.token()).has_permissions_claim


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], [AUDIENCE, f"{ISSUER}userinfo"]])
def test_the_audience_may_be_one_text_or_a_list(tenant: Tenant, aud: Any) -> None:
    assert tenant.verifier().verify(tenant.token(aud=aud))


@pytest.mark.parametrize(
    "aud",
    [
        "https://app.example.com",
        "https://app.example.com/mcp/",
        "https://app.example.com/mcp/admin",
        "https://app.example.com/MCP",
        f" {AUDIENCE}",
        [],
        [f"{ISSUER}userinfo"],
    ],
)
def test_a_token_for_another_audience_is_refused(tenant: Tenant, aud: Any) -> None:
    with pytest.raises(WrongAudience, match=r"exactly https://app\.example\.com/mcp"):
        tenant.verifier().verify(tenant.token(aud=aud))


def test_a_trailing_slash_too_many_is_pointed_out(tenant: Tenant) -> None:
    with pytest.raises(WrongAudience, match="trailing slash"):
        tenant.verifier().verify(tenant.token(aud=f"{AUDIENCE}/"))


def test_an_audience_that_is_the_client_itself_is_pointed_out(tenant: Tenant) -> None:
    with pytest.raises(WrongAudience, match="ID token"):
        tenant.verifier().verify(tenant.token(aud="client-1"))


@pytest.mark.parametrize("aud", [None, 7, {"a": 1}, [AUDIENCE, 7]])
def test_a_malformed_audience_is_refused(tenant: Tenant, aud: Any) -> None:
    with pytest.raises(TokenInvalid, match="aud"):
        tenant.verifier().verify(tenant.token(aud=aud))


@pytest.mark.parametrize(
    "iss", [ISSUER.rstrip("/"), "https://evil.example.com/", ISSUER.upper(), f"{ISSUER}x", None, 5, [ISSUER]]
)
def test_another_issuer_is_refused(tenant: Tenant, iss: Any) -> None:
    with pytest.raises(WrongIssuer):
        tenant.verifier().verify(tenant.token(iss=iss))


def test_a_token_without_exp_is_refused(tenant: Tenant) -> None:
    with pytest.raises(TokenInvalid, match="exp"):
        tenant.verifier().verify(tenant.token(exp=None))


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", '"1900000000"', "true", "-1", "1e13", "{}"]
)
def test_an_exp_that_is_no_time_is_refused(tenant: Tenant, text: str) -> None:
    payload = json.dumps(tenant.claims(exp="EXP")).replace('"EXP"', text).encode()
    with pytest.raises(TokenInvalid) as caught:
        tenant.verifier().verify(tenant.signed(payload))
    assert not isinstance(caught.value, TokenExpired)


def test_an_exp_of_thousands_of_digits_is_refused(tenant: Tenant) -> None:
    payload = json.dumps(tenant.claims(exp="EXP")).replace('"EXP"', "9" * 6000).encode()
    with pytest.raises(TokenInvalid):
        tenant.verifier().verify(tenant.signed(payload))


def test_an_expired_token_is_told_from_a_bad_one(tenant: Tenant) -> None:
    with pytest.raises(TokenExpired) as caught:
        tenant.verifier().verify(tenant.token(exp=int(tenant.clock.now) - 31))
    assert caught.value.error == "token_expired"
    assert caught.value.challenge_error == "invalid_token"


def test_clocks_may_differ_by_the_leeway(tenant: Tenant) -> None:
    now = int(tenant.clock.now)
    verifier = tenant.verifier(leeway=30)
    assert verifier.verify(tenant.token(exp=now - 29))
    assert verifier.verify(tenant.token(nbf=now + 30, iat=now + 30))
    with pytest.raises(TokenExpired):
        verifier.verify(tenant.token(exp=now - 30))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused(tenant: Tenant, claim: str) -> None:
    claims: dict[str, Any] = {claim: int(tenant.clock.now) + 31}
    with pytest.raises(TokenInvalid, match=claim):
        tenant.verifier().verify(tenant.token(**claims))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_date_that_is_a_text_is_refused(tenant: Tenant, claim: str) -> None:
    claims: dict[str, Any] = {claim: "yesterday"}
    with pytest.raises(TokenInvalid, match=claim):
        tenant.verifier().verify(tenant.token(**claims))


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_access_tokens_are_accepted(tenant: Tenant, typ: str | None) -> None:
    assert tenant.verifier().verify(tenant.token(header={"typ": typ}))


@pytest.mark.parametrize(
    "typ", ["dpop+jwt", "id_token", "rt+jwt", "logout+jwt", "application/jwt", "", 7, ["JWT"]]
)
def test_other_types_are_refused(tenant: Tenant, typ: Any) -> None:
    with pytest.raises(NotAnAccessToken):
        tenant.verifier().verify(tenant.token(header={"typ": typ}))


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}, {"token_use": "id"}, {"token_use": "refresh"}],
)
def test_an_id_token_is_refused_though_its_audience_is_right(tenant: Tenant, claims: dict[str, Any]) -> None:
    with pytest.raises(NotAnAccessToken):
        tenant.verifier().verify(tenant.token(**claims))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}])
def test_critical_extensions_are_refused(tenant: Tenant, header: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid, match="crit"):
        tenant.verifier().verify(tenant.token(header=header))


def test_unknown_header_members_are_ignored(tenant: Tenant) -> None:
    assert tenant.verifier().verify(tenant.token(header={"x-vendor": {"a": 1}, "long": "x" * 1000}))


# --- signatures ----------------------------------------------------------------------------------------------


def test_a_changed_payload_is_refused(tenant: Tenant) -> None:
    head, _, tail = tenant.token().split(".")
    forged = b64(json.dumps(tenant.claims(sub="auth0|root")).encode())
    with pytest.raises(TokenInvalid, match="signature"):
        tenant.verifier().verify(f"{head}.{forged}.{tail}")


def test_every_other_last_character_of_a_signature_is_refused(tenant: Tenant) -> None:
    token = tenant.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    verifier = tenant.verifier()
    for char in alphabet.replace(token[-1], ""):
        with pytest.raises(TokenInvalid):
            verifier.verify(token[:-1] + char)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, 7, ["RS256"], "HS256", "RS512", "ES256"])
def test_algorithms_are_pinned(tenant: Tenant, alg: Any) -> None:
    head = b64(json.dumps({"alg": alg, "typ": "JWT", "kid": tenant.keys[0].kid}).encode())
    body = b64(json.dumps(tenant.claims()).encode())
    for tail in ("", b64(b"signature")):
        with pytest.raises(TokenInvalid):
            tenant.verifier().verify(f"{head}.{body}.{tail}")


def test_the_public_key_is_no_shared_secret(tenant: Tenant, rsa_key: RSAKey) -> None:
    header = {"alg": "HS256", "typ": "JWT", "kid": rsa_key.kid}
    signing_input = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(tenant.claims()).encode())}"
    mac = hmac.new(rsa_key.as_pem(private=False), signing_input.encode(), "sha256").digest()
    token = f"{signing_input}.{b64(mac)}"
    with pytest.raises(TokenInvalid):
        tenant.verifier().verify(token)
    with pytest.raises(TokenInvalid):  # not even where somebody built settings by hand that allow it
        tenant.verifier(algorithms=("RS256", "HS256")).verify(token)


def test_an_algorithm_of_the_same_key_type_that_the_key_is_not_for_is_refused(tenant: Tenant) -> None:
    with pytest.raises(UnknownKey):  # the JWK says RS256
        tenant.verifier().verify(tenant.token(alg="PS256"))


@pytest.mark.parametrize("alg", ["RS384", "PS256", "PS512"])
def test_a_key_that_names_no_algorithm_takes_all_of_its_type(tenant: Tenant, alg: str) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    tenant.publish(key)
    assert tenant.verifier(algorithms=(alg,)).verify(tenant.token(key=key, alg=alg))


@pytest.mark.parametrize(("curve", "alg"), [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")])
def test_elliptic_curves_are_accepted_where_configured(tenant: Tenant, curve: Any, alg: str) -> None:
    key = ECKey.generate_key(curve, auto_kid=True)
    tenant.publish(key)
    token = tenant.token(key=key, alg=alg)
    assert tenant.verifier(algorithms=(alg,)).verify(token)
    with pytest.raises(TokenInvalid, match="not signed with PS256 or RS256"):
        tenant.verifier().verify(token)


def test_edwards_curves_are_accepted_where_configured(tenant: Tenant) -> None:
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    tenant.publish(key)
    assert tenant.verifier(algorithms=("EdDSA",)).verify(tenant.token(key=key, alg="EdDSA"))


def test_a_curve_that_is_not_the_algorithms_is_refused(tenant: Tenant) -> None:
    key = ECKey.generate_key("P-384", auto_kid=True)
    tenant.publish(key)
    token = sign({"alg": "ES256", "kid": key.kid}, json.dumps(tenant.claims()).encode(), key, "ES384")
    with pytest.raises(UnknownKey):
        tenant.verifier(algorithms=("ES256", "ES384")).verify(token)


def test_keys_in_the_header_are_not_believed(tenant: Tenant, other_key: RSAKey) -> None:
    for header in (
        {"jwk": other_key.as_dict(private=False)},
        {"jku": "https://evil.example.com/jwks.json"},
        {"x5u": "https://evil.example.com/cert.pem", "x5c": ["AAAA"]},
    ):
        with pytest.raises(UnknownKey):
            tenant.verifier().verify(tenant.token(key=other_key, header=header))
        with pytest.raises(TokenInvalid, match="signature"):
            tenant.verifier().verify(tenant.token(key=other_key, header=header | {"kid": tenant.keys[0].kid}))
    assert not [url for url in tenant.outbound.asked if "evil" in url]


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "\x00", "k" * 512])
def test_odd_key_names_are_names_like_any(tenant: Tenant, kid: str) -> None:
    with pytest.raises(UnknownKey):
        tenant.verifier().verify(tenant.token(header={"kid": kid}))


@pytest.mark.parametrize("kid", [7, ["a"], {}, "", "k" * 513, True])
def test_a_key_name_that_is_no_name_is_refused(tenant: Tenant, kid: Any) -> None:
    with pytest.raises(TokenInvalid, match="key id"):
        tenant.verifier().verify(tenant.token(header={"kid": kid}))
    assert tenant.outbound.asked[JWKS] == 0


def test_a_token_without_a_key_name_needs_a_set_of_one(
    tenant: Tenant, rsa_key: RSAKey, other_key: RSAKey
) -> None:
    token = tenant.token(header={"kid": None})
    assert tenant.verifier().verify(token)
    tenant.publish(rsa_key, other_key)
    tenant.backend.clear()
    with pytest.raises(TokenInvalid, match="kid"):
        tenant.verifier().verify(token)


# --- shapes --------------------------------------------------------------------------------------------------


def test_an_encrypted_token_is_explained(tenant: Tenant) -> None:
    head = b64(json.dumps({"alg": "dir", "enc": "A256GCM", "iss": ISSUER}).encode())
    with pytest.raises(EncryptedToken, match="resource"):
        tenant.verifier().verify(f"{head}..aXY.Y2lwaGVy.dGFn")


@pytest.mark.parametrize(
    "token", ["aBcDeF0123456789-_aBcDeF", "v1.MjAyNi1yZWZyZXNo", "a.b.c", "a.b.c.d", "!"]
)
def test_an_opaque_token_is_explained(tenant: Tenant, token: str) -> None:
    with pytest.raises((OpaqueToken, TokenInvalid)):
        tenant.verifier().verify(token)
    assert tenant.outbound.asked.total() == 0


def test_an_empty_token_is_none(tenant: Tenant) -> None:
    with pytest.raises(TokenMissing):
        tenant.verifier().verify("")


def test_a_token_is_measured_before_it_is_read(tenant: Tenant) -> None:
    with pytest.raises(TokenInvalid, match="16384"):
        tenant.verifier().verify("a" * 16_385)
    assert tenant.verifier().verify(tenant.token(filler="x" * 8000))


@pytest.mark.parametrize("odd", ["\n", "\r\nX: y", " ", "\x00", "é", ",", "=a", '"', "\u202e"])
def test_characters_that_no_token_has_are_refused(tenant: Tenant, odd: str) -> None:
    for token in (tenant.token() + odd, odd + tenant.token(), tenant.token().replace(".", odd + ".", 1)):
        with pytest.raises(TokenInvalid):
            tenant.verifier().verify(token)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b'"text"', b"\xff\xfe", b"{", b'{"a":NaN}', b"[" * 9000]
)
def test_claims_that_are_no_object_are_refused(tenant: Tenant, payload: bytes) -> None:
    with pytest.raises(TokenInvalid):
        tenant.verifier().verify(tenant.signed(payload))


def test_claims_nested_too_deeply_are_refused(tenant: Tenant) -> None:
    payload = json.dumps(tenant.claims(deep="DEEP")).replace('"DEEP"', "[" * 5000 + "]" * 5000)
    with pytest.raises(TokenInvalid):
        tenant.verifier().verify(tenant.signed(payload.encode()))


def test_claims_that_a_parser_let_pass_are_refused_if_nested_too_deeply(tenant: Tenant) -> None:
    deep: Any = []
    for _ in range(sys.getrecursionlimit()):
        deep = [deep]
    with pytest.raises(TokenInvalid, match="nested"):
        auth_info_of("token", tenant.claims(deep=deep))


# --- claims --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "auth0|a\nb"}, "sub"),
        ({"azp": None}, "client_id"),
        ({"azp": ["client-1"]}, "azp"),
        ({"azp": None, "client_id": ""}, "client_id"),
        ({"scope": ["openid"]}, "scope"),
        ({"scope": 7}, "scope"),
        ({"permissions": "tool:a"}, "permissions"),
        ({"permissions": [1]}, "permissions"),
        ({"permissions": {"tool:a": True}}, "permissions"),
        ({"org_id": 7}, "org_id"),
    ],
)
def test_claims_that_cannot_be_understood_are_refused(
    tenant: Tenant, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(TokenInvalid, match=word):
        tenant.verifier().verify(tenant.token(**changes))


def test_a_null_permissions_claim_is_refused(tenant: Tenant) -> None:
    payload = json.dumps(tenant.claims() | {"permissions": None}).encode()
    with pytest.raises(TokenInvalid, match="permissions"):
        tenant.verifier().verify(tenant.signed(payload))


@pytest.mark.parametrize("cnf", [{"jkt": "abc"}, {"x5t#S256": "abc"}, {"jwk": {}}, {}, "abc", [1]])
def test_a_bound_token_is_refused_as_a_bearer_token(tenant: Tenant, cnf: Any) -> None:
    verifier = tenant.verifier()
    token = tenant.token(cnf=cnf)
    for _ in range(2):  # the second time it is remembered
        with pytest.raises(BoundToken):
            verifier.verify(token)
    assert isinstance(verifier.examine(token), AuthInfo)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "client-1@clients"},
        {"sub": "client-1"},
        {"sub": "agt_123"},
        {"gty": "client-credentials"},
        {"gty": ["client-credentials"]},
        {"sub_profile": "service"},
        {"sub_profile": "ai_agent"},
    ],
)
def test_machines_are_recognised(tenant: Tenant, claims: dict[str, Any]) -> None:
    assert tenant.verifier().verify(tenant.token(**claims)).is_machine


@pytest.mark.parametrize(
    "claims",
    [
        {"gty": "password"},
        {"gty": ["refresh_token"]},
        {"gty": 7},
        {"sub_profile": []},
        {"sub": "samlp|corp|eve@clients"},
        {"sub": "samlp|corp|client-1@clients"},
        {"sub": "client-2@clients"},
        {"sub": "@clients"},
        {"sub": "agt_1|eve"},
    ],
)
def test_people_are_no_machines(tenant: Tenant, claims: dict[str, Any]) -> None:
    assert not tenant.verifier().verify(tenant.token(**claims)).is_machine


def test_only_allowed_organizations_come_in(tenant: Tenant) -> None:
    verifier = tenant.verifier(organizations=("org_1", "Acme"))
    assert verifier.verify(tenant.token(org_id="org_1")).organization == "org_1"
    assert verifier.verify(tenant.token(org_id="org_9", org_name="acme")).organization == "org_9"
    strangers: list[dict[str, Any]] = [
        {},
        {"org_id": "org_2"},
        {"org_id": "Acme"},
        {"org_name": "org_1"},
        {"org_id": "org_2", "org_name": "x"},
    ]
    for claims in strangers:
        with pytest.raises(WrongOrganization):
            verifier.verify(tenant.token(**claims))


def test_a_claim_that_is_not_a_name_is_no_name(tenant: Tenant) -> None:
    user = tenant.verifier().verify(tenant.token(name=["Ada"], email=7)).user
    assert (user.name, user.email) == (None, None)


# --- remembering ---------------------------------------------------------------------------------------------


def test_a_token_is_verified_once(tenant: Tenant) -> None:
    verifier = tenant.verifier()
    token = tenant.token()
    assert verifier.verify(token) is verifier.verify(token)


def test_a_remembered_token_expires(tenant: Tenant, clock: Clock) -> None:
    verifier = tenant.verifier(leeway=30)
    token = tenant.token()
    verifier.verify(token)
    clock.advance(3629)
    assert verifier.verify(token)
    clock.advance(1)
    with pytest.raises(TokenExpired):
        verifier.verify(token)


def test_a_revoked_key_takes_its_tokens_with_it(tenant: Tenant, clock: Clock, other_key: RSAKey) -> None:
    verifier = tenant.verifier()
    token = tenant.token()
    verifier.verify(token)
    tenant.publish(other_key)
    clock.advance(599)
    assert verifier.verify(token)
    clock.advance(1)
    with pytest.raises(UnknownKey):
        verifier.verify(token)


def test_remembered_tokens_are_bounded(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_mcp_auth0.auth.tokens._MAX_REMEMBERED", 3)
    verifier = tenant.verifier()
    tokens = [tenant.token(sub=f"auth0|{n}") for n in range(5)]
    infos = [verifier.verify(token) for token in tokens]
    assert len(verifier._remembered) == 3
    assert verifier.verify(tokens[4]) is infos[4]
    assert verifier.verify(tokens[0]) is not infos[0]


def test_a_refused_token_is_not_remembered(tenant: Tenant) -> None:
    verifier = tenant.verifier()
    for _ in range(3):
        with pytest.raises(WrongAudience):
            verifier.verify(tenant.token(aud="x"))
    assert not verifier._remembered


# --- outages -------------------------------------------------------------------------------------------------


def test_with_no_key_in_hand_and_the_tenant_down_nobody_can_know(tenant: Tenant) -> None:
    tenant.outbound.down = True
    with pytest.raises(AuthorizationUnavailable):
        tenant.verifier().verify(tenant.token())


def test_with_keys_in_hand_an_outage_is_not_noticed(tenant: Tenant, clock: Clock) -> None:
    verifier = tenant.verifier()
    verifier.verify(tenant.token())
    tenant.outbound.down = True
    clock.advance(7200)
    assert verifier.verify(tenant.token(sub="auth0|grace"))


def test_an_unknown_key_during_an_outage_is_not_the_callers_fault(tenant: Tenant, other_key: RSAKey) -> None:
    verifier = tenant.verifier()
    verifier.verify(tenant.token())
    tenant.outbound.down = True
    with pytest.raises(AuthorizationUnavailable):
        verifier.verify(tenant.token(key=other_key))


def test_a_token_that_is_bad_anyway_does_not_make_us_ask_the_tenant(
    tenant: Tenant, other_key: RSAKey, clock: Clock
) -> None:
    verifier = tenant.verifier()
    verifier.verify(tenant.token())
    for changes in ({"iss": "https://x/"}, {"aud": "x"}, {"exp": int(clock.now) - 99}, {"nonce": "n"}):
        with pytest.raises(TokenError):
            verifier.verify(tenant.token(key=other_key, **changes))
    assert tenant.outbound.asked[JWKS] == 1


def test_a_rotated_key_is_followed_at_once(tenant: Tenant, other_key: RSAKey, rsa_key: RSAKey) -> None:
    verifier = tenant.verifier()
    verifier.verify(tenant.token())
    tenant.publish(rsa_key, other_key)
    assert verifier.verify(tenant.token(key=other_key))
    assert tenant.outbound.asked[JWKS] == 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_lock_that_was_held_at_the_fork_stops_no_child(tenant: Tenant) -> None:
    verifier = tenant.verifier()
    verifier.verify(tenant.token())
    with verifier._lock.get():
        assert in_child(lambda: verifier.verify(tenant.token(sub="auth0|bob")).user.sub) == "auth0|bob"
