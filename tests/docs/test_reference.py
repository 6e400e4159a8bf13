"""What the reference lists is what the code has."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from types import ModuleType

import pytest
from blinker import NamedSignal

import flask_mcp_auth0
from flask_mcp_auth0 import errors, signals
from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.management.blueprint import ROUTER
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.observability.audit import FIELDS
from flask_mcp_auth0.protocol import errors as protocol_errors

from .reading import constants, nodes, rows, section, text


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


def test_every_attribute_and_metric_is_listed_and_none_else() -> None:
    name = re.compile(
        r"(?:client|error|flask_mcp_auth0|gen_ai|http|jsonrpc|mcp|network|rpc|server|url|user_agent)"
        r"(?:\.[a-z_]+)+"
    )
    real = {value for value in constants("observability") if name.fullmatch(value)}
    loggers = {"flask_mcp_auth0.audit"}
    listed = {word for word in re.findall(r"`([^`\n]+)`", text("observability.md")) if name.fullmatch(word)}
    assert len(real) > 25
    assert listed - loggers == real - loggers


def test_every_field_of_the_audit_log_is_listed_and_none_else() -> None:
    listed = [
        field
        for line in section("observability.md", "Audit records").splitlines()
        if line.startswith("| `")
        for field in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    ]
    assert sorted(listed) == sorted(FIELDS)


def test_every_check_of_the_health_endpoint_is_listed_and_none_else(
    sample: Callable[[str], ModuleType],
) -> None:
    told = sample("quickstart").create_app().test_client().get("/mcp/health").get_json()
    listed = {
        check
        for line in section("observability.md", "Health").splitlines()
        if line.startswith("| `")
        for check in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }
    assert listed == set(told["checks"])


def test_every_logger_is_listed_and_none_else() -> None:
    real = {
        node.args[0].value
        for _, node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "getLogger"
        and isinstance(node.args[0], ast.Constant)
    }
    listed = re.findall(r"^\| `([a-z0-9_.]+)`", section("reference/signals.md", "Loggers"), re.MULTILINE)
    assert len(real) > 5
    assert set(listed) == real


def test_every_word_of_a_refusal_is_listed_and_none_else() -> None:
    real: set[str] = set()
    for file, node in nodes():
        word: ast.AST | None = None
        if "auth0_api" in file.parts:  # what Auth0 answers
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("refusal", "HTTPRefusal"):
            word = node.args[1]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):
            word = node.elts[1] if node.elts[0].value in range(400, 600) else None
        elif isinstance(node, ast.keyword) and node.arg == "error":
            word = node.value
        elif isinstance(node, ast.Assign) and file.name == "token_errors.py":
            names = {getattr(one, "id", getattr(one, "attr", "")) for one in node.targets}
            word = node.value if "error" in names else None
        if isinstance(word, ast.Constant) and isinstance(word.value, str):
            real.add(word.value)
    listed = re.findall(
        r"^\| \d+ \| `(\w+)`", section("reference/http.md", "Refusals before the protocol"), re.MULTILINE
    )
    assert len(real) > 8
    assert set(listed) == real


def test_every_path_is_listed_and_none_else(
    sample: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_AUTH0_LOG_STREAM_TOKEN", "long-enough-to-be-a-secret")
    rules = sample("quickstart").create_app().url_map.iter_rules()
    real = {rule.rule for rule in rules if rule.endpoint != "static" and "<" not in rule.rule}
    listed: set[str] = set()
    for line in text("reference/http.md").partition("## Refusals")[0].splitlines():
        if line.startswith("| `/"):
            cell = line.split("|")[1]
            paths = {path.partition("?")[0] for path in re.findall(r"`(/[^`]+)`", cell)}
            listed |= paths | (
                {f"{path}/mcp" for path in paths if path != "/mcp"} if "behind it" in cell else set()
            )
    assert listed == real


def test_every_code_of_json_rpc_is_listed() -> None:
    real = {str(value) for value in vars(protocol_errors).values() if isinstance(value, int) and value < 0}
    listed = set(re.findall(r"-32\d{3}", section("reference/http.md", "The protocol")))
    assert len(real) > 8
    assert listed == real


def test_every_signal_is_listed() -> None:
    real = {name for name, value in vars(signals).items() if isinstance(value, NamedSignal)}
    assert real <= {cells[0].strip("`") for cells in rows("reference/signals.md")}


def test_every_error_is_listed() -> None:
    real = {name for name in flask_mcp_auth0.__all__ if isinstance(getattr(errors, name, None), type)}
    assert real - {"Auth0MCPError"} <= {cells[0].strip("`") for cells in rows("reference/errors.md")}


def test_every_public_name_is_in_the_api() -> None:
    page = text("reference/api.md")
    every = set(flask_mcp_auth0.__all__) - {"__version__"} - set(vars(errors))
    assert every <= set(re.findall(r"\w+", page))
