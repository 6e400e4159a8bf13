"""The test kit, used as an application's own tests use it."""

from __future__ import annotations

from typing import Annotated

import pytest
from flask import Flask
from pydantic import BaseModel

from flask_mcp_auth0 import Auth0MCP, Call, MirroredHeader, ToolError, get_auth_info
from flask_mcp_auth0.testing import Auth0Tenant, CallResult, MCPClient, MCPRequestError


class Confirmation(BaseModel):
    sure: bool


@pytest.fixture
def app(auth0_tenant: Auth0Tenant) -> Flask:
    app = Flask("shop")
    app.config.update(auth0_tenant.config)
    mcp = Auth0MCP()

    @mcp.tool
    def greet() -> str:
        return f"Hello, {get_auth_info().user.name or get_auth_info().user.sub}!"

    @mcp.tool
    def claims() -> dict[str, object]:
        info = get_auth_info()
        return {"org": info.organization, "machine": info.is_machine, "scopes": list(info.scopes)}

    @mcp.protected_tool
    def refund(order: int, call: Call) -> int:
        call.progress(1, 2)
        if not call.ask("sure", Confirmation, f"Refund order {order}?"):
            raise ToolError("Not refunded.")
        call.progress(2, 2)
        return order * 10

    @mcp.tool(scopes=["orders:write"])
    def order() -> str:
        return "ordered"

    @mcp.tool
    def region(name: Annotated[str, MirroredHeader("Region")]) -> str:
        return name

    @mcp.tool
    def fail() -> str:
        raise ToolError("never works")

    @mcp.resource("shop://hours")
    def hours() -> str:
        return "9 to 5"

    @mcp.prompt
    def welcome(who: str) -> str:
        return f"Welcome, {who}"

    mcp.init_app(app)
    return app


def test_a_user_logs_in_and_calls_a_tool(mcp_client: MCPClient) -> None:
    result = mcp_client.login("alice").call("greet")
    assert (result.text, result.is_error, result.structured) == ("Hello, auth0|alice!", False, None)


def test_a_user_holds_what_the_test_says_and_nothing_else(mcp_client: MCPClient) -> None:
    mcp_client.login("carol", permissions=["tool:refund"])
    mcp_client.assert_listed("refund", "greet")
    mcp_client.answer("sure", sure=True)
    result = mcp_client.assert_allowed("refund", order=4)
    assert (result.value, result.progress) == (40, [1, 2])
    mcp_client.login("carol", permissions=[])
    mcp_client.assert_not_listed("refund")
    mcp_client.assert_denied("refund", order=4)


def test_questions_are_answered_as_the_test_says(mcp_client: MCPClient) -> None:
    mcp_client.login("carol", permissions=["tool:refund"])
    with pytest.raises(AssertionError, match=r"mcp_client\.answer\('sure'"):
        mcp_client.call("refund", order=4)
    mcp_client.answer("sure", action="decline")
    assert mcp_client.call("refund", order=4).text == "Not refunded."


def test_a_missing_scope_is_seen(mcp_client: MCPClient) -> None:
    mcp_client.login("alice", scopes=["openid"]).assert_needs_scopes("order", "orders:write")
    assert mcp_client.login("alice", scopes=["orders:write"]).call("order").text == "ordered"
    with pytest.raises(AssertionError, match="did not ask for: other"):
        mcp_client.login("alice", scopes=[]).assert_needs_scopes("order", "other")


def test_machines_and_organisations_and_claims(mcp_client: MCPClient) -> None:
    machine = mcp_client.login_as_machine(scopes=["a", "b"]).call("claims").value
    assert machine == {"org": None, "machine": True, "scopes": ["a", "b"]}
    member = mcp_client.login("alice", organization="acme").call("claims").value
    assert member["org"].startswith("org_")
    assert mcp_client.login("alice", name="Ada").call("greet").text == "Hello, Ada!"


def test_without_a_token_and_with_an_expired_one(mcp_client: MCPClient, auth0_tenant: Auth0Tenant) -> None:
    mcp_client.logout().assert_unauthorized()
    mcp_client.use_token(auth0_tenant.token("alice", expired=True))
    with pytest.raises(MCPRequestError, match="HTTP 401") as caught:
        mcp_client.list_tools()
    assert caught.value.body["error"] == "token_expired"


def test_mirrored_parameters_are_sent_as_headers(mcp_client: MCPClient) -> None:
    mcp_client.login("alice")
    assert mcp_client.call("region", name="Zürich").text == "Zürich"
    assert mcp_client.call("region", name="=?base64?x?=").text == "=?base64?x?="


def test_resources_and_prompts_are_read(mcp_client: MCPClient) -> None:
    mcp_client.login("alice")
    assert mcp_client.list_resources() == ["shop://hours"]
    assert mcp_client.read("shop://hours") == "9 to 5"
    assert mcp_client.list_prompts() == ["welcome"]
    assert mcp_client.get_prompt("welcome", who="Ada")[0]["content"]["text"] == "Welcome, Ada"


def test_what_is_unknown_is_an_error_that_says_so(mcp_client: MCPClient) -> None:
    with pytest.raises(MCPRequestError, match="Unknown tool: nothing") as caught:
        mcp_client.login("alice").call("nothing")
    assert caught.value.code == -32602


def test_assertions_say_what_went_wrong(mcp_client: MCPClient) -> None:
    mcp_client.login("alice")
    with pytest.raises(AssertionError, match="'fail' was expected to succeed, but said: never works"):
        mcp_client.assert_allowed("fail")
    with pytest.raises(AssertionError, match="'greet' was expected to be denied, but succeeded"):
        mcp_client.assert_denied("greet")
    with pytest.raises(AssertionError, match="not listed: nothing"):
        mcp_client.assert_listed("nothing")
    with pytest.raises(AssertionError, match="listed: greet"):
        mcp_client.assert_not_listed("greet")
    with pytest.raises(AssertionError, match="expected 401"):
        mcp_client.assert_unauthorized()


def test_the_same_over_a_socket(live_mcp_client: MCPClient) -> None:
    live_mcp_client.login("dora", permissions=["tool:refund"]).answer("sure", sure=True)
    assert live_mcp_client.call("refund", order=2).value == 20
    live_mcp_client.logout().assert_unauthorized()


def test_an_app_may_read_its_settings_from_the_environment(auth0_environment: dict[str, str]) -> None:
    app = Flask("env")
    app.config.from_prefixed_env()
    Auth0MCP(app)
    assert app.extensions["mcp_auth0"].settings.client_id == auth0_environment["FLASK_AUTH0_CLIENT_ID"]


def test_what_a_test_changes_in_the_tenant_is_undone(auth0_tenant: Auth0Tenant) -> None:
    with auth0_tenant.unchanged():
        auth0_tenant.user("frank", permissions=["tool:passing"])
        auth0_tenant.user("alice", permissions=[])
        assert auth0_tenant.state.find_user("frank") is not None
    assert auth0_tenant.state.find_user("frank") is None
    alice, api = auth0_tenant.state.find_user("alice"), auth0_tenant.state.find_api(auth0_tenant.audience)
    assert alice is not None
    assert alice.roles
    assert api is not None
    assert "tool:passing" not in api.scopes


def test_permissions_can_be_defined_and_undefined(auth0_tenant: Auth0Tenant) -> None:
    auth0_tenant.user("eve", permissions=["tool:extra"])
    auth0_tenant.undefine("tool:extra")
    api = auth0_tenant.state.find_api(auth0_tenant.audience)
    assert api is not None
    assert "tool:extra" not in api.scopes


@pytest.mark.parametrize(
    ("structured", "value"),
    [(None, "a\nb"), ({"result": 1}, 1), ({"result": 1, "more": 2}, {"result": 1, "more": 2})],
)
def test_a_results_value_is_what_the_function_returned(structured: object, value: object) -> None:
    content = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert CallResult(content, structured, False).value == value
