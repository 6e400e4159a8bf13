"""The page of threats names tests that exist, and code that exists."""

from __future__ import annotations

import ast
import re

from .test_pages import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TESTS = re.findall(r"`([a-z0-9_]+/test_\w+\.py)::(\w+)`", PAGE)
ROWS = [line.split("|") for line in PAGE.splitlines() if "::" in line]


def test_every_threat_is_shown_by_tests_that_exist() -> None:
    files = {file: ROOT / "tests" / file for file, _ in TESTS}
    there = {
        (file, node.name)
        for file, path in files.items()
        if path.is_file()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert [each for each in TESTS if each not in there] == []
    assert len(ROWS) > 50


def test_where_a_threat_is_stopped_is_a_file() -> None:
    elsewhere = {"gunicorn", "nginx", "everywhere", "your tools"}
    for row in ROWS:
        [places] = re.findall(r"\((`[^()]*`)\)\s*$", row[2])
        for place in re.findall(r"`([^`]+)`", places):
            inside = (ROOT / "flask_mcp_auth0" / place).is_file() or (ROOT / place).is_file()
            assert inside or place in elsewhere, place
