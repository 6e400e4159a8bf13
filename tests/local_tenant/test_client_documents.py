"""Client ID metadata documents."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant import client_documents
from flask_mcp_auth0.local_tenant.client_documents import (
    InvalidDocument,
    check_url,
    client_from_document,
    fetch_document,
    register_document,
)
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.local_tenant.tenant import Tenant, tenant_of
from flask_mcp_auth0.outbound import Outbound, OutboundError

from .flow import Party, claims_of, query_of

URL = "https://client.example.com/mcp.json"
DOCUMENT: dict[str, Any] = {
    "client_id": URL,
    "client_name": "A client with a document",
    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}


@pytest.fixture
def tenant(app: Flask) -> Tenant:
    tenant = tenant_of(app)
    tenant.document_source = {URL: DOCUMENT}.__getitem__
    return tenant


@pytest.fixture
def party(app: Flask, tenant: Tenant) -> Party:
    return Party(app, client_id=URL)


def test_a_client_that_nobody_registered_logs_in_by_its_document(party: Party, state: TenantState) -> None:
    callback = "http://127.0.0.1:49152/callback"
    answer = party.consent(party.log_in(party.authorize(redirect_uri=callback)))
    assert answer.location is not None
    assert answer.location.startswith(callback)
    body = party.exchange(query_of(answer.location)["code"], redirect_uri=callback).json
    assert body is not None
    client = state.find_client(URL)
    assert client is not None
    assert client.strict
    assert client.external_metadata_type == "cimd"
    assert client.external_metadata_created_by == "client"
    assert claims_of(body["access_token"])["client_id"] == client.client_id


def test_the_document_is_fetched_once(party: Party, tenant: Tenant) -> None:
    fetched: list[str] = []

    def source(url: str) -> Any:
        fetched.append(url)
        return DOCUMENT

    tenant.document_source = source
    for _ in range(3):
        party.authorize(redirect_uri="http://localhost/callback")
    assert fetched == [URL]


@pytest.mark.parametrize(
    "setting",
    [
        "client_id_metadata_document_supported",
        "client_id_metadata_document_dynamic_registration_supported",
    ],
)
def test_unless_the_tenant_allows_it_the_client_is_unknown(
    party: Party, state: TenantState, setting: str
) -> None:
    setattr(state.settings, setting, False)
    assert "Unknown client" in party.authorize(redirect_uri="http://localhost/callback").text


def test_a_document_that_is_no_good_is_told_to_the_user(party: Party, tenant: Tenant) -> None:
    tenant.document_source = lambda url: {**DOCUMENT, "client_id": "https://other.example.com/x"}
    page = party.authorize(redirect_uri="http://localhost/callback")
    assert page.status_code == 400
    assert "its client_id is not its own URL" in page.text


def test_registering_again_refreshes_what_is_known(tenant: Tenant) -> None:
    first = register_document(tenant, URL)
    tenant.document_source = lambda url: {**DOCUMENT, "client_name": "Renamed"}
    second = register_document(tenant, URL)
    assert second.client_id == first.client_id
    assert tenant.state.clients[first.client_id].name == "Renamed"
    assert second.external_metadata_created_by == "admin"


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example.com/mcp.json",
        "https://client.example.com",
        "https://client.example.com/",
        "https://client.example.com/x?y=1",
        "https://client.example.com/x#y",
        "https://user@client.example.com/x",
        "https://client.example.com/a/../b",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://client.example.com/" + "x" * 120,
    ],
)
def test_a_url_that_cannot_be_a_client_id_is_refused(url: str) -> None:
    with pytest.raises(InvalidDocument):
        check_url(url)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": ""},
        {"client_name": None},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": "https://client.example.com/"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"client_secret": "x"},
    ],
)
def test_a_malformed_document_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument):
        client_from_document(URL, DOCUMENT | changes, 0.0)
    with pytest.raises(InvalidDocument):
        client_from_document(URL, [DOCUMENT], 0.0)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fe80::1"])
def test_documents_are_not_fetched_from_private_networks(
    app: Flask, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443)), (0, 0, 0, "", (address, 443))]

    monkeypatch.setattr(client_documents.socket, "getaddrinfo", resolve)
    with pytest.raises(InvalidDocument, match="public network"):
        fetch_document(tenant_of(app), URL)


def test_a_host_that_does_not_exist_or_answer_is_told_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(client_documents.socket, "getaddrinfo", nowhere)
    with pytest.raises(InvalidDocument, match="cannot be found"):
        fetch_document(tenant_of(app), URL)

    monkeypatch.setattr(
        client_documents.socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))]
    )
    answers: list[Any] = [OutboundError("no", status=404), DOCUMENT]

    def get_json(self: Outbound, url: str, **_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Outbound, "get_json", get_json)
    with pytest.raises(InvalidDocument, match="cannot be fetched"):
        fetch_document(tenant_of(app), URL)
    assert fetch_document(tenant_of(app), URL) == DOCUMENT
