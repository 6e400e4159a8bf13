from app import monthly_report

from flask_mcp_auth0.testing import Auth0Tenant, MCPClient


def test_the_function_itself() -> None:
    assert monthly_report("2026-11") == "Revenue of 2026-11: 51900"


def test_somebody_with_the_permission_reads_the_report(mcp_client: MCPClient) -> None:
    mcp_client.login("ada", permissions=["tool:monthly_report"])
    result = mcp_client.assert_allowed("monthly_report", month="2026-11")
    assert result.text == "Revenue of 2026-11: 51900"


def test_nobody_else_does(mcp_client: MCPClient) -> None:
    mcp_client.login("ben", permissions=[])
    mcp_client.assert_not_listed("monthly_report")
    mcp_client.assert_denied("monthly_report", month="2026-11")


def test_without_a_token_nobody_gets_in(mcp_client: MCPClient) -> None:
    mcp_client.logout().assert_unauthorized()
    mcp_client.use_token("not a token").assert_unauthorized()


def test_a_permission_that_nobody_defined_lets_nobody_in(
    mcp_client: MCPClient, auth0_tenant: Auth0Tenant
) -> None:
    auth0_tenant.undefine("tool:monthly_report")
    mcp_client.login("cleo").assert_denied("monthly_report", month="2026-11")


def test_over_a_real_socket(live_mcp_client: MCPClient) -> None:
    live_mcp_client.login("dora", name="Dora")
    assert live_mcp_client.call("greet").text == "Hello, Dora!"
