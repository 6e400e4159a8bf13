from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from flask_mcp_auth0.testing import Auth0Tenant, MCPClient


def test_a_permission_on_a_blueprint_holds_for_all_that_is_in_it(
    sample: Callable[[str], ModuleType], auth0_tenant: Auth0Tenant
) -> None:
    client = MCPClient.for_app(sample("blueprints").create_app(), auth0_tenant)
    stranger = client.login("stranger", permissions=[])
    assert stranger.list_tools() == []
    assert stranger.call("get_invoice", number=17).is_error

    clerk = client.login("clerk", permissions=["read:invoices"])
    assert clerk.assert_allowed("get_invoice", number=17).structured == {"number": 17, "cents": 12900}
    assert clerk.call("get_invoice", number=99).text == "There is no invoice 99."
    assert "4050" in clerk.read("invoices://18")
    assert "4050 cents" in clerk.get_prompt("remind", number="18")[0]["content"]["text"]
