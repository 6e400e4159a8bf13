"""What the pages say is true: their code runs, their settings exist, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("**/*.md"))]
SAMPLES = sorted((ROOT / "docs" / "samples").glob("*.py"))

CODE = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def blocks(page: Path) -> list[str]:
    """Return the Python code of a page."""
    return CODE.findall(page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_on_a_page_is_a_sample_file_to_the_letter(page: Path) -> None:
    samples = {sample.read_text("utf-8") for sample in SAMPLES}
    for block in blocks(page):
        assert block in samples, f"not in docs/samples:\n{block}"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_shown_somewhere_and_run_by_a_test(sample: Path) -> None:
    assert any(sample.read_text("utf-8") in blocks(page) for page in PAGES), "on no page"
    tests = "".join(test.read_text("utf-8") for test in Path(__file__).parent.glob("test_*.py"))
    assert f'"{sample.stem}"' in tests, "loaded by no test"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_setting_is_documented_and_none_that_does_not_exist() -> None:
    code = (ROOT / "flask_mcp_auth0" / "settings.py").read_text("utf-8")
    read = set(re.findall(r"reader\.\w+\(\s*\"((?:AUTH0|MCP)_[A-Z0-9_]+)\"", code))
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    documented = set(re.findall(r"^\|(.*?)\|", page, re.MULTILINE))
    named = {key for cell in documented for key in re.findall(r"`((?:AUTH0|MCP)_[A-Z0-9_]+)`", cell)}
    assert len(read) > 30
    assert named == read
