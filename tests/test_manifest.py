"""Every promise has a test, and every test that is named exists."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

from .manifest import ROWS

ROOT = Path(__file__).parents[1]


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the test functions of a file, those in classes as ``Class::function``."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)
            }
    return frozenset(found)


def test_every_row_has_an_id_of_its_own_and_a_rule() -> None:
    assert [id for id, count in Counter(row.id for row in ROWS).items() if count > 1] == []
    assert [row.id for row in ROWS if len(row.rule) < 20] == []


def test_every_row_has_a_test() -> None:
    assert [f"{row.id}: {row.rule}" for row in ROWS if not row.tests] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for row in ROWS for test in row.tests}

    assert (
        sorted(test for test in named if test.partition("::")[2] not in functions(test.partition("::")[0]))
        == []
    )


def test_checks_of_the_official_suite_are_named_by_scenario_and_check() -> None:
    assert [check for row in ROWS for check in row.checks if check.count("/") != 1] == []
