"""Tokens, permissions and tools together: who gets in, and who is told what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import pytest
from flask_caching.backends import SimpleCache

from flask_mcp_auth0 import (
    InsufficientScopeError,
    MCPBlueprint,
    RegistrationError,
    approved_by_user,
    auth_info,
    get_auth_info,
    protected_tool,
    require_permission,
    require_scopes,
)

from ..issuer import Issuer
from .conftest import AUDIENCE, BASE_URL, Site

DENIED = "You don't have permission to use the 'secret' tool."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"permission": "read:it"}, "permission is for protected_tool"),
        ({"when": lambda who, arguments: False}, "when is for protected_tool"),
        ({"audit_argument": ["a"]}, "there is no option audit_argument"),
    ],
)
def test_an_option_that_there_is_not_leaves_no_tool_open(
    site: Site, options: dict[str, Any], said: str
) -> None:
    def ledger() -> str:
        return "open"

    with pytest.raises(RegistrationError, match=said):
        site.mcp.tool(**options)(ledger)
    if "audit_argument" in options:
        with pytest.raises(RegistrationError, match=said):
            site.mcp.protected_tool(**options)(ledger)


def test_conditions_that_use_an_argument_up_leave_it_to_others(site: Site) -> None:
    def small(who: Any, arguments: Any) -> bool:
        return sum(arguments["amounts"]) < 100

    @site.mcp.protected_tool(when=[small, small])
    def total(amounts: Iterable[int]) -> int:
        return sum(amounts)

    site.start()
    token = site.token(permissions=("tool:total",))
    assert site.text("total", arguments={"amounts": [1, 2]}, token=token) == "3"
    assert "permission" in site.text("total", arguments={"amounts": [99, 2]}, token=token)


def test_a_tool_knows_who_calls_it(site: Site) -> None:
    @site.mcp.tool
    def whoami() -> dict[str, Any]:
        info = get_auth_info()
        assert auth_info.user.sub == info.user.sub
        return {
            "sub": info.user.sub,
            "name": info.user.name,
            "email": info.user["email"],
            "client": info.client_id,
            "scopes": list(info.scopes),
            "permissions": list(info.permissions),
            "organization": info.organization,
            "machine": info.is_machine,
        }

    token = site.token(
        name="Ada", email="ada@example.com", permissions=("tool:x",), org_id="org_1", scope="a b"
    )
    assert site.start().call("whoami", token=token)["structuredContent"] == {
        "sub": "auth0|ada",
        "name": "Ada",
        "email": "ada@example.com",
        "client": "test-client",
        "scopes": ["a", "b"],
        "permissions": ["tool:x"],
        "organization": "org_1",
        "machine": False,
    }


def test_a_protected_tool_is_for_those_who_hold_its_permission(site: Site) -> None:
    @site.mcp.protected_tool
    def secret() -> str:
        return "42"

    site.start()
    assert site.text("secret", token=site.token(permissions=("tool:secret",))) == "42"
    for permissions in (None, (), ("tool:secre",), ("tool:secret ",), ("tool:*",), ("TOOL:SECRET",)):
        result = site.call("secret", token=site.token(permissions=permissions))
        assert (result["isError"], result["content"][0]["text"]) == (True, DENIED)


def test_a_tool_that_calls_its_own_app_as_somebody_else_is_still_its_callers(site: Site) -> None:
    @site.mcp.protected_tool
    def secret() -> str:
        return get_auth_info().user.sub

    @site.mcp.tool
    def report() -> str:
        service = site.token(subject="auth0|service", permissions=("tool:secret",))
        assert site.text("secret", token=service) == "auth0|service"
        assert get_auth_info().user.sub == "auth0|ada"
        require_permission("tool:secret")
        return "not to be seen"

    site.start()
    result = site.call("report", token=site.token(permissions=()))
    assert (result["isError"], result["content"][0]["text"]) == (
        True,
        "You don't have permission to use the 'report' tool.",
    )


@pytest.mark.parametrize("order", ["inside", "outside", "both registered"])
def test_no_order_of_decorators_loses_the_protection(site: Site, order: str) -> None:
    def secret() -> str:
        return "42"

    if order == "inside":
        site.mcp.tool(protected_tool(secret))
    elif order == "outside":
        protected_tool(site.mcp.tool(secret))
    else:
        site.mcp.protected_tool(site.mcp.tool(secret))
    site.start()
    assert secret() == "42"
    assert site.text("secret") == DENIED
    assert site.text("secret", token=site.token(permissions=("tool:secret",))) == "42"


@pytest.mark.parametrize("above", [True, False])
def test_an_approval_is_not_lost_by_the_order_of_decorators(site: Site, above: bool) -> None:
    def wipe() -> str:
        return "wiped"

    approve = approved_by_user("Wipe everything?")
    if above:
        approve(site.mcp.tool(wipe))
    else:
        site.mcp.tool(approve(wipe))
    result = site.start().call("wipe")
    assert result["isError"] is True
    assert "wiped" not in result["content"][0]["text"]


def test_a_tool_whose_name_no_administrator_could_protect_is_refused(site: Site) -> None:
    site.mcp.resource("site://it", name='quo"te')(lambda: "")
    with pytest.raises(RegistrationError, match="cannot be an OAuth scope"):
        site.start()


def test_without_credentials_a_check_within_a_tool_says_that_nobody_can_be_asked(issuer: Issuer) -> None:
    site = Site(issuer, AUTH0_PERMISSIONS_SOURCE="management")

    @site.mcp.tool
    def refund() -> str:
        require_permission("refund:large")
        return "refunded"

    assert "no Auth0 client credentials configured" in site.start().text("refund")


def test_a_whole_blueprint_can_ask_for_a_permission(site: Site) -> None:
    finance = MCPBlueprint("finance", __name__, permission="finance:use")

    @finance.tool
    def plain() -> str:
        return "plain"

    @finance.protected_tool
    def special() -> str:
        return "special"

    site.app.register_blueprint(finance)
    site.start()
    both, one = (
        site.token(permissions=("finance:use", "tool:special")),
        site.token(permissions=("finance:use",)),
    )
    assert site.text("plain", token=one) == "plain"
    assert site.call("special", token=one)["isError"] is True
    assert site.text("special", token=both) == "special"
    assert site.call("plain")["isError"] is True


def test_lists_show_what_the_caller_may_use(site: Site) -> None:
    @site.mcp.tool
    def public() -> str:
        return ""

    @site.mcp.protected_tool
    def secret() -> str:
        return ""

    site.start()
    assert site.listed() == ["public"]
    assert site.listed(token=site.token(permissions=("tool:secret",))) == ["public", "secret"]


def test_everything_is_listed_where_that_is_wanted(issuer: Issuer) -> None:
    site = Site(issuer, MCP_TOOL_LISTING="all")

    @site.mcp.protected_tool
    def secret() -> str:
        return ""

    assert site.start().listed() == ["secret"]


def test_a_concealed_tool_is_unknown_and_in_no_public_document(issuer: Issuer) -> None:
    site = Site(issuer, MCP_TOOL_LISTING="conceal")

    @site.mcp.protected_tool(scopes=["deep:secrets"])
    def secret() -> str:
        return ""

    site.start()
    error = site.post("tools/call", {"name": "secret"}).get_json()["error"]
    other = site.post("tools/call", {"name": "secreX"}).get_json()["error"]
    assert (error["code"], error["message"].replace("secret", "secreX")) == (other["code"], other["message"])
    document = site.app.test_client().get("/.well-known/oauth-protected-resource").text
    assert "secret" not in document
    assert "secret" not in site.post("tools/list", token="").headers["WWW-Authenticate"]


def test_an_outage_does_not_tell_a_concealed_component_from_an_unknown_one(issuer: Issuer) -> None:
    # The issuer has no Management API, so nobody can be asked.
    site = Site(
        issuer,
        MCP_TOOL_LISTING="conceal",
        AUTH0_PERMISSIONS_SOURCE="management",
        AUTH0_CLIENT_ID="app",
        AUTH0_CLIENT_SECRET="secret of the app",
    )
    site.mcp.protected_tool(name="here")(lambda: "")
    site.mcp.prompt(name="here", permission="read:it")(lambda: "")
    site.mcp.resource("docs://here", name="payroll", permission="read:it")(lambda: "")

    @site.mcp.resource("here://{x}", name="staff", permission="read:it")
    def staff(x: str) -> str:
        return x

    site.start()

    def told(method: str, params: dict[str, Any]) -> str:
        answer = site.post(method, params).get_json()
        answer.pop("id")
        # When to try again is known after some time of the outage, and turns on nothing else.
        assert answer.get("error", {}).pop("data", {}).keys() <= {"retryAfter"}
        assert "unavailable" in str(answer)
        return str(answer).replace("gone", "here")

    argument = {"name": "x", "value": ""}
    for method, params in (
        ("tools/call", {"name": "here"}),
        ("prompts/get", {"name": "here"}),
        ("resources/read", {"uri": "docs://here"}),
        ("resources/read", {"uri": "here://1"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "here"}, "argument": argument}),
        ("completion/complete", {"ref": {"type": "ref/resource", "uri": "here://{x}"}, "argument": argument}),
    ):
        unknown = json.loads(json.dumps(params).replace("here", "gone"))
        assert told(method, params) == told(method, unknown)


def test_a_missing_scope_is_asked_for_with_all_that_is_needed(site: Site) -> None:
    @site.mcp.tool(scopes=["orders:read", "orders:write"])
    def order() -> str:
        return "ordered"

    site.start()
    response = site.post("tools/call", {"name": "order"}, token=site.token(scope="openid orders:read"))
    assert response.status_code == 403
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope", scope="orders:read orders:write", ')
    assert f'resource_metadata="{BASE_URL}/.well-known/oauth-protected-resource/mcp"' in challenge
    assert site.text("order", token=site.token(scope="orders:read orders:write")) == "ordered"
    assert site.listed() == ["order"]


@pytest.mark.parametrize(
    ("step_up", "agent", "status"),
    [
        ("http", "openai-mcp/1.0", 403),
        ("result", "anything", 200),
        ("auto", "openai-mcp/1.0", 200),
        ("auto", "claude", 403),
    ],
)
def test_a_challenge_comes_in_the_form_that_the_client_acts_on(
    issuer: Issuer, step_up: str, agent: str, status: int
) -> None:
    site = Site(issuer, AUTH0_STEP_UP=step_up)

    @site.mcp.tool(scopes=["orders:write"])
    def order() -> str:
        return ""

    response = site.start().post("tools/call", {"name": "order"}, headers={"User-Agent": agent})
    assert response.status_code == status
    if status == 200:
        (challenge,) = response.get_json()["result"]["_meta"]["mcp/www_authenticate"]
        assert 'scope="orders:write"' in challenge


def test_the_scopes_of_a_tool_stand_in_its_definition(site: Site) -> None:
    @site.mcp.tool(scopes=["orders:write"])
    def order() -> str:
        return ""

    (tool,) = site.start().post("tools/list").get_json()["result"]["tools"]
    assert tool["securitySchemes"] == [{"type": "oauth2", "scopes": ["orders:write"]}]


def test_a_function_can_ask_for_more_while_it_runs(site: Site) -> None:
    @site.mcp.tool
    def refund(amount: int) -> str:
        if amount > 100:
            require_permission("refund:large")
        if amount > 1000:
            require_scopes("refund:huge")
        return f"refunded {amount}"

    @site.mcp.tool
    def raising() -> str:
        raise InsufficientScopeError(["other:scope"])

    site.start()
    large = site.token(permissions=("refund:large",))
    assert site.text("refund", arguments={"amount": 5}) == "refunded 5"
    assert (
        site.text("refund", arguments={"amount": 500})
        == "You don't have permission to use the 'refund' tool."
    )
    assert site.text("refund", arguments={"amount": 500}, token=large) == "refunded 500"
    for name, arguments, scope in (
        ("refund", {"amount": 5000}, "refund:huge"),
        ("raising", {}, "other:scope"),
    ):
        response = site.post("tools/call", {"name": name, "arguments": arguments}, token=large)
        assert response.status_code == 403
        assert f'scope="{scope}"' in response.headers["WWW-Authenticate"]


def test_a_condition_decides_by_caller_and_arguments(site: Site) -> None:
    @site.mcp.protected_tool(
        permission="orders:read", when=lambda info, arguments: arguments.get("customer") == info.user.sub
    )
    def orders(customer: str) -> str:
        return f"orders of {customer}"

    site.start()
    token = site.token(permissions=("orders:read",))
    assert site.text("orders", arguments={"customer": "auth0|ada"}, token=token) == "orders of auth0|ada"
    assert site.call("orders", {"customer": "auth0|bob"}, token=token)["isError"] is True


@pytest.mark.parametrize("order", [7, "7", 7.0, "+7", "7.0", " 7 ", "007"])
def test_no_spelling_of_an_argument_gets_around_a_condition(site: Site, order: object) -> None:
    @site.mcp.protected_tool(when=lambda info, arguments: arguments["order"] not in {7})
    def refund(order: int) -> str:
        return f"refunded {order}"

    site.start()
    token = site.token(permissions=("tool:refund",))
    denied = "You don't have permission to use the 'refund' tool."
    assert site.text("refund", arguments={"order": order}, token=token) == denied
    assert site.text("refund", arguments={"order": "8"}, token=token) == "refunded 8"
    misfit = site.text("refund", arguments={"order": "seven"}, token=token)
    assert misfit.startswith("Invalid arguments for the tool 'refund'")
    assert site.text("refund", arguments={"order": "seven"}) == denied


class TestAnonymous:
    @pytest.fixture
    def site(self, issuer: Issuer) -> Site:
        site = Site(issuer, MCP_ANONYMOUS=True)

        @site.mcp.tool(anonymous=True)
        def hours() -> str:
            return "9 to 5"

        @site.mcp.tool
        def private() -> str:
            return "private"

        return site.start()

    def test_what_is_anonymous_may_be_listed_and_called_without_a_token(self, site: Site) -> None:
        assert site.listed(token="") == ["hours"]
        assert site.text("hours", token="") == "9 to 5"
        assert site.listed() == ["hours", "private"]

    def test_everything_else_is_still_401(self, site: Site) -> None:
        response = site.post("tools/call", {"name": "private"}, token="")
        assert response.status_code == 401
        assert "resource_metadata=" in response.headers["WWW-Authenticate"]
        assert site.app.test_client().get("/mcp").status_code == 401
        assert site.post("tools/list", token="wrong").status_code == 401

    def test_nobody_in_particular_gets_a_session(self, site: Site) -> None:
        params = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "c", "version": "1"},
        }
        response = site.post("initialize", params, token="")
        assert response.status_code == 200
        assert "Mcp-Session-Id" not in response.headers

    def test_each_call_of_a_batch_is_decided_on_its_own(self, site: Site) -> None:
        batch = [
            {"jsonrpc": "2.0", "id": index, "method": "tools/call", "params": {"name": name}}
            for index, name in enumerate(("hours", "private"))
        ]
        answers = site.app.test_client().post("/mcp", json=batch).get_json()
        assert [answer["result"]["isError"] for answer in answers] == [False, True]

    def test_it_says_so_in_its_definition(self, site: Site) -> None:
        (tool,) = site.post("tools/list", token="").get_json()["result"]["tools"]
        assert tool["securitySchemes"] == [{"type": "noauth"}, {"type": "oauth2"}]

    def test_it_is_off_unless_switched_on(self, issuer: Issuer) -> None:
        site = Site(issuer)

        @site.mcp.tool(anonymous=True)
        def hours() -> str:
            return "9 to 5"

        assert site.start().post("tools/call", {"name": "hours"}, token="").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/mcp",
        "/mcp/",
        "/MCP",
        "/Mcp/",
        "//mcp",
        "/mcp//",
        "/./mcp",
        "/x/../mcp",
        "/%6dcp",
        "/mcp/anything",
        "/mcp%2f",
    ],
)
def test_no_spelling_of_the_path_is_reached_without_a_token(site: Site, path: str) -> None:
    @site.mcp.tool
    def greet() -> str:
        return "hi"

    site.start()
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
        environ = {"PATH_INFO": unquote(path)}
        response = site.app.test_client().open("/", method=method, json={}, environ_overrides=environ)
        assert response.status_code == 401, (method, path)


def test_health_needs_no_token(site: Site) -> None:
    response = site.start().app.test_client().get("/mcp/health")
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")


def test_what_is_not_there_is_told_as_json(site: Site) -> None:
    response = site.start().post("tools/list", path="/mcp/elsewhere")
    assert (response.status_code, response.get_json()["error"]) == (404, "not_found")


def test_a_token_for_another_audience_is_refused(site: Site) -> None:
    site.start()
    for audience in (BASE_URL, AUDIENCE + "/", AUDIENCE + "x", "https://other.example.com"):
        response = site.post("tools/list", token=site.issuer.token(audience))
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_token")


def test_an_expired_token_is_told_apart(site: Site) -> None:
    response = site.start().post("tools/list", token=site.token(expires_in=-3600))
    assert (response.status_code, response.get_json()["error"]) == (401, "token_expired")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


class FullCache(SimpleCache):
    """Takes nothing, as a full Redis that does not evict."""

    def set(self, key: str, value: Any, timeout: float | None = None) -> bool:
        raise ConnectionError("redis://:password@cache.example.com: out of memory")


@pytest.mark.parametrize("user_id", ["auth0|ada", None])
def test_who_forgets_is_told_whether_the_cache_took_it(
    site: Site, user_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    site.start()
    with site.app.app_context():
        assert site.mcp.forget_permissions(user_id) is True
    assert "forgotten" not in caplog.text


@pytest.mark.parametrize("user_id", ["auth0|ada", None])
def test_forgetting_that_failed_is_told_and_logged(
    site: Site, user_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    site.app.extensions["cache"] = {object(): FullCache()}
    site.start()
    with site.app.app_context():
        assert site.mcp.forget_permissions(user_id) is False
    assert "Permissions were to be forgotten, and the cache did not take it" in caplog.text
    assert "password" not in caplog.text
    assert "auth0|ada" not in caplog.text
