"""What a tenant does wrong when it is told to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import requests
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError
from auth0.management.errors import TooManyRequestsError, UnauthorizedError

from flask_mcp_auth0.local_tenant.faults import Fault, Faults
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE, Client, Clock

ALICE = "auth0|alice"
PERMISSIONS = "GET /api/v2/users/{id}/permissions"
CONTROL = {"X-Local-Tenant-Control": "1"}


def control(tenant: TenantServer, method: str, path: str, **kwargs: Any) -> requests.Response:
    headers = {**CONTROL, **kwargs.pop("headers", {})}
    return requests.request(method, tenant.url(f"/_control{path}"), headers=headers, timeout=5, **kwargs)


def test_a_fault_is_for_its_endpoint_and_for_so_many_requests(auth0: Auth0, state: TenantState) -> None:
    state.faults.add(PERMISSIONS, status=500, times=2)
    auth0.users.get(ALICE)
    for _ in range(2):
        with pytest.raises(ApiError) as failed:
            auth0.users.permissions.list(ALICE)
        assert failed.value.status_code == 500
    auth0.users.permissions.list(ALICE)
    assert state.count(PERMISSIONS) == 3


def test_a_fault_without_a_number_lasts_until_it_is_cleared(auth0: Auth0, state: TenantState) -> None:
    fault = state.faults.add("*", status=503)
    other = state.faults.add("GET /oauth/*", status=503)
    for _ in range(3):
        with pytest.raises(ApiError):
            auth0.roles.list()
    state.faults.clear(fault)
    auth0.roles.list()
    assert list(state.faults) == [other]
    state.faults.clear()
    assert list(state.faults) == []


def test_429_comes_with_its_headers(auth0: Auth0, state: TenantState, clock: Clock) -> None:
    state.faults.add(PERMISSIONS, status=429, retry_after=7, ratelimit_reset=5)
    with pytest.raises(TooManyRequestsError) as refused:
        auth0.users.permissions.list(ALICE)
    headers = refused.value.headers or {}
    assert headers["retry-after"] == "7"
    assert headers["x-ratelimit-reset"] == str(int(clock.now) + 5)
    assert refused.value.body["errorCode"] == "too_many_requests"


def test_latency_comes_before_the_answer(auth0: Auth0, state: TenantState) -> None:
    slept: list[float] = []
    state.faults.sleep = slept.append
    state.faults.add("GET /api/v2/roles", latency=2.5)
    assert list(auth0.roles.list(per_page=100).items or [])
    assert slept == [2.5]


def test_a_connection_is_dropped(auth0: Auth0, state: TenantState) -> None:
    state.faults.add("GET /api/v2/roles", drop=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        auth0.roles.list()
    auth0.roles.list()


def test_an_answer_is_broken_off(auth0: Auth0, state: TenantState) -> None:
    state.faults.add("GET /api/v2/roles", truncate=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        auth0.roles.list()
    auth0.roles.list()


def test_without_a_socket_the_exception_reaches_the_caller(tenant: TenantServer) -> None:
    tenant.state.faults.add("GET /.well-known/jwks.json", drop=True, times=1)
    tenant.state.faults.add("GET /.well-known/jwks.json", truncate=True, times=1)
    web = tenant.app.test_client()
    with pytest.raises(ConnectionResetError):
        web.get("/.well-known/jwks.json", base_url=tenant.issuer)
    broken = web.get("/.well-known/jwks.json", base_url=tenant.issuer)
    assert broken.status_code == 200
    with pytest.raises(ConnectionResetError):
        broken.get_data()
    assert web.get("/.well-known/jwks.json", base_url=tenant.issuer).status_code == 200


def test_something_else_is_answered(tenant: TenantServer) -> None:
    tenant.state.faults.add("* /.well-known/openid-configuration", content="<h1>Maintenance</h1>")
    answer = requests.get(tenant.url("/.well-known/openid-configuration"), timeout=5)
    assert (answer.status_code, answer.text) == (200, "<h1>Maintenance</h1>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_fault_may_be_for_one_user(auth0: Auth0, state: TenantState) -> None:
    state.faults.add("GET /api/v2/users/auth0|bob/permissions", status=500)
    auth0.users.permissions.list(ALICE)
    with pytest.raises(ApiError):
        auth0.users.permissions.list("auth0|bob")


@pytest.mark.parametrize(
    "wrong",
    [{"endpoint": ""}, {"latency": -1}, {"latency": 1e9}, {"status": 42}, {"status": 999}, {"times": 0}],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any], clock: Clock) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Faults(clock).add(**{"endpoint": "*", **wrong})


def test_a_fault_without_a_method_is_for_every_method() -> None:
    assert Fault("/oauth/token").concerns("POST", ["/oauth/token"])
    assert not Fault("GET /oauth/token").concerns("POST", ["/oauth/token"])


def test_faults_are_commanded_from_another_process(tenant: TenantServer, auth0: Auth0) -> None:
    made = control(tenant, "POST", "/faults", json={"endpoint": "GET /api/v2/roles", "status": 500})
    assert made.status_code == 201
    control(tenant, "POST", "/faults", json={"endpoint": "POST /oauth/token", "latency": 0.001, "times": 3})
    assert [f["endpoint"] for f in control(tenant, "GET", "/faults").json()] == [
        "GET /api/v2/roles",
        "POST /oauth/token",
    ]
    with pytest.raises(ApiError):
        auth0.roles.list()
    assert control(tenant, "DELETE", f"/faults/{made.json()['id']}").status_code == 204
    auth0.roles.list()
    assert control(tenant, "DELETE", "/faults").status_code == 204
    assert control(tenant, "GET", "/faults").json() == []


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"status": 500}',
        '{"endpoint": "*", "status": "500"}',
        '{"endpoint": "*", "status": true}',
        '{"endpoint": "*", "colour": "red"}',
        '{"endpoint": "*", "times": 0}',
    ],
)
def test_a_command_of_another_form_is_refused(tenant: TenantServer, body: str) -> None:
    answer = control(tenant, "POST", "/faults", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert list(tenant.state.faults) == []


@pytest.mark.parametrize(
    "headers", [{"X-Local-Tenant-Control": ""}, {"Origin": "https://evil.example"}, {"Host": "evil.example"}]
)
def test_other_sites_pages_command_nothing(tenant: TenantServer, headers: dict[str, str]) -> None:
    answer = control(tenant, "POST", "/faults", json={"endpoint": "*", "status": 500}, headers=headers)
    assert answer.status_code in (403, 421)
    assert list(tenant.state.faults) == []


def test_keys_are_rotated_and_revoked_on_command(state: TenantState) -> None:
    with TenantServer(state, keys=KeyRing()) as tenant:
        first = tenant.keys.kid
        rotated = control(tenant, "POST", "/keys/rotate").json()["kid"]
        assert rotated == tenant.keys.kid != first
        published = requests.get(tenant.url("/.well-known/jwks.json"), timeout=5).json()["keys"]
        assert first in [key["kid"] for key in published]
        assert control(tenant, "POST", "/keys/revoke", json={"kid": first}).json()["revoked"] == first
        assert control(tenant, "POST", "/keys/revoke", json={"kid": "none"}).status_code == 404
        assert control(tenant, "POST", "/keys/revoke").json()["kid"] != rotated


def test_the_tenants_clock_issuer_and_limits_are_set_on_command(
    tenant: TenantServer, state: TenantState, client: Client
) -> None:
    changed = control(
        tenant,
        "PATCH",
        "/tenant",
        json={
            "clock_skew": -90,
            "issuer_in_tokens": "https://wrong.example/",
            "rate_limit": "free",
            "log_stream": {"url": "http://127.0.0.1:9/", "authorization": "secret-of-the-stream"},
        },
    )
    assert changed.status_code == 200
    assert "secret-of-the-stream" not in changed.text
    assert state.clock_skew == -90
    assert state.issuer_in_tokens == "https://wrong.example/"
    assert state.rate_limiter is not None
    assert state.log_stream is not None
    control(tenant, "PATCH", "/tenant", json={"rate_limit": None, "log_stream": None, "clock_skew": 0})
    assert tenant.state.rate_limiter is None
    assert tenant.state.log_stream is None
    for wrong in ({"rate_limit": "gold"}, {"log_stream": {}}, {"clock_skew": "1"}, {"users": {}}):
        assert control(tenant, "PATCH", "/tenant", json=wrong).status_code == 400


def test_counts_are_read_and_forgotten_on_command(tenant: TenantServer, auth0: Auth0) -> None:
    auth0.resource_servers.get(AUDIENCE)
    assert control(tenant, "GET", "/tenant").json()["counts"] == {"GET /api/v2/resource-servers/{id}": 1}
    assert control(tenant, "DELETE", "/counts").status_code == 204
    assert control(tenant, "GET", "/tenant").json()["counts"] == {}


def test_the_management_api_understands_tokens_of_a_skewed_clock(
    tenant: TenantServer, client: Client
) -> None:
    tenant.state.clock_skew = -3600
    soon = int(tenant.state.now()) - 3600 + 60
    assert client(exp=soon).roles.list().items
    tenant.state.clock_skew = 0
    with pytest.raises(UnauthorizedError):
        client(exp=soon).roles.list()


def test_a_request_for_what_is_no_endpoint_is_counted_by_its_path(tenant: TenantServer) -> None:
    requests.get(tenant.url("/nowhere"), timeout=5)
    requests.get(tenant.url("/api/v2/nowhere"), timeout=5)
    assert tenant.state.count("GET /nowhere") == 1
    assert tenant.state.count("GET /api/v2/nowhere") == 1
