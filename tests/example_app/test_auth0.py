"""The two examples that call Auth0 from inside a tool."""

from __future__ import annotations

from flask import Flask

from flask_mcp_auth0.testing import Auth0Tenant, MCPClient

PREFERENCES = "tool:update-preferences"


def test_preferences_that_are_not_named_stay_as_they_are(mcp_client: MCPClient) -> None:
    dora = mcp_client.login("dora", permissions=[PREFERENCES])
    dora.assert_allowed("update-preferences", preferences={"theme": "dark", "newsletter": True})
    now = dora.assert_allowed("update-preferences", preferences={"language": "pt-BR"})
    assert now.structured == {"theme": "dark", "language": "pt-BR", "newsletter": True}


def test_an_update_of_nothing_is_refused_in_words(mcp_client: MCPClient) -> None:
    refused = mcp_client.login("dora", permissions=[PREFERENCES]).call("update-preferences", preferences={})
    assert refused.is_error
    assert refused.text.startswith("Name at least one")


def test_preferences_are_checked_before_they_reach_auth0(
    mcp_client: MCPClient, auth0_tenant: Auth0Tenant
) -> None:
    emil = mcp_client.login("emil", permissions=[PREFERENCES])
    refused = emil.call("update-preferences", preferences={"theme": "plaid"})
    assert refused.is_error
    assert "theme" in refused.text
    assert auth0_tenant.state.users["auth0|emil"].user_metadata == {}


def test_without_the_permission_nobody_changes_preferences(mcp_client: MCPClient) -> None:
    bob = mcp_client.login("bob", permissions=[])
    bob.assert_denied("update-preferences", preferences={"theme": "dark"})


def test_a_machine_has_no_preferences(mcp_client: MCPClient) -> None:
    machine = mcp_client.login_as_machine(permissions=[PREFERENCES], scopes=[PREFERENCES])
    refused = machine.call("update-preferences", preferences={"theme": "dark"})
    assert refused.is_error
    assert "machine" in refused.text


def test_a_loyalty_service_that_is_down_is_reported_without_details(
    mcp_client: MCPClient, app: Flask
) -> None:
    app.config["LOYALTY_API_URL"] = "http://127.0.0.1:1"
    app.config["LOYALTY_AUDIENCE"] = "https://loyalty.example.com"
    refused = mcp_client.login("alice").call("loyalty-points")
    assert refused.is_error
    assert refused.text == "The loyalty service cannot be reached just now."
