"""The documents that lead a client to its login."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_mcp_auth0.auth.metadata import MetadataDocuments, metadata_blueprint

from .doubles import ISSUER, JWKS, OIDC, Tenant, make_settings

ROOT = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
CONFIGURATION = "/.well-known/openid-configuration"


def client_of(tenant: Tenant, scopes: tuple[str, ...] = ("tool:a",), **changes: Any) -> FlaskClient:
    settings = make_settings(**changes)
    app = Flask(__name__)
    app.register_blueprint(
        metadata_blueprint(settings, MetadataDocuments(settings, tenant.server(), lambda: scopes))
    )
    return app.test_client()


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/mcp", f"{ROOT}/mcp/", f"{ROOT}/"])
def test_the_protected_resource_describes_itself(tenant: Tenant, path: str) -> None:
    response = client_of(tenant).get(path)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.json == {
        "resource": "https://app.example.com/mcp",
        "authorization_servers": [ISSUER],
        "scopes_supported": ["openid", "profile", "email", "tool:a"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Example",
    }


def test_the_issuer_is_spelled_as_the_tenant_spells_it(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC]["issuer"] = ISSUER.rstrip("/")
    assert client_of(tenant).get(ROOT).json["authorization_servers"] == [ISSUER.rstrip("/")]  # type: ignore[index]


def test_the_resource_is_the_audience_to_the_letter(tenant: Tenant) -> None:
    response = client_of(tenant, audience="https://app.example.com/").get(ROOT)
    assert b'"resource": "https://app.example.com/"' in response.data


def test_scopes_are_configured_ones_and_those_of_the_tools(tenant: Tenant) -> None:
    client = client_of(tenant, ("tool:a", "tool:b"), scopes_supported=("orders", "offline_access", "tool:a"))
    assert client.get(ROOT).json["scopes_supported"] == [  # type: ignore[index]
        "openid",
        "profile",
        "email",
        "orders",
        "tool:a",
        "tool:b",
    ]


def test_scopes_are_never_empty(tenant: Tenant) -> None:
    assert client_of(tenant, ()).get(ROOT).json["scopes_supported"]  # type: ignore[index]


def test_dpop_is_published_where_it_is_used(tenant: Tenant) -> None:
    document = client_of(tenant, dpop="required").get(ROOT).json
    assert document is not None
    assert document["dpop_bound_access_tokens_required"] is True
    assert "ES256" in document["dpop_signing_alg_values_supported"]


@pytest.mark.parametrize("path", [SERVER, f"{SERVER}/mcp", CONFIGURATION, f"{CONFIGURATION}/mcp"])
def test_the_tenants_own_document_is_passed_on(tenant: Tenant, path: str) -> None:
    tenant.outbound.documents[OIDC] |= {"token_endpoint": "https://tenant.example.com/oauth/token", "x": [1]}
    assert client_of(tenant).get(path).json == tenant.outbound.documents[OIDC]


def test_the_tenant_is_not_asked_for_each_request(tenant: Tenant) -> None:
    client = client_of(tenant)
    for path in (SERVER, CONFIGURATION, ROOT) * 3:
        client.get(path)
    assert tenant.outbound.asked[OIDC] == 1


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/mcp", SERVER, CONFIGURATION])
def test_while_the_tenant_was_never_reached_it_says_so(tenant: Tenant, path: str) -> None:
    tenant.outbound.down = True
    response = client_of(tenant).get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.json is not None
    assert response.json["error"] == "temporarily_unavailable"


def test_a_tenant_that_answers_nonsense_is_a_bad_gateway(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC] = {"issuer": "https://evil.example.com/", "jwks_uri": JWKS}
    response = client_of(tenant).get(SERVER)
    assert response.status_code == 502
    assert b"evil" not in response.data


def test_documents_may_be_read_by_every_page_and_kept_for_a_while(tenant: Tenant) -> None:
    client = client_of(tenant)
    response = client.get(ROOT, headers={"Origin": "https://anything.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(ROOT, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_head_and_options_are_answered(tenant: Tenant) -> None:
    client = client_of(tenant)
    assert client.head(ROOT).status_code == 200
    response = client.options(ROOT, headers={"Access-Control-Request-Method": "GET"})
    assert response.status_code == 204
    assert "GET" in response.headers["Access-Control-Allow-Methods"]
    assert "*" in response.headers["Access-Control-Allow-Headers"]
    assert client.post(ROOT).status_code == 405


def test_an_app_below_a_path_is_found_through_proxies_of_either_kind(tenant: Tenant) -> None:
    client = client_of(
        tenant, base_url="https://app.example.com/shop", audience="https://app.example.com/shop/mcp"
    )
    for path in (ROOT, f"{ROOT}/mcp", f"{ROOT}/shop/mcp", f"{SERVER}/shop/mcp"):
        assert client.get(path).status_code == 200
