"""Print what CHANGES.md says of a release: ``python scripts/release_notes.py v1.2.3``.

It ends with an error where the tag is not the version of the package, or where the changes are not written down.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def version(text: str) -> str:
    """Return the version that ``_version.py`` gives."""
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("error: flask_mcp_auth0/_version.py gives no version")
    return found[1]


def notes(tag: str, current: str, changes: str) -> str:
    """Return the section of the changes that is about a tag.

    :param tag: as in git, ``v1.2.3``.
    :param current: the version of the package.
    :param changes: the text of CHANGES.md.
    """
    if tag != f"v{current}":
        raise SystemExit(
            f"error: the tag is {tag}, and the package is {current} (flask_mcp_auth0/_version.py)"
        )
    heading = rf"^## {re.escape(current)} \(\d{{4}}-\d\d-\d\d\)\n(.*?)(?=^## |\Z)"
    section = re.search(heading, changes, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise SystemExit(f"error: CHANGES.md has no section '## {current} (YYYY-MM-DD)', or nothing in it")
    return section[1].strip()


def main(tag: str) -> None:
    """Print the notes of a tag."""
    current = version((ROOT / "flask_mcp_auth0" / "_version.py").read_text("utf-8"))
    print(notes(tag, current, (ROOT / "CHANGES.md").read_text("utf-8")))


if __name__ == "__main__":
    main(sys.argv[1])
