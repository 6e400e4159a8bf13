"""The store: down, hanging, full, and back."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_mcp_auth0.protocol.store import Store, StoreUnavailable
from flask_mcp_auth0.testing import Auth0Tenant

from ..fixtures_valkey import Valkey
from .conftest import Place
from .rows import fault, sees
from .served import until
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
    session = Session(stored)
    assert session.set_level().status_code == 200
    valkey.stop()
    sees(test_a_request_that_needs_the_store_is_503_until_it_is_back, session.set_level())
    assert session.request("tools/list", {}).status_code == 200
    valkey.start()
    assert session.set_level().status_code == 200


@fault(
    "The shared store takes connections and answers nothing",
    sees="503, error -32603: The server cannot do this for now; try again later",
    recovers="Given up after 2 s; for the next second everybody is told at once. Calls that need no store do not wait.",
)
def test_a_store_that_answers_nothing_is_given_up(stored: Place, valkey: Valkey) -> None:
    session = Session(stored)
    assert session.set_level().status_code == 200
    with valkey.suspended():
        sees(test_a_store_that_answers_nothing_is_given_up, session.set_level())
        sees(test_a_store_that_answers_nothing_is_given_up, session.set_level())
        assert session.request("tools/call", {"name": "greet", "arguments": {}}).status_code == 200
    until(lambda: session.set_level().status_code == 200, "the store is used again")


@fault(
    "The shared store is full and evicts nothing (`noeviction`)",
    sees="503, error -32603: The server cannot do this for now; try again later",
    recovers="As soon as there is room. It [must not evict](howto/redis.md#when-there-is-no-room): what was spent "
    "could be used again.",
)
def test_a_store_that_is_full_is_503(stored: Place, valkey: Valkey) -> None:
    session = Session(stored)
    with valkey.full():
        sees(test_a_store_that_is_full_is_503, session.set_level())
        assert session.request("tools/call", {"name": "ledger", "arguments": {}}).status_code == 200
    assert session.set_level().status_code == 200


@fault(
    "The store of the process is full (48 MiB; another 16 are held back for what was spent)",
    sees="503, error -32603: The server cannot do this for now; try again later",
    recovers="What has come to its end makes room, and nothing else does.",
)
def test_a_process_store_that_is_full_is_503(tenant: Auth0Tenant) -> None:
    place = Place(tenant)
    session = Session(place)
    store = place.state.store
    for size in (1_000_000, 1_000, 1):
        fill(store, size)
    sees(test_a_process_store_that_is_full_is_503, session.set_level())
    assert session.request("tools/call", {"name": "greet", "arguments": {}}).status_code == 200
    store.delete("filler 1000000 0")
    assert session.set_level().status_code == 200


def fill(store: Store, size: int) -> None:
    """Keep values of a size until none goes in any more."""
    with contextlib.suppress(StoreUnavailable):
        for number in itertools.count():
            store.set(f"filler {size} {number}", "x" * size, 60)


class Session:
    """A session of a 2025 revision, of Ada's."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._token = place.token()
        params = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "a", "version": "1"},
        }
        response = place.request("initialize", params, token=self._token)
        self._headers = {"Mcp-Session-Id": response.headers["Mcp-Session-Id"]}

    def request(self, method: str, params: dict[str, Any]) -> TestResponse:
        return self._place.request(method, params, token=self._token, headers=self._headers)

    def set_level(self) -> TestResponse:
        """Send what has to be written to the store."""
        return self.request("logging/setLevel", {"level": "info"})


def test_the_page_of_faults_is_up_to_date() -> None:
    assert PAGE.read_text() == table(), "run: python -m tests.faults.table"
