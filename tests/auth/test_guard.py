"""The door of the MCP endpoint."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from flask import Flask, Request, Response, g, request
from joserfc.jwk import RSAKey
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from flask_mcp_auth0.auth.auth_info import auth_info, find_auth_info
from flask_mcp_auth0.auth.challenge import Challenges
from flask_mcp_auth0.auth.covered_path import CoveredPaths
from flask_mcp_auth0.auth.guard import Guard
from flask_mcp_auth0.auth.origin import OriginPolicy
from flask_mcp_auth0.signals import token_rejected

from .doubles import Tenant, make_settings

METADATA = 'resource_metadata="https://app.example.com/.well-known/oauth-protected-resource/mcp"'


class Door:
    """An app that answers every path it is asked for, behind a guard."""

    def __init__(self, tenant: Tenant, settings: dict[str, Any] | None = None, **guard: Any) -> None:
        read = make_settings(**(settings or {}))
        self.tenant = tenant
        self.app = Flask(__name__)
        self.guard = Guard(
            read,
            tenant.verifier(**(settings or {})),
            Challenges(read, lambda: ("openid",)),
            OriginPolicy(read),
            **guard,
        )
        self.guard.init_app(self.app)
        self.app.add_url_rule("/mcp", "mcp", self.view, methods=["GET", "POST", "DELETE"])
        self.app.add_url_rule("/", "root", self.view, defaults={"path": ""})
        self.app.add_url_rule("/<path:path>", "any", self.view, methods=["GET", "POST"])

    @staticmethod
    def view(path: str = "mcp") -> dict[str, Any]:
        info = find_auth_info()
        return {"reached": path, "sub": info.user.sub if info else None}

    def call(
        self,
        path: str = "/mcp",
        *,
        method: str = "POST",
        script_name: str = "",
        query: str = "",
        **headers: str | list[str],
    ) -> TestResponse:
        builder = EnvironBuilder("/", method=method, query_string=query)
        for name, value in headers.items():
            for one in [value] if isinstance(value, str) else value:
                builder.headers.add(name.replace("_", "-"), one)
        environ = builder.get_environ()
        environ["PATH_INFO"] = path.encode("utf-8", "surrogateescape").decode("latin-1")
        environ["SCRIPT_NAME"] = script_name
        body, status, sent = run_wsgi_app(self.app, environ, buffered=True)
        return TestResponse(body, status, sent, Request(environ))

    def bearer(self, **claims: Any) -> str:
        return f"Bearer {self.tenant.token(**claims)}"


@pytest.fixture
def door(tenant: Tenant) -> Door:
    return Door(tenant)


def test_a_verified_caller_is_known_to_the_view(door: Door) -> None:
    response = door.call(Authorization=door.bearer())
    assert response.json == {"reached": "mcp", "sub": "auth0|ada"}


def test_without_a_token_nothing_is_reached(door: Door) -> None:
    response = door.call()
    assert response.status_code == 401
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["WWW-Authenticate"] == f'Bearer scope="openid", {METADATA}'
    assert response.json is not None
    assert response.json["error"] == "unauthorized"


def test_a_caller_is_forgotten_with_their_request_though_an_app_context_is_shared(tenant: Tenant) -> None:
    door = Door(tenant, anonymous=lambda request: True)
    with door.app.app_context():
        assert door.call(Authorization=door.bearer(sub="auth0|ada")).get_json()["sub"] == "auth0|ada"
        assert door.call().get_json()["sub"] is None
        assert door.call("/elsewhere").get_json() == {"reached": "elsewhere", "sub": None}
        assert door.call(Authorization="Bearer nonsense").status_code == 401
        assert door.call(Authorization=door.bearer(sub="auth0|bob")).get_json()["sub"] == "auth0|bob"


def test_a_request_within_a_request_changes_the_caller_of_neither(tenant: Tenant) -> None:
    door = Door(tenant)

    @door.app.get("/mcp/nested")
    def nested() -> list[str | None]:
        within = door.call(Authorization=door.bearer(sub="auth0|bob")).get_json()["sub"]
        beside = door.call("/elsewhere").get_json()["sub"]
        return [within, beside, auth_info.user.sub]

    response = door.call("/mcp/nested", method="GET", Authorization=door.bearer(sub="auth0|ada"))
    assert response.get_json() == ["auth0|bob", None, "auth0|ada"]


def test_an_app_whose_context_is_pushed_within_the_request_knows_no_caller(tenant: Tenant) -> None:
    door = Door(tenant)

    @door.app.get("/mcp/other")
    def other() -> list[bool]:
        with Flask("other").app_context():
            elsewhere = find_auth_info()
        with door.app.app_context():
            here = find_auth_info()
        return [elsewhere is None, here is find_auth_info() is not None]

    response = door.call("/mcp/other", method="GET", Authorization=door.bearer())
    assert response.get_json() == [True, True]


@pytest.mark.parametrize("same", [True, False])
def test_a_request_that_an_app_hands_on_is_guarded_anew(tenant: Tenant, same: bool) -> None:
    outer = Door(tenant)
    inner = outer if same else Door(tenant)

    @outer.app.route("/inner/<path:path>", methods=["POST"])
    def mounted(path: str) -> Response:
        environ = {**request.environ, "SCRIPT_NAME": "/inner", "PATH_INFO": f"/{path}"}
        return Response.from_app(inner.app, environ)

    for path in ("/inner/mcp", "/inner/mcp/tools"):
        assert outer.call(path).status_code == 401
        assert outer.call(path, Authorization=outer.bearer()).get_json()["sub"] == "auth0|ada"
    assert outer.call("/inner/elsewhere", Authorization=outer.bearer()).get_json()["sub"] is None


def test_a_request_is_judged_by_the_guard_that_is_asked(tenant: Tenant) -> None:
    here, there = Door(tenant), Door(tenant, settings={"mcp_path": "/other"})
    with here.app.test_request_context("/mcp"):
        asked = request._get_current_object()  # type: ignore[attr-defined]
        assert [guard.covers(asked) for guard in (here.guard, there.guard, here.guard)] == [True, False, True]


def test_what_lies_on_g_is_the_caller_of_the_request_that_reads_it(tenant: Tenant) -> None:
    door = Door(tenant)

    def who() -> list[str]:
        return [value.user.sub for _, value in vars(g._get_current_object()).items() if value]  # type: ignore[attr-defined]

    door.app.add_url_rule("/mcp/who", view_func=who)
    door.app.add_url_rule("/who", view_func=who)
    with door.app.app_context():
        response = door.call("/mcp/who", method="GET", Authorization=door.bearer(sub="auth0|ada"))
        assert response.get_json() == ["auth0|ada"]
        assert door.call("/who", method="GET").get_json() == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_compared_without_case(door: Door, scheme: str) -> None:
    token = door.tenant.token()
    assert door.call(Authorization=f"{scheme} {token}").status_code == 200
    assert door.call(Authorization=f"  {scheme}   {token}  ").status_code == 200


def test_an_expired_token_has_its_own_word(door: Door) -> None:
    response = door.call(Authorization=door.bearer(exp=1))
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"] == "token_expired"
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("", "unauthorized"),
        ("   ", "unauthorized"),
        ("Basic YTpi", "unauthorized"),
        ("Token abc", "unauthorized"),
        ("Bearer", "invalid_token"),
        ("Bearer ", "invalid_token"),
        ("Bearer abc", "invalid_token"),
        ("Bearer a b", "invalid_token"),
        ("Bearer " + "a" * 20_000, "invalid_token"),
        ("Bearer \xff\xfe", "invalid_token"),
        ("Bearer\tabc", "unauthorized"),
        ("DPoP abc", "invalid_token"),
    ],
)
def test_everything_else_is_refused_with_401(door: Door, header: str, error: str) -> None:
    response = door.call(Authorization=header)
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"] == error
    assert METADATA in response.headers["WWW-Authenticate"]


def test_two_authorization_headers_are_refused(door: Door) -> None:
    good = door.bearer()
    for pair in (
        [good, good],
        [good, "Bearer x"],
        ["Bearer x", good],
        [good, "Basic YTpi"],
        ["Basic YTpi", good],
    ):
        assert door.call(Authorization=pair).status_code == 401


def test_a_token_in_the_query_or_the_form_is_not_read(door: Door) -> None:
    token = door.tenant.token()
    assert door.call(query=f"access_token={token}").status_code == 401
    response = door.app.test_client().post("/mcp", data={"access_token": token})
    assert response.status_code == 401


SPELLINGS = [
    "/mcp",
    "/mcp/",
    "/mcp//",
    "//mcp",
    "///mcp/",
    "/MCP",
    "/Mcp/Tools",
    "/mcp/health",
    "/mcp/x/y",
    "/./mcp",
    "/x/../mcp",
    "/x/..//mcp",
    "/mcp/../mcp",
    "/mcp/../x",
    "/mcp/..",
    "/mcp/.",
    "/mcp;a=b",
    "/mcp;",
    ";x/mcp",
    "/;/mcp",
    "/mcp;a=b/health",
    "/..;/mcp",
    "/x/..;y/mcp",
    "\\mcp",
    "/\\mcp",
    "/mcp\\x",
    "/x\\..\\mcp",
    "/%6dcp",
    "/%6D%63%70",
    "/%256dcp",
    "/%25256dcp",
    "/mcp%2f",
    "/mcp%2Fhealth",
    "/%2fmcp",
    "/%2e/mcp",
    "/x/%2e%2e/mcp",
    "/x%2f..%2fmcp",
    "/%5cmcp",
    "/mcp%3Ba",
    "/mcp%00",
    "/mcp\x00",
    "/mcp ",
    "/mcp%20",
    "/ mcp",
    "/mcp.",
    "/mcp./x",
    "/mcp\t",
    "/mcp\r\n",
    "/\uff4d\uff43\uff50",
    "/mc\u200bp",
    "mcp",
]


@pytest.mark.parametrize("path", SPELLINGS)
@pytest.mark.parametrize("merge_slashes", [True, False])
def test_no_spelling_of_the_path_gets_around_the_guard(
    tenant: Tenant, path: str, *, merge_slashes: bool
) -> None:
    door = Door(tenant)
    door.app.url_map.merge_slashes = merge_slashes
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"):
        response = door.call(path, method=method)
        assert response.status_code == 401, method
        assert b"reached" not in response.data
        assert METADATA in response.headers["WWW-Authenticate"]


MARKED = [
    "/caf\u00e9\u0323",
    "/cafe\u0301\u0323",
    "/cafe\u0323\u0301",
    "/caf\u1eb9\u0301",
    "/CAF\u1eb8\u0301/x",
    "/\uff43af\u1eb9\u0301",
]


@pytest.mark.parametrize("configured", MARKED[:4])
def test_a_path_with_marks_is_covered_whichever_way_they_are_written(configured: str) -> None:
    covered = CoveredPaths(configured)
    assert [path for path in MARKED if not covered.covers(path)] == []
    assert not covered.covers("/cafe")


@pytest.mark.parametrize("unit", ["\u0300\u0316", "\u0345\u0301\u0316", "%CC%80%CC%96", "e\u0301\u0323/"])
def test_a_path_of_marks_in_disorder_takes_no_more_time_than_one_in_order(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    swaps: list[int] = []

    def normalize(form: Literal["NFKC", "NFKD"], text: str) -> str:
        """What sorts by insertion works as often as neighbours are in the wrong order."""
        classes = [unicodedata.combining(char) for char in text]
        swaps.append(sum(0 < right < left for left, right in pairwise(classes)))
        return unicodedata.normalize(form, text)

    spied = SimpleNamespace(normalize=normalize, combining=unicodedata.combining)
    monkeypatch.setattr("flask_mcp_auth0.auth.covered_path.unicodedata", spied)
    assert not CoveredPaths("/mcp").covers("/a" + unit * 500)
    assert len(swaps) > 500
    assert sum(swaps) == 0


def test_an_encoding_without_end_is_guarded(door: Door) -> None:
    assert door.call("/" + "%" + "25" * 20 + "6dcp").status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/mcpx", "/xmcp", "/shop/mcp", "/mcp-docs", "/x", "/%", "/%zz", "/mc/p", "/.."]
)
def test_other_paths_are_none_of_its_business(door: Door, path: str) -> None:
    response = door.call(path, method="GET", Origin="https://elsewhere.example")
    assert response.status_code == 200
    assert "Vary" not in response.headers


def test_an_app_below_a_path_is_guarded(door: Door) -> None:
    for script_name in ("/shop", "/mcp", "/shop/", "//"):
        assert door.call("/mcp", script_name=script_name).status_code == 401
        assert door.call("/MCP/", script_name=script_name).status_code == 401
        assert door.call("/shop", script_name=script_name).status_code == 200


def test_application_root_changes_nothing(tenant: Tenant) -> None:
    door = Door(tenant)
    door.app.config["APPLICATION_ROOT"] = "/shop"
    assert door.call("/mcp").status_code == 401
    assert door.call("/mcp", Authorization=door.bearer()).status_code == 200


def test_a_path_of_several_segments_is_guarded(tenant: Tenant) -> None:
    door = Door(tenant, {"mcp_path": "/api/MCP"})
    for path in ("/api/mcp", "/API/mcp/x", "//api//mcp", "/api/./mcp"):
        assert door.call(path).status_code == 401
    for path in ("/api", "/api/other", "/mcp", "/api/mcpx"):
        assert door.call(path).status_code == 200


def test_a_view_of_ours_is_guarded_wherever_it_is_mounted(tenant: Tenant) -> None:
    door = Door(tenant, owns=lambda request: request.endpoint == "any")
    assert door.call("/elsewhere").status_code == 401
    assert door.call("/elsewhere", Authorization=door.bearer()).status_code == 200


def test_the_guard_comes_before_what_the_app_registered_earlier(tenant: Tenant) -> None:
    app = Flask(__name__)
    seen: list[str] = []
    app.before_request(lambda: seen.append("early"))
    settings = make_settings()
    Guard(settings, tenant.verifier(), Challenges(settings, tuple), OriginPolicy(settings)).init_app(app)
    assert app.test_client().post("/mcp").status_code == 401
    assert not seen


# --- exceptions ----------------------------------------------------------------------------------------------


def test_exempt_requests_need_no_token(tenant: Tenant) -> None:
    door = Door(tenant, exempt=lambda request: request.path == "/mcp/health")
    assert door.call("/mcp/health", method="GET").status_code == 200
    assert door.call("/mcp/Health", method="GET").status_code == 401
    assert door.call("/mcp/health", Origin="https://evil.example.com").status_code == 403


def test_anonymous_requests_pass_but_a_token_is_checked_all_the_same(tenant: Tenant) -> None:
    door = Door(tenant, anonymous=lambda request: request.headers.get("X-Open") == "1")
    assert door.call(X_Open="1").json == {"reached": "mcp", "sub": None}
    assert door.call(X_Open="1", Authorization=door.bearer()).json == {"reached": "mcp", "sub": "auth0|ada"}
    assert door.call(X_Open="1", Authorization="Bearer x").status_code == 401
    assert door.call(X_Open="1", Authorization="").status_code == 401
    assert door.call().status_code == 401


def test_a_preflight_is_answered_without_a_token(door: Door) -> None:
    response = door.call(
        method="OPTIONS", Origin="https://app.example.com", Access_Control_Request_Method="POST"
    )
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    refused = door.call(
        method="OPTIONS", Origin="https://evil.example.com", Access_Control_Request_Method="POST"
    )
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_refusal_can_be_read_by_pages_of_allowed_origins(door: Door) -> None:
    response = door.call(Origin="https://app.example.com")
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]


def test_dns_rebinding_is_stopped_before_anything_else(tenant: Tenant) -> None:
    door = Door(tenant, {"base_url": "http://localhost:3001", "audience": "https://app.example.com/mcp"})
    good = door.bearer()
    evil = door.call(Authorization=good, Host="evil.example.com", Origin="http://evil.example.com")
    assert evil.status_code == 403
    own = door.call(Authorization=good, Host="127.0.0.1:3001", Origin="http://127.0.0.1:3001")
    assert own.status_code == 200


# --- outages, logs, signals ----------------------------------------------------------------------------------


def test_while_the_tenant_cannot_be_asked_it_is_503_and_never_401(door: Door, other_key: RSAKey) -> None:
    door.tenant.outbound.down = True
    response = door.call(Authorization=door.bearer())
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert response.json["error"] == "temporarily_unavailable"
    assert "tenant.example.com" not in response.json["error_description"]
    assert door.call().status_code == 401


def test_an_unknown_key_is_401_once_the_tenant_has_answered(door: Door, other_key: RSAKey) -> None:
    good, unknown = door.bearer(), door.bearer(key=other_key)
    assert door.call(Authorization=good).status_code == 200
    assert door.call(Authorization=unknown).status_code == 401
    door.tenant.outbound.down = True
    door.tenant.clock.advance(31)
    assert door.call(Authorization=unknown).status_code == 503
    assert door.call(Authorization=good).status_code == 200


@pytest.fixture
def rejections() -> Iterator[list[tuple[str, str]]]:
    heard: list[tuple[str, str]] = []

    def listen(sender: Flask, *, error: str, description: str) -> None:
        heard.append((error, description))

    with token_rejected.connected_to(listen):
        yield heard


def test_a_refused_token_is_signalled(door: Door, rejections: list[tuple[str, str]]) -> None:
    door.call(Authorization="Bearer abc")
    door.call()
    assert [error for error, _ in rejections] == ["invalid_token", "unauthorized"]


def test_a_log_line_is_one_line_and_holds_no_secret(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    token = door.tenant.token(aud="x")
    with caplog.at_level(logging.DEBUG, "flask_mcp_auth0"):
        door.call(
            "/mcp/\r\n2026-01-01 CRITICAL forged\x1b[31m\u2028",
            Authorization=f"Bearer {token}",
            method="PO\nST",
        )
        door.call(query=f"access_token={token}")
    assert len(caplog.messages) == 2
    for message in caplog.messages:
        assert message.isprintable()
        assert message.isascii()
        assert token not in message
        assert token.rpartition(".")[2] not in message


def test_a_refusal_says_nothing_of_what_the_token_holds(door: Door) -> None:
    response = door.call(Authorization=door.bearer(sub="auth0|secret-person", aud="https://secret.example"))
    text = json.dumps(dict(response.headers)) + response.get_data(as_text=True)
    assert "secret" not in text


def test_a_predicate_that_breaks_lets_nobody_in(tenant: Tenant) -> None:
    def broken(request: Request) -> bool:
        raise RuntimeError("broken")

    predicates: list[dict[str, Any]] = [{"exempt": broken}, {"anonymous": broken}]
    for predicate in predicates:
        response = Door(tenant, **predicate).call()
        assert response.status_code == 500
        assert b"reached" not in response.data


def test_dpop_without_a_verifier_of_proofs_is_refused_at_start(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="proofs"):
        Door(tenant, {"dpop": "required"})


def test_responses_are_flasks_own(door: Door) -> None:
    with door.app.test_request_context("/mcp", method="POST"):
        assert isinstance(door.guard.before_request(), Response)
