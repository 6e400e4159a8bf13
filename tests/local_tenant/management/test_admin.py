"""The administrator's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE

ALICE, BOB = "auth0|alice", "auth0|bob"
REFUND = Permission(AUDIENCE, "tool:refund")
BASE = "http://127.0.0.1:8400"
CSRF = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


class Browser:
    """Opens pages and presses buttons, as a browser without scripts would."""

    def __init__(self, web: FlaskClient) -> None:
        self.web = web

    def open(self, path: str) -> str:
        answer = self.web.get(path, base_url=BASE)
        assert answer.status_code == 200, path
        return answer.text

    def press(self, path: str, **fields: str) -> str:
        """Open ``path``, post its form's token with ``fields``, and return the page that follows."""
        found = CSRF.search(self.open(path))
        assert found is not None
        answer = self.web.post(
            "/admin/act",
            data={"csrf_token": found[1], "back": path, **fields},
            base_url=BASE,
            headers={"Origin": BASE, "Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 303
        assert answer.headers["Location"] == path
        return self.open(path)


@pytest.fixture
def web(state: TenantState, ring: KeyRing) -> Iterator[FlaskClient]:
    with create_tenant(state, keys=ring).test_client() as web:
        yield web


@pytest.fixture
def browser(web: FlaskClient) -> Browser:
    return Browser(web)


def user_page(user_id: str) -> str:
    return f"/admin/users/{quote(user_id)}"


def role_id(state: TenantState, name: str) -> str:
    role = state.find_role(name)
    assert role is not None
    return role.id


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/admin/", ["Alice Archer", "bob@shop.example", "Clerk", "group Night shift"]),
        ("/admin/roles", ["Manager", "2 permissions", "New role"]),
        ("/admin/apis", [AUDIENCE, "tool:refund", "RBAC on", "held by 2 users"]),
        ("/admin/applications", ["Inspector", "third party", "strict", "every scope"]),
        ("/admin/requests", ["Activity", "The log is empty."]),
        (
            user_page(ALICE),
            ["tool:report", "through role Clerk", "role Manager of group Night shift", "Acme"],
        ),
    ],
)
def test_each_page_shows_what_the_tenant_holds(browser: Browser, path: str, shown: list[str]) -> None:
    page = browser.open(path)
    for text in [*shown, "For development only."]:
        assert text in page, text


def test_pages_load_nothing_from_elsewhere_and_run_no_script(web: FlaskClient) -> None:
    answer = web.get("/admin/", base_url=BASE)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert " style=" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_shows_a_secret(browser: Browser, state: TenantState) -> None:
    paths = [
        "/admin/",
        "/admin/roles",
        "/admin/apis",
        "/admin/applications",
        "/admin/requests",
        user_page(ALICE),
    ]
    for path in paths:
        page = browser.open(path)
        assert "alice-password" not in page
        assert "backend-secret" not in page


def test_a_click_grants_a_permission_and_another_revokes_it(browser: Browser, state: TenantState) -> None:
    fields = {"user": BOB, "api": AUDIENCE, "permission": "tool:refund"}
    page = browser.press(user_page(BOB), action="grant", **fields)
    assert "Granted tool:refund." in page
    assert REFUND in state.users[BOB].permissions
    page = browser.press(user_page(BOB), action="revoke", **fields)
    assert "Revoked tool:refund." in page
    assert REFUND not in state.users[BOB].permissions


def test_a_click_assigns_a_role_and_another_takes_it_away(browser: Browser, state: TenantState) -> None:
    owner = role_id(state, "Owner")
    browser.press(user_page(BOB), action="assign", user=BOB, role=owner, name="Owner")
    assert state.permissions_of(BOB, AUDIENCE) == ["tool:close", "tool:refund", "tool:report"]
    page = browser.press(f"/admin/roles/{owner}", action="unassign", user=BOB, role=owner, name="Owner")
    assert "Took the role Owner away." in page
    assert owner not in state.users[BOB].roles


def test_a_role_is_made_given_permissions_and_deleted(browser: Browser, state: TenantState) -> None:
    browser.press("/admin/roles", action="create-role", name="Auditor", description="Looks")
    auditor = role_id(state, "Auditor")
    fields = {"role": auditor, "api": AUDIENCE, "permission": "tool:refund"}
    browser.press(f"/admin/roles/{auditor}", action="allow", **fields)
    assert state.roles[auditor].permissions == {REFUND}
    browser.press(f"/admin/roles/{auditor}", action="disallow", **fields)
    assert state.roles[auditor].permissions == set()
    assert 'name="back" value="/admin/roles"' in browser.open(f"/admin/roles/{auditor}")
    page = browser.press("/admin/roles", action="delete-role", role=auditor, name="Auditor")
    assert auditor not in state.roles
    assert "Deleted the role Auditor." in page


def test_an_api_gets_a_permission_and_loses_it(browser: Browser, state: TenantState) -> None:
    before = dict(state.resource_servers[AUDIENCE].scopes)
    page = browser.press(
        "/admin/apis", action="define", api=AUDIENCE, permission="tool:greet", description="Say hello"
    )
    assert "The API now defines tool:greet." in page
    assert state.resource_servers[AUDIENCE].scopes == {**before, "tool:greet": "Say hello"}
    browser.press("/admin/apis", action="undefine", api=AUDIENCE, permission="tool:report")
    assert "tool:report" not in state.resource_servers[AUDIENCE].scopes
    assert Permission(AUDIENCE, "tool:report") not in state.users[ALICE].permissions


def test_a_user_is_blocked_and_an_application_deleted(browser: Browser, state: TenantState) -> None:
    assert "blocked" in browser.press(user_page(BOB), action="block", user=BOB)
    assert state.users[BOB].blocked
    browser.press(user_page(BOB), action="unblock", user=BOB)
    assert not state.users[BOB].blocked
    browser.press("/admin/applications", action="delete-client", client="tpc_inspector", name="Inspector")
    assert "tpc_inspector" not in state.clients


def test_what_the_administrator_does_is_logged_like_a_request_of_the_api(
    browser: Browser, state: TenantState
) -> None:
    browser.press(user_page(BOB), action="grant", user=BOB, api=AUDIENCE, permission="tool:refund")
    entry = state.logs[-1]
    assert (entry.type, entry.description) == ("sapi", "Assign permissions to a user")
    request = entry.details["request"]
    assert request["path"] == "/api/v2/users/auth0%7Cbob/permissions"
    assert request["method"] == "post"
    assert request["channel"] == "https://manage.auth0.com/"
    assert "Assign permissions to a user" in browser.open("/admin/requests")


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "grant", "user": BOB, "api": AUDIENCE, "permission": "tool:fly"},
        {"action": "grant", "user": "auth0|nobody", "api": AUDIENCE, "permission": "tool:refund"},
        {"action": "grant", "api": AUDIENCE, "permission": "tool:refund"},
        {"action": "define", "api": AUDIENCE, "permission": "two words"},
        {"action": "define", "api": "http://nobody.example", "permission": "tool:x"},
        {"action": "create-role", "name": "Clerk"},
        {"action": "create-role", "name": " "},
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    browser: Browser, state: TenantState, fields: dict[str, str]
) -> None:
    before = state.snapshot()
    page = browser.press("/admin/apis", **fields)
    assert 'role="alert"' in page
    assert state.snapshot() == before


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_this_browsers_token_does_nothing(
    web: FlaskClient, state: TenantState, token: str
) -> None:
    web.get("/admin/", base_url=BASE)
    fields = {
        "action": "grant",
        "user": BOB,
        "api": AUDIENCE,
        "permission": "tool:refund",
        "csrf_token": token,
    }
    assert web.post("/admin/act", data=fields, base_url=BASE).status_code == 403
    assert state.users[BOB].permissions == set()


def test_another_sites_page_can_post_nothing(web: FlaskClient, browser: Browser, state: TenantState) -> None:
    found = CSRF.search(browser.open(user_page(BOB)))
    assert found is not None
    fields = {
        "action": "grant",
        "user": BOB,
        "api": AUDIENCE,
        "permission": "tool:refund",
        "csrf_token": found[1],
    }
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert web.post("/admin/act", data=fields, base_url=BASE, headers=headers).status_code == 403
    assert state.users[BOB].permissions == set()


def test_other_machines_see_no_page(web: FlaskClient) -> None:
    for address in ("192.0.2.7", "2001:db8::7"):
        answer = web.get("/admin/", base_url=BASE, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 403


def test_an_action_leads_back_only_to_an_administrators_page(web: FlaskClient, browser: Browser) -> None:
    found = CSRF.search(browser.open("/admin/roles"))
    assert found is not None
    for back in ("https://evil.example/admin/", "//evil.example", "/admin/\\evil", "/authorize", ""):
        fields = {"csrf_token": found[1], "action": "unblock", "user": BOB, "back": back}
        answer = web.post("/admin/act", data=fields, base_url=BASE)
        assert answer.status_code == 303
        assert answer.headers["Location"] == (
            "/admin/" if "\\" in back or not back.startswith("/admin/") else back
        )


def test_what_is_not_there_is_not_found(web: FlaskClient, browser: Browser) -> None:
    for path in ("/admin/users/auth0|nobody", "/admin/roles/rol_none", "/admin/nothing"):
        assert web.get(path, base_url=BASE).status_code == 404
    found = CSRF.search(browser.open("/admin/roles"))
    assert found is not None
    answer = web.post("/admin/act", data={"csrf_token": found[1], "action": "fly"}, base_url=BASE)
    assert answer.status_code == 400


def test_activity_shows_faults_that_are_on_and_reloads_when_asked(
    browser: Browser, state: TenantState
) -> None:
    state.faults.add("GET /api/v2/roles", status=500, times=2)
    assert "for 2 more requests" in browser.open("/admin/requests")
    assert 'http-equiv="refresh"' not in browser.open("/admin/requests")
    assert 'http-equiv="refresh"' in browser.open("/admin/requests?live=1")


def test_names_from_outside_are_text_on_the_page(browser: Browser, state: TenantState) -> None:
    state.clients["tpc_inspector"].name = "<img src=x onerror=alert(1)>"
    state.users[BOB].name = '"><script>alert(1)</script>'
    for path in ("/admin/", "/admin/applications", user_page(BOB)):
        page: Any = browser.open(path)
        assert "<script>" not in page
        assert "<img" not in page
