from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from auth0.management import Auth0, ManagementClient

from flask_mcp_auth0.auth.backoff import NotAllowed, Rejected
from flask_mcp_auth0.auth0_api.permission_reader import ManagementPermissionReader
from flask_mcp_auth0.errors import Auth0APIError, AuthorizationUnavailable, ConfigurationError
from flask_mcp_auth0.settings import Settings

from .doubles import Clock

API = "https://app.example.com/mcp"
NOW = 1_800_000_000
SETTINGS = Settings.from_config(
    {"AUTH0_DOMAIN": "tenant.example.com", "MCP_BASE_URL": "https://app.example.com"}
)


class Management(ManagementClient):
    def __init__(self, api: Auth0) -> None:
        self._api = api


class Tenant:
    """The Management API's endpoints for permissions, counted, behind auth0-python's own client."""

    def __init__(self) -> None:
        self.scopes: list[str] | None = []
        self.permissions: dict[str, list[tuple[str, str]]] = {}
        self.effective: dict[str, list[str]] = {}
        self.members: dict[tuple[str, str], list[str]] = {}
        self.roles: dict[str, list[tuple[str, str]]] = {}
        self.grant = {"read:user_effective_permissions", "read:organization_member_effective_roles"}
        self.asked: Counter[str] = Counter()
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None
        self.client = Management(
            Auth0(
                base_url="https://tenant.example.com/api/v2",
                token="the-management-token",
                httpx_client=httpx.Client(transport=httpx.MockTransport(self.handle)),
                timeout=60,
                max_retries=2,
            )
        )
        self.clock = Clock(NOW)
        self.reader = ManagementPermissionReader(lambda: self.client, SETTINGS, clock=self.clock)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api/v2")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        self.asked[re.sub(r"/(auth0%7C|org_|rol_|https%3A)[^/]*", "/{id}", path)] += 1
        if self.answer is not None:
            return self.answer(request)
        query = request.url.params
        match parts:
            case ["resource-servers", identifier]:
                if self.scopes is None or identifier != API:
                    return refusal(404, "inexistent_resource_server")
                return httpx.Response(
                    200, json={"identifier": API, "scopes": [{"value": s} for s in self.scopes]}
                )
            case ["users", user, "effective-permissions"]:
                if "read:user_effective_permissions" not in self.grant:
                    return refusal(403, "insufficient_scope")
                if user not in self.effective:
                    return refusal(404, "inexistent_user")
                assert query["resource_server_identifier"] == API
                return by_cursor(
                    query, "permissions", [permission(API, name) for name in self.effective[user]]
                )
            case ["users", user, "permissions"]:
                if user not in self.permissions:
                    return refusal(404, "inexistent_user")
                return by_page(query, "permissions", [permission(*held) for held in self.permissions[user]])
            case ["organizations", organization, "members", user, "effective-roles"]:
                if "read:organization_member_effective_roles" not in self.grant:
                    return refusal(403, "insufficient_scope")
                if (organization, user) not in self.members:
                    return refusal(404, "inexistent_organization_member")
                return by_cursor(query, "roles", [role(one) for one in self.members[organization, user]])
            case ["organizations", organization, "members", user, "roles"]:
                return by_page(
                    query, "roles", [role(one) for one in self.members.get((organization, user), [])]
                )
            case ["roles", one, "permissions"]:
                if one not in self.roles:
                    return refusal(404, "inexistent_role")
                return by_page(query, "permissions", [permission(*held) for held in self.roles[one]])
        return httpx.Response(404, json={"statusCode": 404, "error": "Not Found", "message": "Not Found"})


def permission(api: str, name: str) -> dict[str, str]:
    return {"resource_server_identifier": api, "permission_name": name, "resource_server_name": "MCP"}


def role(one: str) -> dict[str, Any]:
    # No description: optional in Auth0, though the SDK's model of an effective role wants one.
    return {"id": one, "name": one, "sources": []}


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json={"statusCode": status, "errorCode": code, "message": "no: the-secret"}, headers=headers
    )


def by_page(query: httpx.QueryParams, name: str, items: list[Any]) -> httpx.Response:
    page, size = int(query["page"]), int(query["per_page"])
    found = items[page * size : (page + 1) * size]
    return httpx.Response(200, json={"start": page * size, "limit": size, "total": len(items), name: found})


def by_cursor(query: httpx.QueryParams, name: str, items: list[Any]) -> httpx.Response:
    start, size = int(query.get("from", 0)), int(query["take"])
    body = {name: items[start : start + size]}
    return httpx.Response(200, json=body | ({"next": str(start + size)} if start + size < len(items) else {}))


def names(count: int) -> list[str]:
    return [f"tool:{number}" for number in range(count)]


def ours(held: Iterable[str]) -> list[tuple[str, str]]:
    return [(API, name) for name in held]


QUESTIONS: list[Callable[[ManagementPermissionReader], Any]] = [
    lambda reader: reader.api_scopes(),
    lambda reader: reader.user_permissions("auth0|ada"),
    lambda reader: reader.member_roles("auth0|ada", "org_1"),
    lambda reader: reader.role_permissions("rol_1"),
]

each_question = pytest.mark.parametrize("ask", QUESTIONS, ids=["api", "user", "member", "role"])


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


def test_the_permissions_of_the_api_are_read_in_one_call(tenant: Tenant) -> None:
    tenant.scopes = names(300)
    assert tenant.reader.api_scopes() == set(names(300))
    assert tenant.asked == {"/resource-servers/{id}": 1}


def test_an_api_without_permissions_has_none(tenant: Tenant) -> None:
    tenant.answer = lambda request: httpx.Response(200, json={"identifier": API})
    assert tenant.reader.api_scopes() == set()


def test_an_api_that_does_not_exist_cannot_be_asked_about(tenant: Tenant) -> None:
    tenant.scopes = None
    with pytest.raises(AuthorizationUnavailable, match=re.escape(f"no API with the identifier '{API}'")):
        tenant.reader.api_scopes()


@pytest.mark.parametrize(("held", "calls"), [(0, 1), (3, 1), (100, 1), (101, 2), (250, 3)])
def test_effective_permissions_are_read_whole_with_no_call_too_many(
    tenant: Tenant, held: int, calls: int
) -> None:
    tenant.effective["auth0|ada"] = names(held)
    assert tenant.reader.user_permissions("auth0|ada") == set(names(held))
    assert tenant.asked == {"/users/{id}/effective-permissions": calls}


@pytest.mark.parametrize(("held", "calls"), [(0, 1), (3, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_without_the_grant_every_page_of_user_permissions_is_read_with_no_call_too_many(
    tenant: Tenant, held: int, calls: int
) -> None:
    tenant.grant.clear()
    tenant.permissions["auth0|ada"] = ours(names(held))
    assert tenant.reader.user_permissions("auth0|ada") == set(names(held))
    assert tenant.asked == {"/users/{id}/effective-permissions": 1, "/users/{id}/permissions": calls}


def test_a_grant_that_lacks_is_remembered_for_some_minutes(tenant: Tenant) -> None:
    tenant.grant.clear()
    tenant.permissions["auth0|ada"] = ours(["tool:a"])
    for _ in range(5):
        tenant.reader.user_permissions("auth0|ada")
    assert tenant.asked == {"/users/{id}/effective-permissions": 1, "/users/{id}/permissions": 5}
    tenant.grant.add("read:user_effective_permissions")
    tenant.effective["auth0|ada"] = ["tool:b"]
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:a"}
    tenant.clock.now += 601
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:b"}


def test_a_grant_that_lacks_is_not_remembered_for_longer_by_a_clock_that_is_put_back(tenant: Tenant) -> None:
    tenant.grant.clear()
    tenant.permissions["auth0|ada"] = ours(["tool:a"])
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:a"}
    tenant.grant.add("read:user_effective_permissions")
    tenant.effective["auth0|ada"] = ["tool:b"]
    tenant.clock.now -= 86_400
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:b"}


def test_permissions_on_other_apis_do_not_count_however_similar_their_names(tenant: Tenant) -> None:
    tenant.grant.clear()
    tenant.permissions["auth0|ada"] = [
        (API + "/", "tool:a"),
        (API.upper(), "tool:b"),
        ("https://app.example.com", "tool:c"),
        (API, "tool:d"),
    ]
    tenant.roles["rol_1"] = [(API + "/", "tool:a"), (API, "tool:e")]
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:d"}
    assert tenant.reader.role_permissions("rol_1") == {"tool:e"}


def test_a_user_that_does_not_exist_has_no_permissions(tenant: Tenant) -> None:
    assert tenant.reader.user_permissions("auth0|nobody") == set()
    assert tenant.asked == {"/users/{id}/effective-permissions": 1}
    tenant.grant.clear()
    assert tenant.reader.user_permissions("auth0|nobody") == set()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "The user does not exist."),
        (404, "User not found"),
        (404, "No organization found by that id or name."),
        (400, "The user is not a member of the organization."),
    ],
)
def test_who_auth0_says_does_not_exist_has_no_roles_and_permissions(
    tenant: Tenant, status: int, message: str
) -> None:
    tenant.answer = lambda request: httpx.Response(status, json={"statusCode": status, "message": message})
    assert tenant.reader.user_permissions("auth0|ada") == set()
    assert tenant.reader.member_roles("auth0|ada", "org_1") == set()
    assert tenant.reader.role_permissions("rol_1") == set()
    assert len(tenant.requests) == 3


@each_question
def test_a_404_that_says_nothing_is_no_ground_to_say_that_a_permission_lacks(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any]
) -> None:
    tenant.answer = lambda request: httpx.Response(404, text="<html>nginx</html>")
    with pytest.raises(AuthorizationUnavailable):
        ask(tenant.reader)


def test_one_unknown_user_does_not_change_how_the_others_are_asked_about(tenant: Tenant) -> None:
    tenant.answer = lambda request: httpx.Response(404, json={"message": "Not Found"})
    with pytest.raises(AuthorizationUnavailable):
        tenant.reader.user_permissions("auth0|nobody")
    tenant.answer = None
    tenant.effective["auth0|ada"] = ["tool:a"]
    assert tenant.reader.user_permissions("auth0|ada") == {"tool:a"}


def test_effective_permissions_on_an_api_that_does_not_exist_cannot_be_told(tenant: Tenant) -> None:
    tenant.answer = lambda request: refusal(404, "inexistent_resource_server")
    with pytest.raises(AuthorizationUnavailable, match="no API"):
        tenant.reader.user_permissions("auth0|ada")


def test_ids_are_encoded_in_the_path(tenant: Tenant) -> None:
    tenant.effective["auth0|a/../b?c#d"] = ["tool:a"]
    assert tenant.reader.user_permissions("auth0|a/../b?c#d") == {"tool:a"}


def test_a_members_roles_come_through_groups_too_where_the_grant_allows_it(tenant: Tenant) -> None:
    tenant.members["org_1", "auth0|ada"] = ["rol_1", "rol_2"]
    assert tenant.reader.member_roles("auth0|ada", "org_1") == {"rol_1", "rol_2"}
    assert tenant.asked == {"/organizations/{id}/members/{id}/effective-roles": 1}
    assert tenant.reader.member_roles("auth0|bob", "org_1") == set()


def test_without_the_grant_a_members_own_roles_are_read(tenant: Tenant) -> None:
    tenant.grant.clear()
    tenant.members["org_1", "auth0|ada"] = [f"rol_{number}" for number in range(120)]
    assert len(tenant.reader.member_roles("auth0|ada", "org_1")) == 120
    assert tenant.asked == {
        "/organizations/{id}/members/{id}/effective-roles": 1,
        "/organizations/{id}/members/{id}/roles": 2,
    }


def test_a_role_brings_its_permissions_and_one_that_is_gone_none(tenant: Tenant) -> None:
    tenant.roles["rol_1"] = ours(names(150))
    assert tenant.reader.role_permissions("rol_1") == set(names(150))
    assert tenant.reader.role_permissions("rol_2") == set()
    assert tenant.asked == {"/roles/{id}/permissions": 3}


@each_question
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_tenant_in_trouble_is_asked_once_and_nobody_sleeps(
    tenant: Tenant,
    ask: Callable[[ManagementPermissionReader], Any],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sleep(_seconds: float) -> None:
        raise AssertionError

    monkeypatch.setattr("time.sleep", sleep)
    tenant.answer = lambda request: refusal(status, "x")
    with pytest.raises(AuthorizationUnavailable, match=f"answered {status}"):
        ask(tenant.reader)
    assert len(tenant.requests) == 1


@each_question
@pytest.mark.parametrize(
    ("error", "name"),
    [
        (httpx.ConnectError("https://tenant.example.com refused"), "ConnectError"),
        (httpx.ReadTimeout("too slow"), "ReadTimeout"),
        (httpx.RemoteProtocolError("gone"), "RemoteProtocolError"),
    ],
)
def test_no_answer_is_an_outage(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any], error: Exception, name: str
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    tenant.answer = fail
    with pytest.raises(AuthorizationUnavailable, match=name):
        ask(tenant.reader)
    assert len(tenant.requests) == 1


@each_question
@pytest.mark.parametrize("body", ["<html>", "[]", "7", '{"permissions": 7, "roles": 7, "scopes": 7}'])
def test_an_answer_of_another_shape_is_an_outage(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any], body: str
) -> None:
    tenant.answer = lambda request: httpx.Response(200, text=body)
    with pytest.raises(AuthorizationUnavailable):
        ask(tenant.reader)


@pytest.mark.parametrize("ask", QUESTIONS[1:], ids=["user", "member", "role"])
def test_an_answer_without_the_list_that_was_asked_for_is_an_outage(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any]
) -> None:
    tenant.answer = lambda request: httpx.Response(200, json={"total": 0})
    with pytest.raises(AuthorizationUnavailable, match="without a list"):
        ask(tenant.reader)


@each_question
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_token", AuthorizationUnavailable),
        (401, "insufficient_scope", AuthorizationUnavailable),
        (403, "insufficient_scope", NotAllowed),
        (403, "access_denied", Rejected),
    ],
)
def test_credentials_concern_every_question_and_a_scope_that_lacks_its_kind_alone(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any], status: int, code: str, kind: type
) -> None:
    tenant.answer = lambda request: refusal(status, code)
    with pytest.raises(AuthorizationUnavailable, match="grant") as caught:
        ask(tenant.reader)
    assert type(caught.value) is kind
    assert "the-secret" not in str(caught.value)


@each_question
def test_a_question_that_auth0_does_not_understand_concerns_nobody_else(
    tenant: Tenant, ask: Callable[[ManagementPermissionReader], Any]
) -> None:
    tenant.answer = lambda request: refusal(400, "invalid_uri")
    with pytest.raises(Rejected, match="400 invalid_uri"):
        ask(tenant.reader)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"x-ratelimit-reset": str(NOW + 9)}, 9),
        ({"Retry-After": "7", "x-ratelimit-reset": str(NOW + 90)}, 7),
        ({"Retry-After": "0"}, 1),
        ({"x-ratelimit-reset": str(NOW - 100)}, 1),
        ({"Retry-After": "99999999"}, 3600),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-3"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_auth0s_own_word_on_when_to_come_again_is_passed_on(
    tenant: Tenant, headers: dict[str, str], seconds: int | None
) -> None:
    tenant.answer = lambda request: refusal(429, "too_many_requests", **headers)
    with pytest.raises(AuthorizationUnavailable) as caught:
        tenant.reader.user_permissions("auth0|ada")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "error",
    [
        Auth0APIError("refused", retry_after=4),
        ConfigurationError("no secret"),
        AuthorizationUnavailable("down", 4),
    ],
)
def test_without_a_token_of_our_own_nothing_can_be_asked(tenant: Tenant, error: Exception) -> None:
    def fail() -> ManagementClient:
        raise error

    reader = ManagementPermissionReader(fail, SETTINGS)
    with pytest.raises(AuthorizationUnavailable) as caught:
        reader.api_scopes()
    assert caught.value.retry_after == getattr(error, "retry_after", None)


def test_a_list_without_an_end_is_not_read_to_its_end(tenant: Tenant) -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        items = [permission(API, f"tool:{number}") for number in range(100)]
        return httpx.Response(200, json={"permissions": items, "total": 10**9, "next": "more"})

    tenant.answer = endless
    with pytest.raises(AuthorizationUnavailable, match="more than 50 pages"):
        tenant.reader.user_permissions("auth0|ada")
    with pytest.raises(AuthorizationUnavailable, match="more than 50 pages"):
        tenant.reader.role_permissions("rol_1")
    assert len(tenant.requests) == 100


def test_every_request_is_bounded_in_time(tenant: Tenant) -> None:
    tenant.effective["auth0|ada"] = names(250)
    tenant.reader.user_permissions("auth0|ada")
    tenant.reader.api_scopes()
    for request in tenant.requests:
        assert max(request.extensions["timeout"].values()) <= 3
