"""What the reference lists is what the code has."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
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
from flask_mcp_auth0.tenant.doctor import CHECKS

from .test_pages import ROOT

DOCS = ROOT / "docs"
PACKAGE = ROOT / "flask_mcp_auth0"
#: What runs on somebody's machine and not in the server.
NOT_SERVING = {"cli", "local_tenant", "tenant", "testing"}


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


def text(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def section(page: str, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


@functools.cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """Return the syntax of what serves."""
    return [
        (file, node)
        for file in sorted(PACKAGE.rglob("*.py"))
        if not NOT_SERVING & set(file.relative_to(PACKAGE).parts)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
    ]


def constants(folder: str) -> set[str]:
    return {
        node.value
        for file, node in nodes()
        if (PACKAGE / folder).resolve() in file.parents
        and isinstance(node, ast.Constant)
        and isinstance(node.value, str)
    }


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


def warnings() -> Iterator[str]:
    """Yield what the log says where something is wrong, each up to what is filled in."""
    for _, node in nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("warning", "error", "exception")
            and getattr(node.func.value, "id", "") in ("log", "logger")
        ):
            said = ast.literal_eval(node.args[0])
            parts = [part.strip(" .,:;()") for part in re.split(r"%[a-z]", said)]
            yield parts[0] if len(parts[0]) > len("failed") else max(parts, key=len)


def test_what_the_log_warns_of_is_in_the_troubleshooting_page() -> None:
    said = {words for words in warnings() if len(words) > len("failed")}
    page = " ".join(text("troubleshooting.md").split())
    assert len(said) > 12
    # A long message may be cut on the page, not within its first words.
    assert [words for words in said if " ".join(words.split()[:4]) not in page] == []


def entries() -> dict[str, str]:
    """Return the sections of the troubleshooting page by their headings."""
    found = re.split(
        r"^### (.*)$", text("troubleshooting.md").partition("## The doctor's")[0], flags=re.MULTILINE
    )
    return dict(zip(found[1::2], found[2::2], strict=True))


def checks(entry: str) -> set[str]:
    """Return the doctor's checks that an entry names."""
    named = re.search(r"\*Checks?\.\*([^\n]*)", entry)
    assert named is not None, entry
    return set(re.findall(r"\b[A-Z]\d+\b", named[1]))


def test_every_entry_names_its_checks_or_says_that_there_is_none() -> None:
    assert len(entries()) > 40
    for heading, entry in entries().items():
        assert checks(entry) or re.search(r"\*Check\.\* none", entry), heading


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("unauthorized", "S2"),
        ("token_expired", "A5"),
        ("invalid_token", "D1"),
        ("InsufficientScopeError", "A10"),
        ("Service not found", "A1"),
        ("OAuth init failed", "T1"),
        ("OAuth init failed", "T3"),
        ("Access denied", "C1"),
        ("Access denied", "T4"),
        ("Session not initialized", "S2"),
        ("You don't have permission to use the 'NAME' tool", "A10"),
        ("Permission check failed", "M1"),
    ],
)
def test_what_people_look_for_is_found_with_the_check_that_finds_it(message: str, check: str) -> None:
    found = [entry for heading, entry in entries().items() if message in heading]
    found += [entry for entry in entries().values() if message in entry.partition("*C")[0]]
    assert found, "no entry"
    assert check in checks(found[0])


def headings_of_ours() -> list[str]:
    """Return the headings that are messages of this package: all but those of clients that log in."""
    page = text("troubleshooting.md").partition("## The doctor's")[0]
    return re.findall(r"^### (.*)$", page[page.index("## Answers of the server: 401") :], re.MULTILINE)


def test_a_heading_is_a_message_that_the_code_says() -> None:
    said = constants(".")
    headings = headings_of_ours()
    assert len(headings) > 35
    for heading in headings:
        # Not what is filled in: an ellipsis, a name in capitals, and what these headings give as an example.
        for part in re.split(r"…|'NAME'|\btool\b|\bread$|\belicitation$|^get_\w+\(\)", heading):
            words = part.strip(" ,")
            assert any(words in one for one in said), heading
