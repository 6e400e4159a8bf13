"""The shared store: down, and back."""

from __future__ import annotations

import pytest

from flask_mcp_auth0.testing import Auth0Tenant

from ..fixtures_valkey import Valkey
from .conftest import Place
from .rows import fault, sees
from .table import PAGE, table


@pytest.fixture
def stored(tenant: Auth0Tenant, valkey: Valkey) -> Place:
    return Place(tenant, MCP_STORE_URL=valkey.url)


@fault(
    "The shared store is down; the call does not need it",
    sees="200, the answer",
    recovers="Nothing has to.",
)
def test_a_call_that_needs_no_store_works_without_one(stored: Place, valkey: Valkey) -> None:
    stored.warm()
    valkey.stop()
    sees(test_a_call_that_needs_no_store_works_without_one, stored.call("ledger"))


@fault(
    "The shared store is down; the request needs it (`logging/setLevel`)",
    sees="503, error -32603: The server cannot do this for now; try again later",
    recovers="With the store, at the next request; every worker connects again by itself.",
)
def test_a_request_that_needs_the_store_is_503_until_it_is_back(stored: Place, valkey: Valkey) -> None:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "a", "version": "1"},
    }
    token = stored.token()
    session = {"Mcp-Session-Id": stored.request("initialize", params, token=token).headers["Mcp-Session-Id"]}
    level = {"level": "info"}
    assert stored.request("logging/setLevel", level, token=token, headers=session).status_code == 200
    valkey.stop()
    response = stored.request("logging/setLevel", level, token=token, headers=session)
    sees(test_a_request_that_needs_the_store_is_503_until_it_is_back, response)
    assert stored.request("tools/list", {}, token=token, headers=session).status_code == 200
    valkey.start()
    assert stored.request("logging/setLevel", level, token=token, headers=session).status_code == 200


def test_the_page_of_faults_is_up_to_date() -> None:
    assert PAGE.read_text() == table(), "run: python -m tests.faults.table"
