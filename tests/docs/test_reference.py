"""What the reference lists is what the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from blinker import NamedSignal

import flask_mcp_auth0
from flask_mcp_auth0 import errors, signals
from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.management.blueprint import ROUTER
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.tenant.doctor import CHECKS

from .test_pages import ROOT

DOCS = ROOT / "docs"


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of every table row of a page."""
    for line in (DOCS / page).read_text("utf-8").splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_page_of_the_local_tenant_lists_its_routes() -> None:
    state = TenantState.from_yaml(None, audience="https://app.example.com/mcp", issuer="http://127.0.0.1:1/")
    real: dict[str, set[str]] = {}
    for rule in create_tenant(state).url_map.iter_rules():
        if rule.endpoint != "management.endpoint":
            real.setdefault(rule.rule, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    listed = {
        cells[0].strip("`"): set(cells[1].split(", "))
        for cells in rows("reference/local-tenant.md")
        if cells[0].startswith("`/")
    }
    assert listed == real


def test_the_page_of_the_local_tenant_lists_the_management_endpoints() -> None:
    listed = {
        (cells[0], cells[1].strip("`"), frozenset(re.findall(r"`(.*?)`", cells[2])))
        for cells in rows("reference/local-tenant.md")
        if cells[0] in ("GET", "POST", "PATCH", "DELETE")
    }
    assert listed == {(route.method, route.template, frozenset(route.scopes)) for route in ROUTER.routes}


def test_every_signal_is_listed() -> None:
    real = {name for name, value in vars(signals).items() if isinstance(value, NamedSignal)}
    assert real <= {cells[0].strip("`") for cells in rows("reference/signals.md")}


def test_every_error_is_listed() -> None:
    real = {name for name in flask_mcp_auth0.__all__ if isinstance(getattr(errors, name, None), type)}
    assert real - {"Auth0MCPError"} <= {cells[0].strip("`") for cells in rows("reference/errors.md")}


def test_every_public_name_is_in_the_api() -> None:
    page = (DOCS / "reference" / "api.md").read_text("utf-8")
    every = set(flask_mcp_auth0.__all__) - {"__version__"} - set(vars(errors))
    assert every <= set(re.findall(r"\w+", page))


def test_every_check_of_the_doctor_is_in_the_troubleshooting_page_and_none_else() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    listed = {
        cells[0]: cells[1] for cells in rows("troubleshooting.md") if re.fullmatch(r"[A-Z]\d+", cells[0])
    }
    assert listed == {check.id: check.title for check in CHECKS}
    named = {
        one
        for line in re.findall(r"\*Checks?\.\*([^\n]*)", page)
        for one in re.findall(r"\b[A-Z]\d+\b", line)
    }
    assert named <= set(listed)


@pytest.mark.parametrize(
    "message",
    [
        "unauthorized",
        "token_expired",
        "invalid_token",
        "InsufficientScopeError",
        "Service not found",
        "OAuth init failed",
        "Access denied",
        "Session not initialized",
        "You don't have permission to use the 'NAME' tool",
    ],
)
def test_what_people_look_for_is_found_in_the_troubleshooting_page(message: str) -> None:
    assert message in (DOCS / "troubleshooting.md").read_text("utf-8")


HEADINGS_OF_OURS = [
    ("insufficient_scope", "auth/challenge.py"),
    ("origin_not_allowed", "auth/origin.py"),
    ("temporarily_unavailable", "auth/refusals.py"),
    ("invalid_dpop_proof", "auth/token_errors.py"),
    ("Session not found: initialize again", "protocol/session.py"),
    ("Unsupported protocol version", "protocol/era.py"),
    ("Header mismatch", "protocol/errors.py"),
    ("This server holds as many streams as it can", "protocol/subscriptions.py"),
    ("Authorization is unavailable for now", "auth/wording.py"),
    ("needs more access than this client was given", "auth/wording.py"),
    ("failed; the server's log says why", "protocol/execution.py"),
    ("Unknown tool", "protocol/tools.py"),
    ("This server runs on workers that serve one request at a time", "protocol/server.py"),
    ("This server runs several processes without a shared store", "protocol/server.py"),
    ("This needs a client that supports: ", "protocol/asking.py"),
    ("There is no authenticated MCP request here", "auth/auth_info.py"),
    ("There is no running MCP call here", "protocol/call.py"),
    ("is registered after the first request was", "registrar.py"),
    ("does not define the permission", "auth/judgement.py"),
    ("The access token is opaque, not a JWT", "auth/token_shape.py"),
    ("The access token is for another API", "auth/claims.py"),
    ("The access token is not valid yet", "auth/claims.py"),
    ("which MCP clients would refuse", "settings.py"),
    ("problems in the configuration", "errors.py"),
]


@pytest.mark.parametrize(("message", "file"), HEADINGS_OF_OURS)
def test_a_heading_is_the_message_that_the_code_says(message: str, file: str) -> None:
    headings = re.findall(r"^### (.*)$", (DOCS / "troubleshooting.md").read_text("utf-8"), re.MULTILINE)
    assert any(message.strip() in heading for heading in headings), "no heading"
    assert message in (ROOT / "flask_mcp_auth0" / file).read_text("utf-8"), "not in the code"
