"""Which web pages may talk to the endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Request, Response
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0.auth.origin import OriginPolicy, is_preflight

from .doubles import make_settings


def request(method: str = "POST", **headers: str) -> Request:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(EnvironBuilder("/mcp", method=method, headers=named).get_environ())


def policy(**settings: Any) -> OriginPolicy:
    return OriginPolicy(make_settings(**settings))


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.com", "https://app.example.com:443", "HTTPS://APP.example.com"],
)
def test_the_apps_own_origin_is_allowed(origin: str) -> None:
    assert policy().refusal_of(request(Origin=origin)) is None


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "https://app.example.com@evil.example",
        "https://app.example.com, https://evil.example.com",
        "http://localhost:3000",
        "http://127.0.0.1",
        "null",
        "",
        "*",
        "file://",
        "https://[::1",
        "https://app.example.com\x00",
    ],
)
def test_other_origins_are_refused_with_403(origin: str) -> None:
    refused = policy().refusal_of(request(Origin=origin))
    assert refused is not None
    assert refused.status_code == 403
    assert refused.get_json()["error"] == "origin_not_allowed"


def test_a_request_without_an_origin_is_no_web_pages() -> None:
    assert policy().refusal_of(request()) is None


def test_origins_can_be_configured() -> None:
    allowing = policy(allowed_origins=("https://chat.example.com", "vscode-webview://abc"))
    assert allowing.allows("https://chat.example.com")
    assert allowing.allows("vscode-webview://abc")
    assert not allowing.allows("vscode-webview://abcd")
    assert not allowing.allows("https://chat.example.com:444")


def test_any_origin_can_be_allowed() -> None:
    assert policy(allowed_origins=("*",)).allows("null")


@pytest.mark.parametrize("base", ["http://localhost:3001", "http://127.0.0.1:3001", "http://[::1]:3001"])
def test_an_app_on_loopback_may_be_used_from_loopback(base: str) -> None:
    local = policy(base_url=base)
    for origin in ("http://localhost:6274", "http://127.0.0.1:3001", "https://localhost", "http://[::1]:9"):
        assert local.allows(origin)
    for origin in ("http://evil.example.com", "http://localhost.evil.example", "ftp://localhost", "null"):
        assert not local.allows(origin)


def test_a_preflight_is_told_what_is_allowed() -> None:
    asked = request(
        "OPTIONS",
        Origin="https://app.example.com",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization, mcp-param-Region,mcp-param-x y, mcp-param-, x-evil",
    )
    assert is_preflight(asked)
    response = policy().preflight(asked)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    for name in ("Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "DPoP"):
        assert name in allowed
    assert [name for name in allowed if name.lower().startswith("mcp-param-")] == ["mcp-param-region"]
    assert "x-evil" not in allowed
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_mirrored_headers_of_a_preflight_are_bounded() -> None:
    many = ",".join(f"mcp-param-{n}" for n in range(5000))
    response = policy().preflight(request("OPTIONS", Access_Control_Request_Headers=many))
    assert response.headers["Access-Control-Allow-Headers"].count("mcp-param-") == 32


@pytest.mark.parametrize(("method", "header"), [("OPTIONS", None), ("POST", "POST"), ("GET", "GET")])
def test_what_is_no_preflight_is_none(method: str, header: str | None) -> None:
    headers = {} if header is None else {"Access_Control_Request_Method": header}
    assert not is_preflight(request(method, **headers))


def test_pages_of_an_allowed_origin_may_read_the_challenge() -> None:
    response = policy().add_headers(request(Origin="https://app.example.com"), Response())
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert (
        response.headers["Access-Control-Expose-Headers"] == "Mcp-Session-Id, WWW-Authenticate, X-Request-ID"
    )
    assert response.headers["Vary"] == "Origin"


def test_pages_of_other_origins_may_not() -> None:
    response = policy().add_headers(request(Origin="https://evil.example.com"), Response())
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_where_any_origin_is_allowed_no_origin_is_repeated() -> None:
    response = policy(allowed_origins=("*",)).add_headers(request(Origin="https://x.example"), Response())
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in response.headers


def test_the_nonce_is_exposed_where_dpop_is_used() -> None:
    response = policy(dpop="allowed").add_headers(request(Origin="https://app.example.com"), Response())
    assert "DPoP-Nonce" in response.headers["Access-Control-Expose-Headers"]
