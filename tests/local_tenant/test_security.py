"""Other sites' pages and other machines stay outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.security import is_loopback
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import ISSUER, Party

CONTROL = {"X-Local-Tenant-Control": "1"}


@pytest.mark.parametrize(
    "base",
    ["http://localhost:8401/", "http://127.0.0.1/", "http://attacker.example:8400/", "http://127.0.0.1:84/"],
)
def test_only_the_issuers_own_host_is_answered(app: Flask, base: str) -> None:
    answer = app.test_client().get("/.well-known/openid-configuration", base_url=base)
    assert answer.status_code == 421


def test_another_name_of_this_machine_leads_to_the_right_one(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/admin/?x=1", base_url="http://localhost:8400/")
    assert answer.status_code == 307
    assert answer.location == f"{ISSUER}admin/?x=1"
    assert client.post("/oauth/token", base_url="http://localhost:8400/").status_code == 421
    for host in ("localhost:x", "[::1", "", "localhost:8400@attacker.example"):
        assert client.get("/", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
def test_forms_that_another_sites_page_sends_are_refused(party: Party, headers: dict[str, str]) -> None:
    path = party.step(party.authorize(), "/u/login")
    party.get(path)
    assert party.post(path, headers=headers, data={}).status_code == 403
    assert party.post("/ciba", headers=headers, data={}).status_code == 403


def test_our_own_pages_may_send_forms(party: Party) -> None:
    path = party.step(party.authorize(), "/u/login")
    headers = {"Origin": ISSUER.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    page = party.get(path)
    answer = party.post(
        path,
        headers=headers,
        data={
            "csrf_token": page.text.split('csrf_token" value="')[1].split('"')[0],
            "username": "alice",
            "password": "alice-password",
        },
    )
    assert answer.status_code == 302


def test_the_control_api_wants_a_header_that_no_foreign_page_can_set(party: Party) -> None:
    body = {"user": "alice"}
    assert party.call("/_control/token", json=body).status_code == 403
    assert party.call("/_control/token", json=body, headers={**CONTROL, "Origin": ISSUER}).status_code == 403
    assert party.call("/_control/token", json=body, headers=CONTROL).status_code == 200


def test_the_control_api_answers_no_preflight(party: Party) -> None:
    answer = party.program.options("/_control/token", base_url=ISSUER)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/_control/token", "/ciba"])
def test_other_machines_get_neither_the_control_api_nor_the_approval_page(party: Party, path: str) -> None:
    answer = party.program.get(
        path, base_url=ISSUER, headers=CONTROL, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.status_code == 403


TUNNEL = "https://abc.tunnel.example/"
HERE = "http://127.0.0.1:8400/"


@pytest.fixture
def tunnelled(state: TenantState, keys: KeyRing) -> Flask:
    """A tenant that is reached through a tunnel: everybody comes from 127.0.0.1, as the test client does."""
    return create_tenant(state, TUNNEL, keys=keys)


@pytest.mark.parametrize("path", ["/admin/", "/_control/", "/ciba"])
@pytest.mark.parametrize(
    "extra",
    [{}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"X-Forwarded-Host": "x"}],
)
def test_what_comes_through_a_tunnel_gets_nothing_that_has_no_login(
    tunnelled: Flask, path: str, extra: dict[str, str]
) -> None:
    client = tunnelled.test_client()
    assert client.get(path, base_url=TUNNEL, headers={**CONTROL, **extra}).status_code == 403
    here = client.get(path, base_url=HERE, headers={**CONTROL, **extra})
    assert here.status_code == (403 if extra else 200)


def test_a_tunnel_that_rewrites_the_host_is_told_by_what_it_adds(party: Party) -> None:
    headers = {**CONTROL, "X-Forwarded-For": "203.0.113.9"}
    assert party.call("/_control/token", json={"user": "alice"}, headers=headers).status_code == 403


@pytest.mark.parametrize("base", ["http://127.0.0.1:8400", "http://localhost:8400", "http://[::1]:8400"])
def test_behind_a_proxy_on_loopback_it_is_administered_where_it_listens(
    state: TenantState, keys: KeyRing, base: str
) -> None:
    client = create_tenant(state, "https://localhost:8443/", keys=keys).test_client()
    assert client.get("/admin/", base_url=base).status_code == 200
    assert client.get("/authorize", base_url=base).status_code == 421
    through = client.get("/admin/", base_url="https://localhost:8443", headers={"X-Forwarded-For": "::1"})
    assert through.status_code == 403


@pytest.mark.parametrize("path", ["/admin/", "/admin/?a=b"])
def test_another_name_of_the_same_place_is_led_to_the_issuers(party: Party, path: str) -> None:
    other = ISSUER.replace("127.0.0.1", "localhost")
    assert other != ISSUER
    answer = party.program.get(path, base_url=other)
    assert (answer.status_code, answer.headers["Location"]) == (307, ISSUER.rstrip("/") + path)


def test_at_a_loopback_name_a_tunnelled_tenant_does_nothing_but_be_administered(tunnelled: Flask) -> None:
    client = tunnelled.test_client()
    assert client.get("/.well-known/openid-configuration", base_url=HERE).status_code == 421
    assert client.get("/.well-known/openid-configuration", base_url=TUNNEL).status_code == 200
    assert client.get("/admin/", base_url="http://attacker.example:8400/").status_code == 421
    token = re.search(
        r'csrf_token" value="([^"]+)"', client.get("/admin/users/auth0|mallory", base_url=HERE).text
    )
    assert token is not None
    fields = {
        "csrf_token": token[1],
        "action": "unblock",
        "user": "auth0|mallory",
    }
    origin = {"Origin": HERE.rstrip("/")}
    assert client.post("/admin/act", data=fields, base_url=HERE, headers=origin).status_code == 303
    foreign = {"Origin": "http://127.0.0.1:9999"}
    assert client.post("/admin/act", data=fields, base_url=HERE, headers=foreign).status_code == 403


@pytest.mark.parametrize("base", [TUNNEL, TUNNEL.replace("https", "http")])
def test_people_log_in_through_a_tunnel_whichever_scheme_it_speaks_to_us(tunnelled: Flask, base: str) -> None:
    answer = tunnelled.test_client().post("/u/login", base_url=base, headers={"Origin": TUNNEL.rstrip("/")})
    assert "Another site" not in answer.text
    assert answer.status_code == 400


def test_browsers_of_any_origin_may_use_the_endpoints_for_programs(party: Party) -> None:
    answer = party.program.options("/oauth/token", base_url=ISSUER, headers={"Origin": "http://x.example"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_the_cookie_is_not_for_scripts_and_not_for_other_sites(party: Party) -> None:
    cookie = party.authorize().headers["Set-Cookie"]
    assert cookie.startswith("local_tenant_8400=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/html", "text/html"), ("application/json", "application/json"), ("", "application/json")],
)
def test_errors_are_pages_for_people_and_json_for_programs(party: Party, accept: str, kind: str) -> None:
    answer = party.get("/nowhere", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.mimetype == kind


def test_an_oversized_body_is_refused(party: Party) -> None:
    assert party.call("/oauth/token", b"x" * 2_000_000, content_type="application/json").status_code in (
        400,
        413,
    )


def test_recent_requests_tell_who_asked_for_what_and_never_with_which_parameters(
    party: Party, state: TenantState
) -> None:
    party.tokens()
    seen = list(state.requests)
    assert [r.path for r in seen if r.path == "/oauth/token"]
    assert any(r.user_id == "auth0|alice" and r.client_id == party.client_id for r in seen)
    assert not any("code" in r.path or "?" in r.path for r in seen)


def test_the_log_tells_of_logins_and_exchanges_and_holds_no_secret(party: Party, state: TenantState) -> None:
    body = party.tokens()
    types = [event.type for event in state.logs]
    assert {"sapi", "s", "seacft"} <= set(types)
    assert body["access_token"] not in repr(state.logs)
    assert "alice-password" not in repr(state.logs)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("192.168.1.2", False),
        ("localhost.attacker.example", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_secrets_stay_out_of_reprs(state: TenantState) -> None:
    shown: list[Any] = [
        *state.users.values(),
        *state.clients.values(),
        *state.token_exchange_profiles.values(),
    ]
    text = repr(shown)
    for secret in ("alice-password", "server-secret", "a-google-token", "legacy-token-of-alice"):
        assert secret not in text
