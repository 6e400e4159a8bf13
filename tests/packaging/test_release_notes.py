"""What a release says of itself, from CHANGES.md."""

from __future__ import annotations

import pytest

import flask_mcp_auth0
from scripts.release_notes import ROOT, notes, version

CHANGES = """# Changes

## Unreleased

- Soon.

## 1.2.0 (2031-02-03)

- New.

## 1.1.0 (2031-01-01)

- Old.
"""


def test_the_notes_are_the_section_of_the_version() -> None:
    assert notes("v1.2.0", "1.2.0", CHANGES) == "- New."
    assert notes("v1.1.0", "1.1.0", CHANGES) == "- Old."


@pytest.mark.parametrize(
    ("tag", "current", "says"),
    [
        ("v1.2.0", "1.3.0", "the tag is v1.2.0, and the package is 1.3.0"),
        ("1.2.0", "1.2.0", "the tag is 1.2.0"),
        ("v1.3.0", "1.3.0", "CHANGES.md has no section '## 1.3.0"),
        ("v1x2.0", "1x2.0", "CHANGES.md has no section '## 1x2.0"),
    ],
)
def test_a_tag_that_is_not_the_version_or_has_no_changes_is_refused(
    tag: str, current: str, says: str
) -> None:
    with pytest.raises(SystemExit, match="error: ") as refused:
        notes(tag, current, CHANGES)
    assert says in str(refused.value)


def test_a_section_without_a_change_is_refused() -> None:
    with pytest.raises(SystemExit, match="nothing in it"):
        notes("v1.0", "1.0", "## 1.0 (2031-01-01)\n\n## 0.9 (2030-01-01)\n\n- Old.\n")


def test_the_version_is_read_where_the_package_has_it() -> None:
    text = (ROOT / "flask_mcp_auth0" / "_version.py").read_text("utf-8")
    assert version(text) == flask_mcp_auth0.__version__
