"""Dynamic client registration (RFC 7591)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant import registration
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import CALLBACK, Party


def test_a_registered_client_is_a_strict_third_party_without_a_secret(app: Flask, state: TenantState) -> None:
    party = Party(app)
    answer = party.register()
    assert answer.json is not None
    client = state.clients[party.client_id]
    assert party.client_id.startswith("tpc_")
    assert client.strict
    assert client.external_metadata_type == "dcr"
    assert answer.json["redirect_uris"] == [CALLBACK]
    assert "client_secret" not in answer.json


def test_a_confidential_client_gets_a_secret_that_does_not_expire(app: Flask) -> None:
    party = Party(app)
    answer = party.register(token_endpoint_auth_method="client_secret_post")
    assert answer.json is not None
    assert len(answer.json["client_secret"]) > 40
    assert answer.json["client_secret_expires_at"] == 0


def test_a_permissive_tenant_registers_clients_under_the_older_rules(app: Flask, state: TenantState) -> None:
    state.settings.dynamic_client_registration_security_mode = "permissive"
    party = Party(app)
    party.register()
    assert not party.client_id.startswith("tpc_")
    assert not state.clients[party.client_id].strict


def test_grant_types_are_cut_down_to_those_that_are_offered(app: Flask) -> None:
    answer = Party(app).register(grant_types=["authorization_code", "implicit", "client_credentials"])
    assert answer.json is not None
    assert answer.json["grant_types"] == ["authorization_code"]


def test_nothing_is_registered_when_registration_is_off(app: Flask, state: TenantState) -> None:
    state.settings.flags["enable_dynamic_client_registration"] = False
    assert Party(app).register().status_code == 403


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "/relative",
        "http://example.com/callback",
        "https://example.com/#fragment",
        "https://*.example.com/",
        "https://user@example.com/",
        "https://",
        "http://[::1",
        "has space",
        "",
        7,
        "x" * 3000,
    ],
)
def test_an_unusable_redirect_uri_is_refused(app: Flask, uri: Any) -> None:
    answer = Party(app).register(redirect_uris=[uri])
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "http://127.0.0.1:33418/",
        "http://[::1]:9/cb",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
    ],
)
def test_the_redirect_uris_of_known_clients_are_taken(app: Flask, uri: str) -> None:
    assert Party(app).register(redirect_uris=[uri]).status_code == 201


@pytest.mark.parametrize(
    "metadata",
    [
        {"redirect_uris": []},
        {"redirect_uris": "https://example.com"},
        {"redirect_uris": [CALLBACK] * 21},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"client_name": 7},
        {"client_name": "x" * 201},
        {"response_types": ["token"]},
        {"response_types": "code"},
        {"grant_types": "authorization_code"},
    ],
)
def test_metadata_that_makes_no_sense_is_refused(app: Flask, metadata: dict[str, Any]) -> None:
    answer = Party(app).register(**metadata)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] in ("invalid_client_metadata", "invalid_redirect_uri")


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(app: Flask, body: bytes) -> None:
    answer = Party(app).call("/oidc/register", body, content_type="application/json")
    assert answer.status_code == 400


def test_so_many_clients_and_no_more_can_register(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "MAX_CLIENTS", 2)
    assert [Party(app).register().status_code for _ in range(3)] == [201, 201, 403]
