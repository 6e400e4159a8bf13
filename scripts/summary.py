"""Print the closing line of a test run: ``python scripts/summary.py REPORT [--stopped]``.

``REPORT`` is pytest's, in JUnit's format. ``--stopped`` says that a step has failed; where that was none of the
tests, the line counts it as the one failure it is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def closing_line(report: Path, *, stopped: bool = False) -> str:
    """Return ``N passed, N failed``, and how many were skipped where any were."""
    if not report.is_file():
        return "0 passed, 1 failed (a step before the tests)"
    root = ElementTree.parse(report).getroot()  # noqa: S314  (our own file)
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root.iter("testsuite"):
        for name in counts:
            counts[name] += int(suite.get(name, "0"))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    if stopped and not failed:
        return f"{passed} passed, 1 failed (a step after the tests){skipped}"
    return f"{passed} passed, {failed} failed{skipped}"


if __name__ == "__main__":
    print(closing_line(Path(sys.argv[1]), stopped="--stopped" in sys.argv[2:]))
