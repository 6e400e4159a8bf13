"""The page of threats names tests that exist, and code that exists."""

from __future__ import annotations

import re

from .reading import missing_tests, text
from .test_pages import ROOT

ROWS = [line.split("|") for line in text("security.md").splitlines() if "::" in line]


def test_every_threat_is_shown_by_tests_that_exist() -> None:
    stopped_in = {place for row in ROWS for place in re.findall(r"`([^`]+)`", row[2])}
    assert set(missing_tests("security.md")) <= stopped_in
    assert len(ROWS) > 50


def test_where_a_threat_is_stopped_is_a_file() -> None:
    elsewhere = {"gunicorn", "nginx", "everywhere", "your tools"}
    for row in ROWS:
        [places] = re.findall(r"\((`[^()]*`)\)\s*$", row[2])
        for place in re.findall(r"`([^`]+)`", places):
            inside = (ROOT / "flask_mcp_auth0" / place).is_file() or (ROOT / place).is_file()
            assert inside or place in elsewhere, place
