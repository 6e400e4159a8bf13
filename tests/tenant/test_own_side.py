"""The app's own side: what it answers to clients without a token, here and at its public URL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.serving import make_server

from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.tenant.doctor import CHECKS

from .site import diagnosis, make_app, named


@contextmanager
def served(app: Any, port: int = 0) -> Iterator[int]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def public(tenant: TenantServer, between: Any = None, **config: Any) -> Iterator[Flask]:
    """An app that answers at its public URL, with something in between."""
    holder: dict[str, Any] = {}

    def outside(environ: Any, start_response: Any) -> Any:
        return holder["app"](environ, start_response)

    with served(outside) as port:
        url = f"http://127.0.0.1:{port}"
        app = make_app(tenant.issuer, MCP_BASE_URL=url, AUTH0_AUDIENCE=url + "/mcp", **config)
        holder["app"] = between(app) if between else app
        state = tenant.state
        for old in list(state.resource_servers.values()):
            if old.identifier.endswith("/mcp"):
                del state.resource_servers[old.identifier]
                old.identifier = url + "/mcp"
                state.resource_servers[old.identifier] = old
        for grant in state.client_grants.values():
            if grant.audience.endswith("/mcp"):
                grant.audience = url + "/mcp"
        state.clients["local-m2m"].resource_server_identifier = url + "/mcp"
        yield app


def test_an_app_that_runs_is_looked_at_from_outside(tenant: TenantServer) -> None:
    with public(tenant) as app:
        findings = diagnosis(app)

    assert findings["S5"].status == "ok"
    assert named(findings) == set()
    assert all(finding.status == "ok" for finding in findings.values())


def without_documents(app: Flask) -> Any:
    def proxy(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith("/.well-known/"):
            return Response("no", 404)(environ, start_response)
        return app(environ, start_response)

    return proxy


def without_challenges(app: Flask) -> Any:
    def proxy(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            return start_response(status, [(k, v) for k, v in headers if k != "WWW-Authenticate"], *more)

        return app(environ, start)

    return proxy


def redirecting(app: Flask) -> Any:
    def proxy(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            return Response("", 307, {"Location": "/mcp/"})(environ, start_response)
        return app(environ, start_response)

    return proxy


def somebody_elses(app: Flask) -> Any:
    def server(environ: Any, start_response: Any) -> Any:
        return Response('{"resource": "https://else.example.com/"}', 200, content_type="application/json")(
            environ, start_response
        )

    return server


@pytest.mark.parametrize(
    ("between", "word"),
    [
        (without_documents, "/.well-known/"),
        (without_challenges, "WWW-Authenticate"),
        (redirecting, "307"),
        (somebody_elses, "another server"),
    ],
)
def test_what_a_proxy_spoils_is_named(tenant: TenantServer, between: Any, word: str) -> None:
    with public(tenant, between) as app:
        findings = diagnosis(app)

    assert named(findings) == {"S5"}
    assert word in findings["S5"].reason + str(findings["S5"].cure.dashboard)


def test_a_public_url_that_answers_nothing_is_a_failure(tenant: TenantServer) -> None:
    app = make_app(
        tenant.issuer, MCP_BASE_URL="https://127.0.0.2:1", AUTH0_AUDIENCE="https://127.0.0.2:1/mcp"
    )

    assert diagnosis(app)["S5"].status == "failure"


def test_a_hook_that_answers_in_the_endpoints_place_is_named(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer)
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: Response("welcome"))

    findings = diagnosis(app)

    assert {"S2", "S3", "S4"} == named(findings)
    assert "answered 200" in findings["S2"].reason


def test_a_hook_that_drops_the_challenge_is_named(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer)

    @app.after_request
    def drop(response: Response) -> Response:
        response.headers.remove("WWW-Authenticate")
        return response

    assert named(diagnosis(app)) == {"S2"}


def test_a_view_that_takes_another_spelling_is_named(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer)
    app.wsgi_app = _answering("/MCP", app.wsgi_app)  # type: ignore[method-assign]

    findings = diagnosis(app)

    assert named(findings) == {"S4"}
    assert "/MCP" in findings["S4"].reason


def _answering(path: str, inner: Any) -> Any:
    def outer(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == path:
            return Response("in")(environ, start_response)
        return inner(environ, start_response)

    return outer


def test_an_audience_that_clients_rewrite_is_warned_of(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_AUDIENCE="http://localhost:3001")

    findings = diagnosis(app)

    assert findings["S1"].status == "warning"
    assert "http://localhost:3001/mcp" in str(findings["S1"].cure.dashboard)


def test_a_check_that_fails_itself_takes_no_other_with_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(examined: Any) -> Any:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr(
        "flask_mcp_auth0.tenant.doctor.CHECKS",
        tuple(type(check)(check.id, check.title, check.group, "", broken) if check.id == "T3" else check
              for check in CHECKS),
    )  # fmt: skip

    findings = diagnosis(app)

    assert findings["T3"].status == "skipped"
    assert findings["T3"].reason == "the check itself failed (RuntimeError)"
    assert named(findings) == set()


def test_every_check_that_can_fail_says_what_people_see() -> None:
    informing = {"T2", "T8", "A7", "A11"}

    assert {check.id for check in CHECKS if not check.explains} == informing
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize(
    ("trouble", "checks"),
    [
        ("`unauthorized`", {"S2"}),
        ("`token_expired`", {"A5", "D4"}),
        ("`invalid_token`", {"A2", "A8", "A9", "D2", "D4"}),
        ("`insufficient_scope`", {"A10", "G1"}),
        ("Service not found", {"A1"}),
        ("OAuth init failed", {"T1", "T3", "G1", "S3", "S5"}),
        ("access denied", {"A1", "C1", "T3", "G1", "A6", "R1", "O1"}),
        ("You don't have permission", {"M1", "A4", "A10"}),
        ("get_auth_info()", {"S2"}),
    ],
)
def test_every_trouble_that_guides_list_is_explained_by_a_check(trouble: str, checks: set[str]) -> None:
    assert {check.id for check in CHECKS if trouble in check.explains} == checks
