"""What the tenant says about itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import ISSUER, Party


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_both_documents_name_the_issuer_and_its_endpoints(party: Party, name: str) -> None:
    document = party.get(f"/.well-known/{name}").json
    assert document is not None
    assert document["issuer"] == ISSUER
    assert document["authorization_endpoint"] == f"{ISSUER}authorize"
    assert document["token_endpoint"] == f"{ISSUER}oauth/token"
    assert document["registration_endpoint"] == f"{ISSUER}oidc/register"
    assert document["jwks_uri"] == f"{ISSUER}.well-known/jwks.json"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True


def test_the_documents_follow_the_settings(party: Party, state: TenantState) -> None:
    state.settings.authorization_response_iss_parameter_supported = False
    state.settings.client_id_metadata_document_supported = False
    document = party.get("/.well-known/openid-configuration").json
    assert document is not None
    assert document["authorization_response_iss_parameter_supported"] is False
    assert document["client_id_metadata_document_supported"] is False


def test_pages_of_other_origins_may_read_the_documents(party: Party) -> None:
    answer = party.get("/.well-known/jwks.json", headers={"Origin": "http://inspector.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_published_keys_verify_a_token_and_hold_no_secret(party: Party) -> None:
    document = party.get("/.well-known/jwks.json").json
    assert document is not None
    assert len(document["keys"]) == 2
    assert all({"n", "e", "kid", "kty", "use"} == set(key) for key in document["keys"])
    token = party.tokens()["access_token"]
    assert jwt.decode(token, KeySet.import_key_set(document)).claims["sub"] == "auth0|alice"


def test_after_a_rotation_old_tokens_count_until_the_old_key_is_revoked(state: TenantState) -> None:
    keys = KeyRing()
    old = keys.kid
    token = keys.sign({"sub": "x"})
    published = {key["kid"] for key in keys.public()["keys"]}
    new = keys.rotate()
    assert new in published, "the next key was published before it was used"
    assert jwt.decode(token, KeySet.import_key_set(keys.public())).claims["sub"] == "x"  # type: ignore[arg-type]
    assert keys.revoke(old)
    assert old not in {key["kid"] for key in keys.public()["keys"]}
    assert not keys.revoke(old)


def test_revoking_the_key_in_use_puts_the_next_one_to_use() -> None:
    keys = KeyRing()
    old = keys.kid
    assert keys.revoke(old)
    assert keys.kid != old
    assert old not in {key["kid"] for key in keys.public()["keys"]}


def test_kept_keys_are_the_same_after_a_restart_and_only_the_owner_can_read_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.pem"
    first = KeyRing(path)
    first.rotate()
    assert KeyRing(path).public() == first.public()
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_file_each_start_makes_fresh_keys() -> None:
    assert KeyRing().kid != KeyRing().kid


def test_an_issuer_without_a_trailing_slash_is_refused(state: TenantState, keys: KeyRing) -> None:
    with pytest.raises(ValueError, match="ends with a slash"):
        create_tenant(state, "http://127.0.0.1:8400", keys=keys)


def test_moving_to_another_issuer_takes_the_management_api_along(state: TenantState, keys: KeyRing) -> None:
    app: Flask = create_tenant(state, "http://127.0.0.1:9999/", keys=keys)
    party = Party(app)
    answer = party.call(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": "server",
            "client_secret": "server-secret",
            "audience": "http://127.0.0.1:9999/api/v2/",
        },
    )
    assert answer.status_code == 200


def test_a_key_ring_signs_with_rsa_only(keys: KeyRing) -> None:
    with pytest.raises(ValueError, match="not HS256"):
        keys.sign({}, alg="HS256")
