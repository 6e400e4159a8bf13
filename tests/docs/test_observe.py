"""What the page on production shows is what an app answers and writes, but for times and ids."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.testing import Auth0Tenant, MCPClient

from .reading import text

PAGE = text("howto/observe.md")
SHOWN = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")


def shape(value: Any) -> Any:
    """Return a value without what differs from run to run."""
    if isinstance(value, dict):
        return {key: "an id" if key == "request_id" else shape(one) for key, one in value.items()}
    if isinstance(value, float):
        return "a duration"
    return re.sub(r"[\d.]+ ms", "… ms", TIME.sub("a time", value)) if isinstance(value, str) else value


@pytest.fixture
def auth0_tenant() -> Iterator[Auth0Tenant]:
    """A tenant for this module alone: what is known of it is told by the health endpoint."""
    with Auth0Tenant() as tenant:
        yield tenant


@pytest.fixture
def app(
    sample: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The sample, whose audit log ends with the test."""
    monkeypatch.chdir(tmp_path)
    audit = logging.getLogger("flask_mcp_auth0.audit")
    monkeypatch.setattr(audit, "propagate", True)
    monkeypatch.setattr(audit, "level", logging.INFO)
    before = list(audit.handlers)
    yield sample("observe").create_app()
    for handler in set(audit.handlers) - set(before):
        audit.removeHandler(handler)
        handler.close()


def test_the_audit_record_and_the_health_of_the_page_are_real(app: Flask, auth0_tenant: Auth0Tenant) -> None:
    client = MCPClient.for_app(app, auth0_tenant).login("ada", permissions=["tool:pay_back"])
    assert client.call("pay_back", order=7, reason="late").text == "Order 7 was paid back."
    record = json.loads(Path("audit.log").read_text("utf-8").splitlines()[-1])
    audit, health = SHOWN
    assert shape(record) == shape(audit)
    assert list(record) == list(audit)
    assert shape(app.test_client().get("/mcp/health").get_json()) == shape(health)


def test_the_timings_of_the_page_are_those_of_an_answer(app: Flask, auth0_tenant: Auth0Tenant) -> None:
    app.debug = True
    auth0_tenant.user("ada", permissions=["tool:pay_back"])
    call = {"name": "pay_back", "arguments": {"order": 7, "reason": "late"}}
    answer = app.test_client().post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers={
            "Authorization": f"Bearer {auth0_tenant.token('ada')}",
            "MCP-Protocol-Version": "2025-06-18",
        },
    )
    shown = re.search(r"^Server-Timing: (.*)$", PAGE, re.MULTILINE)
    assert shown is not None
    assert re.sub(r"[\d.]+", "…", answer.headers["Server-Timing"]) == re.sub(r"[\d.]+", "…", shown[1])
