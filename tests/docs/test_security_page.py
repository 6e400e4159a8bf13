"""The page of threats names tests that exist, and code that exists."""

from __future__ import annotations

import ast
import re

from .test_pages import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TESTS = re.findall(r"`([a-z0-9_]+/test_\w+\.py)::(\w+)`", PAGE)
ROWS = [line.split("|") for line in PAGE.splitlines() if "::" in line]


def test_every_threat_is_shown_by_tests_that_exist() -> None:
    missing = []
    for file, name in TESTS:
        path = ROOT / "tests" / file
        tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
        if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
            missing.append(f"{file}::{name}")
    assert not missing
    assert len(ROWS) > 50


def test_where_a_threat_is_stopped_is_a_file() -> None:
    elsewhere = {"gunicorn", "nginx", "everywhere", "your tools"}
    for row in ROWS:
        [places] = re.findall(r"\((`[^()]*`)\)\s*$", row[2])
        for place in re.findall(r"`([^`]+)`", places):
            inside = (ROOT / "flask_mcp_auth0" / place).is_file() or (ROOT / place).is_file()
            assert inside or place in elsewhere, place
