"""Nothing that is wrong outside takes doctor down: a clear line each, and the other checks still run."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.tenant.findings import Finding, exit_code

from .site import SECRET, Clock, diagnosis, make_app, named
from .test_doctor_and_setup import everything_but, narrow_own_grant


def skipped(findings: dict[str, Finding]) -> set[str]:
    return {one.id for one in findings.values() if one.status == "skipped"}


def no_secret(findings: dict[str, Finding]) -> None:
    text = repr([finding.as_json() for finding in findings.values()])
    assert SECRET not in text
    assert "Bearer" not in text
    assert "Traceback" not in text


def test_without_credentials_everything_else_is_still_looked_at(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_CLIENT_ID=None, AUTH0_CLIENT_SECRET=None)

    findings = diagnosis(app)

    assert named(findings) == {"M1"}
    assert "no credentials are configured" in findings["M1"].reason
    assert findings["M1"].status == "failure"
    assert {findings[one].status for one in ("S1", "S2", "S3", "S4", "D1", "D2", "D3", "D4")} == {"ok"}
    assert findings["T3"].reason == "needs credentials (see M1)"
    assert exit_code(findings.values()) == 2


def test_a_wrong_secret_is_named_once_and_never_shown(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_CLIENT_SECRET="not the secret at all")

    findings = diagnosis(app)

    assert named(findings) == {"M1"}
    assert "access_denied" in findings["M1"].reason
    assert "not the secret at all" not in repr(findings)
    assert findings["A1"].reason == "needs credentials that work (see M1)"
    # One request for a token, not one for each check.
    assert tenant.state.count("POST /oauth/token") <= 2


def test_an_application_without_a_grant_is_told_so(app: Flask, tenant: TenantServer) -> None:
    state = tenant.state
    state.client_grants = {
        key: grant
        for key, grant in state.client_grants.items()
        if grant.audience != state.management_audience
    }

    findings = diagnosis(app)

    assert named(findings) == {"M1"}
    no_secret(findings)


@pytest.mark.parametrize(
    ("scope", "checks"),
    [
        ("read:tenant_settings", {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"}),
        ("read:connections", {"C1"}),
        ("read:client_grants", {"G1"}),
        ("read:rules", {"R1"}),
        ("read:hooks", {"R1"}),
    ],
)
def test_a_missing_scope_is_named_by_the_checks_that_need_it(
    app: Flask, tenant: TenantServer, scope: str, checks: set[str]
) -> None:
    everything_but(scope)(tenant.state)

    findings = diagnosis(app)

    assert named(findings) == set()
    assert skipped(findings) == checks | {"S5"}
    assert all(findings[one].reason == f"needs the scope {scope}" for one in checks)
    assert exit_code(findings.values()) == 1


def test_the_two_scopes_of_old_guides_leave_the_api_to_be_looked_at(app: Flask, tenant: TenantServer) -> None:
    narrow_own_grant("read:resource_servers", "read:users")(tenant.state)

    findings = diagnosis(app)

    assert named(findings) == {"M1"}
    assert findings["M1"].status == "warning"
    assert {findings[one].status for one in ("A1", "A2", "A3", "A10")} == {"ok"}
    # What is known to be refused is not asked for.
    assert tenant.state.count("GET /api/v2/tenants/settings") == 0


def test_a_scope_that_only_the_answer_tells_of_is_named_too(app: Flask, tenant: TenantServer) -> None:
    tenant.state.faults.add(
        "GET /api/v2/connections",
        status=403,
        content='{"message": "Insufficient scope, expected any of: read:connections"}',
        content_type="application/json",
    )

    assert diagnosis(app)["C1"].reason == "needs the scope read:connections"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def test_an_unreachable_tenant_is_one_failure(nobody: str) -> None:
    findings = diagnosis(make_app(nobody))

    assert findings["D1"].status == "failure"
    assert "cannot be reached" in findings["D1"].reason
    assert named(findings) == {"D1"}
    assert {findings[one].status for one in ("S1", "S2", "S4")} == {"ok"}
    assert exit_code(findings.values()) == 2
    no_secret(findings)


def test_a_domain_that_is_no_tenant_is_said_to_be_none(app: Flask, tenant: TenantServer) -> None:
    for path in ("/.well-known/*", "/api/v2/*", "/oauth/token"):
        tenant.state.faults.add(f"* {path}", status=404, content="<h1>Not here</h1>")

    findings = diagnosis(app)

    assert named(findings) == {"D1"}
    assert "is no Auth0 tenant" in findings["D1"].reason


def test_documents_of_another_issuer_are_no_tenant_of_ours(app: Flask, tenant: TenantServer) -> None:
    tenant.state.issuer_in_metadata = "https://somebody-else.example.com/"

    findings = diagnosis(app)

    assert named(findings) == {"D1"}
    assert "somebody-else" in findings["D1"].reason


def test_a_429_in_the_middle_is_waited_out(app: Flask, tenant: TenantServer) -> None:
    tenant.state.faults.add("GET /api/v2/tenants/settings", status=429, ratelimit_reset=7, times=1)
    clock = Clock()

    findings = diagnosis(app, clock=clock)

    assert named(findings) == set()
    assert skipped(findings) == {"S5"}
    assert 4 < max(clock.slept) <= 7


def test_a_429_that_stays_is_said_and_the_others_go_on(app: Flask, tenant: TenantServer) -> None:
    tenant.state.faults.add("GET /api/v2/connections", status=429, retry_after=3600)
    clock = Clock()

    findings = diagnosis(app, clock=clock)

    assert skipped(findings) == {"C1", "S5"}
    assert "rate limit" in findings["C1"].reason
    assert max(clock.slept) <= 60
    assert findings["A1"].status == "ok"


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"drop": True}, {"content": "<html>a proxy's page</html>"}, {"content": "[1, 2]"}],
    ids=["500", "dropped", "html", "another shape"],
)
def test_an_answer_that_makes_no_sense_skips_its_check_alone(
    app: Flask, tenant: TenantServer, fault: dict[str, Any]
) -> None:
    tenant.state.faults.add("GET /api/v2/clients", **fault)

    findings = diagnosis(app)

    assert named(findings) <= {"X1"}
    assert {"X1"} >= skipped(findings) - {"S5"}
    no_secret(findings)


def test_a_check_asks_at_most_twice_a_second(app: Flask, tenant: TenantServer) -> None:
    clock = Clock()
    tenant.state.clock = clock
    tenant.state.limit_rate("free")

    try:
        findings = diagnosis(app, clock=clock)
    finally:
        tenant.state.clock = time.time

    assert named(findings) == {"M3"}
    assert "120 new users a minute" in findings["M3"].reason
    asked = sum(count for name, count in tenant.state.counts.items() if "/api/v2/" in name)
    assert asked <= 10
    assert sum(clock.slept) >= asked / 2 - 1
