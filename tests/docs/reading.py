"""What the tests of the reference read: pages, their sections and tables, and the code that serves."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from .test_pages import ROOT

DOCS = ROOT / "docs"
PACKAGE = ROOT / "flask_mcp_auth0"
#: What runs on somebody's machine and not in the server.
NOT_SERVING = {"cli", "local_tenant", "tenant", "testing"}


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


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of every table row of a page."""
    for line in (DOCS / page).read_text("utf-8").splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def missing_tests(page: str) -> list[str]:
    """Return the tests that a page names, as ``file::function`` or a file alone, and that do not exist."""
    missing = []
    for name in re.findall(r"`([a-z0-9_]+/\w+\.py(?:::\w+)?)`", text(page)):
        file, _, function = name.partition("::")
        path = ROOT / "tests" / file
        if not path.is_file():
            missing.append(name)
        elif function:
            body = ast.parse(path.read_text("utf-8")).body
            if function not in {node.name for node in body if isinstance(node, ast.FunctionDef)}:
                missing.append(name)
    return missing
