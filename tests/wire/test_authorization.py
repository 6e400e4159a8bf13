"""Who is let in, over bare HTTP and over every kind of server (basic/authorization, RFC 6750, RFC 9728)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from .conftest import Served
from .raw import answer

pytestmark = pytest.mark.wire

CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def challenge(response: requests.Response) -> dict[str, str]:
    """Return the parameters of a Bearer challenge."""
    value = response.headers["WWW-Authenticate"]
    assert value.startswith("Bearer ")
    return dict(CHALLENGE.findall(value))


def test_without_a_token_nothing_is_served_and_the_way_in_is_shown(served: Served) -> None:
    with served.wire(None) as nobody:
        response = nobody.modern("tools/list")
        asked = challenge(response)
        metadata = nobody.http.get(asked["resource_metadata"])

        assert response.status_code == 401
        assert response.json()["error"] == "unauthorized"
        assert "error" not in asked
        assert set(asked["scope"].split()) >= {"openid", "profile", "email"}
        assert "offline_access" not in asked["scope"]
        assert metadata.json()["resource"] == served.url
        assert metadata.json()["authorization_servers"] == [served.issuer.url]
        assert "offline_access" not in metadata.json()["scopes_supported"]


def test_the_metadata_is_at_both_well_known_places(standard: Served) -> None:
    origin = standard.server.origin
    suffixed = requests.get(f"{origin}/.well-known/oauth-protected-resource/mcp", timeout=20)
    root = requests.get(f"{origin}/.well-known/oauth-protected-resource", timeout=20)

    assert suffixed.json() == root.json()
    assert suffixed.json()["bearer_methods_supported"] == ["header"]
    assert suffixed.headers["Access-Control-Allow-Origin"] == "*"


def test_the_metadata_names_the_authorization_server_as_it_names_itself(standard: Served) -> None:
    origin = standard.server.origin
    named = requests.get(f"{origin}/.well-known/oauth-protected-resource/mcp", timeout=20).json()
    there = requests.get(f"{standard.issuer.url}.well-known/oauth-authorization-server", timeout=20).json()

    assert named["authorization_servers"] == [there["issuer"]]
    assert there["issuer"].endswith("/")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"expires_in": -3600}, "token_expired"),
        ({"aud": "https://other.example.com/"}, "invalid_token"),
        ({"iss": "http://127.0.0.1:1/"}, "invalid_token"),
        ({"exp": None}, "invalid_token"),
        ({"nbf": 99_999_999_999}, "invalid_token"),
        ({"sub": None}, "invalid_token"),
    ],
)
def test_a_token_that_is_not_good_is_refused(standard: Served, claims: dict[str, Any], error: str) -> None:
    token = standard.issuer.token(standard.audience, **claims)
    with standard.wire(token) as wire:
        response = wire.modern("tools/list")

        assert response.status_code == 401
        assert response.json()["error"] == error
        assert challenge(response)["error"] == "invalid_token"


def test_a_token_that_was_changed_is_refused(standard: Served) -> None:
    header, body, signature = standard.token().split(".")
    other = standard.token("auth0|mallory").split(".")[1]
    for token in (
        f"{header}.{other}.{signature}",
        f"{header}.{body}.",
        f"{header}.{body}",
        "x",
        "a.b.c",
        "=" * 6000,
    ):
        with standard.wire(token) as wire:
            response = wire.modern("tools/list")

            assert response.status_code == 401
            assert token not in response.text


def test_a_token_outside_the_header_is_not_taken(standard: Served) -> None:
    token = standard.token()
    with standard.wire(None) as nobody:
        nobody.url += f"?access_token={token}"
        assert nobody.modern("tools/list").status_code == 401
        assert nobody.modern("tools/list", {"access_token": token}).status_code == 401
        nobody.http.cookies.set("access_token", token)
        assert nobody.modern("tools/list").status_code == 401


def test_every_request_of_a_connection_and_a_session_is_authorised_on_its_own(standard: Served) -> None:
    with standard.wire() as wire:
        _, session = wire.initialize("2025-11-25")
        assert session.request("ping").status_code == 200
        del wire.http.headers["Authorization"]
        assert session.request("ping").status_code == 401
        wire.http.headers["Authorization"] = f"Bearer {standard.issuer.token('https://other.example.com/')}"
        assert session.request("ping").status_code == 401


def test_two_authorization_headers_are_refused(standard: Served) -> None:
    with standard.wire(None) as wire:
        value = f"Bearer {standard.token()}, Bearer {standard.token('auth0|mallory')}"
        assert wire.modern("tools/list", headers={"Authorization": value}).status_code in (400, 401)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_name_of_the_scheme_has_no_case(standard: Served, scheme: str) -> None:
    with standard.wire(None) as wire:
        response = wire.modern("tools/list", headers={"Authorization": f"{scheme} {standard.token()}"})

        assert response.status_code == 200


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer ", "Token x", ""])
def test_other_ways_to_authorise_are_refused(standard: Served, value: str) -> None:
    with standard.wire(None) as wire:
        response = wire.modern("tools/list", headers={"Authorization": value})

        assert response.status_code in (400, 401)


def test_a_missing_scope_is_a_demand_to_step_up(standard: Served) -> None:
    with standard.wire() as ada:
        response = ada.modern("tools/call", {"name": "ours_needs_scope", "arguments": {}})
        if response.status_code == 403:
            asked = challenge(response)
        else:
            (value,) = answer(response)["result"]["_meta"]["mcp/www_authenticate"]
            asked = dict(CHALLENGE.findall(value))

        assert asked["error"] == "insufficient_scope"
        assert "conformance:write" in asked["scope"].split()
        assert asked["resource_metadata"].startswith(standard.server.origin)


def test_a_token_with_the_scope_is_served(standard: Served) -> None:
    token = standard.token(scope="openid conformance:write")
    with standard.wire(token) as wire:
        assert wire.call("ours_needs_scope")["result"]["isError"] is False


def test_the_caller_is_told_who_they_are(standard: Served) -> None:
    token = standard.issuer.token(
        standard.audience,
        subject="auth0|grace",
        client_id="cli",
        permissions=("tool:x",),
        scope="openid email",
    )
    with standard.wire(token) as wire:
        assert wire.call("ours_whoami")["result"]["structuredContent"] == {
            "sub": "auth0|grace",
            "client_id": "cli",
            "scopes": ["openid", "email"],
            "permissions": ["tool:x"],
        }


@pytest.mark.parametrize("path", ["/mcp/", "/mcp//", "/mcp/x", "/MCP", "/mcp%2f", "/mcp/../mcp", "/mcp;x"])
def test_no_spelling_of_the_path_is_a_way_around_the_token(standard: Served, path: str) -> None:
    with standard.wire(None) as nobody:
        nobody.url = standard.server.origin + path
        response = nobody.modern("tools/list")

        assert response.status_code in (401, 404, 308)
        assert "test_simple_text" not in response.text


def test_health_and_the_metadata_need_no_token(standard: Served) -> None:
    for path in (
        "/mcp/health",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
    ):
        assert requests.get(standard.server.origin + path, timeout=20).status_code == 200


def test_browsers_of_allowed_origins_may_ask_and_read_the_challenge(standard: Served) -> None:
    own = standard.server.origin
    preflight = requests.options(
        standard.url,
        headers={
            "Origin": own,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version,mcp-method,mcp-name",
        },
        timeout=20,
    )
    with standard.wire(None) as nobody:
        refused = nobody.modern("tools/list", headers={"Origin": own})

    assert preflight.status_code in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == own
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
    assert refused.status_code == 401
    assert "www-authenticate" in refused.headers["Access-Control-Expose-Headers"].lower()


def test_the_name_of_the_server_never_comes_from_a_request(standard: Served) -> None:
    forged = {
        "Host": "evil.example.com",
        "X-Forwarded-Host": "evil.example.com",
        "X-Forwarded-Proto": "https",
    }
    with standard.wire(None) as nobody:
        refused = nobody.modern("tools/list", headers=forged)
        metadata = nobody.http.get(
            f"{standard.server.origin}/.well-known/oauth-protected-resource", headers=forged
        )

    for response in (refused, metadata):
        assert "evil.example.com" not in response.text + str(response.headers)
    assert challenge(refused)["resource_metadata"].startswith(standard.server.origin)
