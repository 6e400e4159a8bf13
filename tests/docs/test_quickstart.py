from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from flask_mcp_auth0.testing import Auth0Tenant, MCPClient


def test_the_quickstart_greets_everybody_and_reports_to_some(
    sample: Callable[[str], ModuleType], auth0_tenant: Auth0Tenant
) -> None:
    client = MCPClient.for_app(sample("quickstart").create_app(), auth0_tenant)
    bob = client.login("bob", name="Bob")
    assert bob.assert_allowed("greet").text == "Hello, Bob!"
    bob.assert_denied("monthly_report")
    report = client.login("alice").assert_allowed("monthly_report", month="2026-11")
    assert report.text == "Revenue of 2026-11: 51900"


def test_a_decorated_function_stays_a_function(sample: Callable[[str], ModuleType]) -> None:
    assert sample("quickstart").monthly_report("2026-10") == "Revenue of 2026-10: 40150"
