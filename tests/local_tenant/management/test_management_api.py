"""What is common to all endpoints: tokens, errors, limits, the log."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from auth0.management import Auth0
from auth0.management.errors import NotFoundError, TooManyRequestsError, UnauthorizedError

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.management import ROUTER
from flask_mcp_auth0.local_tenant.ratelimit import PLANS, Plan, Rate, RateLimiter
from flask_mcp_auth0.local_tenant.scopes import MANAGEMENT_SCOPES
from flask_mcp_auth0.local_tenant.seed import SeedError
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE, Client, Clock, management_token

ALICE = "auth0|alice"


def get(tenant: TenantServer, path: str, authorization: str | None = None) -> requests.Response:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return requests.get(tenant.url(f"/api/v2{path}"), headers=headers, timeout=5)


def test_no_request_without_a_token(tenant: TenantServer) -> None:
    for authorization in (None, "", "Basic YTpi", "Bearer", "Bearer "):
        answer = get(tenant, "/roles", authorization)
        assert answer.status_code == 401
        assert answer.json() == {
            "statusCode": 401,
            "error": "Unauthorized",
            "message": "Missing authentication",
        }


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": 1_799_999_999}, "Expired token received for JSON Web Token validation"),
        ({"exp": None}, "Expired token received for JSON Web Token validation"),
        ({"aud": AUDIENCE}, f"Bad audience: {AUDIENCE}"),
        ({"iss": "http://127.0.0.1:1/"}, "Invalid token"),
    ],
)
def test_a_token_that_is_not_for_this_api_now_is_refused(
    client: Client, claims: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        client(**claims).roles.list()
    assert refused.value.body["message"] == message


def test_a_token_of_another_key_is_refused(tenant: TenantServer) -> None:
    claims = {"iss": tenant.issuer, "aud": tenant.state.management_audience, "exp": 2_000_000_000}
    foreign = KeyRing().sign(claims)
    assert get(tenant, "/roles", f"Bearer {foreign}").status_code == 401
    own = management_token(tenant)
    tampered = f"{own[:-8]}AAAAAAAA"
    assert get(tenant, "/roles", f"Bearer {tampered}").json()["message"] == (
        "Invalid signature received for JSON Web Token validation"
    )


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b.c.d.e", "x" * 20_000, "..", "e30.e30.x"])
def test_what_is_no_token_is_refused(tenant: TenantServer, token: str) -> None:
    assert get(tenant, "/roles", f"Bearer {token}").status_code == 401


def test_a_token_counts_until_its_key_is_revoked(state: TenantState) -> None:
    with TenantServer(state, keys=KeyRing()) as tenant:
        authorization = f"Bearer {management_token(tenant)}"
        first = tenant.keys.kid
        tenant.keys.rotate()
        assert get(tenant, "/roles", authorization).status_code == 200
        tenant.keys.revoke(first)
        assert get(tenant, "/roles", authorization).status_code == 401


def test_every_endpoint_wants_a_token_with_one_of_its_scopes(
    tenant: TenantServer, state: TenantState
) -> None:
    before = state.snapshot()
    nothing = f"Bearer {management_token(tenant, 'read:nothing')}"
    for route in ROUTER.routes:
        url = tenant.url(f"/api/v2{route.template}")
        assert route.scopes, route.pattern
        assert requests.request(route.method, url, timeout=5).status_code == 401, route.pattern
        answer = requests.request(route.method, url, headers={"Authorization": nothing}, timeout=5)
        assert answer.status_code == 403, route.pattern
        assert answer.json()["message"] == (f"Insufficient scope, expected any of: {','.join(route.scopes)}")
    assert state.snapshot() == before


def test_every_scope_that_an_endpoint_wants_is_one_of_the_api(tenant: TenantServer) -> None:
    for route in ROUTER.routes:
        assert set(route.scopes) & set(MANAGEMENT_SCOPES), route.pattern


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/users/auth0%7Cnobody", "inexistent_user"),
        ("PATCH", "/users/auth0%7Cnobody", "inexistent_user"),
        ("GET", "/roles/rol_none", "inexistent_role"),
        ("GET", "/groups/grp_none", "inexistent_group"),
        ("GET", "/organizations/org_none", "inexistent_organization"),
        ("GET", "/organizations/name/none", "inexistent_organization"),
        ("GET", "/organizations/org_none/members", "inexistent_organization"),
        ("GET", "/connections/con_none", "inexistent_connection"),
        ("GET", "/clients/none", "inexistent_client"),
        ("GET", "/clients?q=name", "invalid_query_string"),
        ("GET", "/client-grants/cgr_none", "inexistent_client_grant"),
        ("GET", "/resource-servers/none", "inexistent_resource_server"),
        ("GET", "/token-exchange-profiles/tep_none", "inexistent_token_exchange_profile"),
        ("GET", "/users-by-email", "invalid_query_string"),
        ("GET", "/users/auth0%7Calice/effective-permissions", "invalid_query_string"),
        (
            "GET",
            "/users/auth0%7Calice/effective-permissions?resource_server_identifier=x",
            "inexistent_resource_server",
        ),
        ("DELETE", "/grants", "invalid_query_string"),
        ("GET", "/roles?page=one", "invalid_query_string"),
        ("GET", "/roles?page=-1", "invalid_query_string"),
        ("GET", "/roles?include_totals=maybe", "invalid_query_string"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_named(
    tenant: TenantServer, method: str, path: str, code: str
) -> None:
    answer = requests.request(
        method,
        tenant.url(f"/api/v2{path}"),
        headers={"Authorization": f"Bearer {management_token(tenant)}"},
        json={} if method == "PATCH" else None,
        timeout=5,
    )
    assert answer.json()["errorCode"] == code
    assert answer.json()["statusCode"] == answer.status_code == (404 if code.startswith("inex") else 400)


def test_a_body_has_a_bound(tenant: TenantServer) -> None:
    answer = requests.post(
        tenant.url("/api/v2/roles"),
        data=b" " * 1_048_577,
        headers={"Authorization": f"Bearer {management_token(tenant)}"},
        timeout=5,
    )
    assert answer.status_code == 413


def test_a_scope_of_several_is_enough(client: Client) -> None:
    assert list(client("read:role_members").users.roles.list(ALICE))


def test_what_is_no_endpoint_is_not_found(auth0: Auth0, tenant: TenantServer) -> None:
    authorization = f"Bearer {management_token(tenant)}"
    for path in ("/nothing", "/users//permissions", "/roles/a/b/c"):
        answer = get(tenant, path, authorization)
        assert answer.status_code == 404, path
    assert get(tenant, "/nothing", authorization).json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "Not Found",
    }


@pytest.mark.parametrize("body", ["{", "[1]", "null", "7", '{"name": 7}', '{"name": ""}', "[" * 100_000])
def test_a_body_of_another_form_is_refused(tenant: TenantServer, body: str) -> None:
    answer = requests.post(
        tenant.url("/api/v2/roles"),
        data=body,
        headers={"Authorization": f"Bearer {management_token(tenant)}", "Content-Type": "application/json"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_body"


def test_without_paging_a_list_is_bare_and_bounded(tenant: TenantServer, state: TenantState) -> None:
    answer = get(tenant, "/roles", f"Bearer {management_token(tenant)}")
    assert isinstance(answer.json(), list)
    page = get(tenant, "/client-grants?take=1", f"Bearer {management_token(tenant)}").json()
    assert len(page["client_grants"]) == 1
    assert page["next"]


def test_requests_are_counted_by_endpoint(auth0: Auth0, state: TenantState) -> None:
    auth0.resource_servers.get(AUDIENCE)
    auth0.users.permissions.list(ALICE)
    assert state.count("GET /api/v2/resource-servers/{id}") == 1
    assert state.count("GET /api/v2/users/{id}/permissions") == 1
    assert state.count("GET /api/v2/users/{id}") == 0
    assert state.recent_requests[-1].client_id == "backend"


def test_a_change_leaves_an_entry_in_the_log_without_secrets(auth0: Auth0, state: TenantState) -> None:
    auth0.users.update(ALICE, password="correct-horse")
    entry = next(iter(auth0.logs.list()))
    assert (entry.type, entry.description, entry.client_name) == ("sapi", "Update a User", "Backend")
    assert entry.details is not None
    assert entry.details["request"]["path"] == "/api/v2/users/auth0%7Calice"
    assert entry.details["request"]["method"] == "patch"
    assert "correct-horse" not in entry.model_dump_json()
    assert auth0.logs.get(entry.log_id or "").type == "sapi"
    with pytest.raises(NotFoundError):
        auth0.logs.get("none")


def test_the_log_is_newest_first_and_can_be_read_on_from_an_entry(auth0: Auth0, tenant: TenantServer) -> None:
    made = [auth0.roles.create(name=name).name for name in ("One", "Two", "Three")]
    assert made == ["One", "Two", "Three"]
    entries = list(auth0.logs.list())
    names = [entry.details["request"]["body"]["name"] for entry in entries if entry.details]
    assert names == ["Three", "Two", "One"]
    later = get(tenant, f"/logs?from={entries[-1].log_id}&take=1", f"Bearer {management_token(tenant)}")
    assert [entry["log_id"] for entry in later.json()] == [entries[-2].log_id]
    assert list(auth0.users.logs.list(ALICE)) == []


def test_a_free_plan_allows_two_requests_and_then_two_a_second(
    auth0: Auth0, state: TenantState, clock: Clock
) -> None:
    state.limit_rate("free")
    first = auth0.roles.with_raw_response.list()
    assert first.response.total == 3
    auth0.roles.list()
    with pytest.raises(TooManyRequestsError) as refused:
        auth0.roles.list()
    assert refused.value.body == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    headers = {name.lower(): value for name, value in (refused.value.headers or {}).items()}
    assert headers["x-ratelimit-limit"] == "2"
    assert headers["x-ratelimit-remaining"] == "0"
    assert int(headers["x-ratelimit-reset"]) == int(clock.now) + 1
    assert state.logs[-1].type == "api_limit"
    clock.now += 0.5
    auth0.roles.list()
    with pytest.raises(TooManyRequestsError):
        auth0.roles.list()
    state.limit_rate(None)
    auth0.roles.list()


def test_a_plan_may_limit_single_endpoints(clock: Clock) -> None:
    limiter = RateLimiter("essentials", clock)
    assert limiter.take("GET /api/v2/roles") is None
    verdicts = [limiter.take("GET /api/v2/connections") for _ in range(6)]
    assert [verdict.allowed for verdict in verdicts if verdict] == [True] * 5 + [False]
    users = limiter.take("GET /api/v2/users/{id}")
    assert users is not None
    assert users.remaining == 39


def test_a_refused_request_takes_nothing_from_the_other_limit(clock: Clock) -> None:
    limiter = RateLimiter(Plan(Rate(10, 1), {"GET /a": Rate(1, 1)}), clock)
    assert [getattr(limiter.take("GET /a"), "allowed", None) for _ in range(5)] == [True] + [False] * 4
    verdict = limiter.take("GET /b")
    assert verdict is not None
    assert verdict.remaining == 8
    clock.now -= 100
    again = limiter.take("GET /b")
    assert again is not None
    assert again.remaining == 7


def test_changes_reach_the_log_stream_as_auth0_sends_them(auth0: Auth0, state: TenantState) -> None:
    import json

    received: list[tuple[str | None, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append((self.headers["Authorization"], json.loads(self.rfile.read(length))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    hook = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        state.stream_logs_to(f"http://127.0.0.1:{hook.server_address[1]}/hook", "Bearer of-the-stream")
        stream = state.log_stream
        assert stream is not None
        assert "of-the-stream" not in repr(stream)
        refund = {"resource_server_identifier": AUDIENCE, "permission_name": "tool:refund"}
        auth0.users.permissions.create(ALICE, permissions=[refund])
        stream.join()
    finally:
        hook.shutdown()
        thread.join()
        hook.server_close()
    [(authorization, batch)] = received
    assert authorization == "Bearer of-the-stream"
    assert set(batch[0]) == {"log_id", "data"}
    data = batch[0]["data"]
    assert (data["type"], data["description"]) == ("sapi", "Assign permissions to a user")
    assert data["details"]["request"]["path"] == "/api/v2/users/auth0%7Calice/permissions"
    assert data["details"]["request"]["body"] == {"permissions": [refund]}
    assert stream.delivered == 1


def test_a_log_stream_that_nobody_hears_does_no_harm(auth0: Auth0, state: TenantState) -> None:
    state.stream_logs_to("http://127.0.0.1:9/hook")
    stream = state.log_stream
    assert stream is not None
    auth0.roles.create(name="Unheard")
    stream.join()
    assert stream.delivered == 0


def test_the_description_of_a_tenant_names_its_limits_and_its_log_stream(clock: Clock) -> None:
    stream = "log_stream: {url: 'http://127.0.0.1:9/hook', authorization: hush}\n"
    state = TenantState.from_yaml(f"rate_limit: free\n{stream}", clock=clock)
    assert state.rate_limiter is not None
    assert state.log_stream is not None
    assert state.log_stream.url == "http://127.0.0.1:9/hook"
    for wrong in ("rate_limit: gold\n", "log_stream: {url: 'file:///etc/passwd'}\n"):
        with pytest.raises(SeedError):
            TenantState.from_yaml(wrong)
    assert set(PLANS) == {"free", "essentials", "enterprise", "enterprise-non-production"}
