"""Ask for every address that the documentation links to: ``make links``. Needs the internet.

Links within the repository are checked by the tests and by ``make docs``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import requests

ROOT = Path(__file__).parents[1]
#: In angle brackets or in the round ones of Markdown; what stands in code is an example.
_LINK = re.compile(r"\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
#: Names that lead nowhere on purpose (RFC 2606), and this machine.
_NOWHERE = re.compile(r"(^|\.)example(\.(com|org|net))?$|^localhost$|^127\.|^\[?::1")


def addresses(pages: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the addresses that pages link to, without fragments, each with the pages."""
    found: dict[str, list[Path]] = {}
    for page in pages:
        for match in _LINK.finditer(_CODE.sub("", page.read_text("utf-8"))):
            address = (match[1] or match[2]).partition("#")[0]
            if not _NOWHERE.search(urlsplit(address).hostname or "") and page not in found.get(address, []):
                found.setdefault(address, []).append(page)
    return found


def problem(address: str) -> str | None:
    """Return what is wrong with an address, ``None`` where it answers. Being asked to slow down is an answer."""
    try:
        with requests.get(address, timeout=20, stream=True, headers={"User-Agent": "link check"}) as answer:
            return None if answer.ok or answer.status_code in (403, 429) else str(answer.status_code)
    except requests.RequestException as error:
        return type(error).__name__


def main() -> int:
    """Check all; return how many are wrong, as an exit code."""
    found = addresses([*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("**/*.md"))])
    with ThreadPoolExecutor(8) as pool:
        wrong = {address: why for address, why in zip(found, pool.map(problem, found), strict=True) if why}
    for address, why in wrong.items():
        print(f"{address}: {why} ({', '.join(str(page.relative_to(ROOT)) for page in found[address])})")
    print(f"{len(found)} addresses, {len(wrong)} of them wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
