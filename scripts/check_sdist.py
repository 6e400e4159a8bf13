"""Check the sdist that is published: ``python scripts/check_sdist.py dist``.

It holds what the repository holds, but for what only GitHub and git read, and pytest can collect the tests from
where it is unpacked. What was unpacked is what is imported there.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (".github/", ".gitignore", ".pre-commit-config.yaml")
MADE = ("PKG-INFO", "setup.cfg", "flask_mcp_auth0.egg-info/")
IMPORTED = "import flask_mcp_auth0; print(flask_mcp_auth0.__path__[0])"


def repository() -> set[str]:
    """Return the files of the repository: what git tracks, and what it would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    names = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    return {name for name in names if not name.startswith(LEFT_OUT)}


def sdist_problems(names: set[str], expected: set[str]) -> list[str]:
    """Return what is missing from an sdist of the files ``names``, and what should not be in it."""
    strangers = {name for name in names - expected if not name.startswith(MADE)}
    return [
        *(f"the sdist lacks {name}" for name in sorted(expected - names)),
        *(f"the sdist holds {name}" for name in sorted(strangers)),
    ]


def collect(directory: Path) -> str:
    """Let pytest collect the tests of an unpacked sdist; return how many there are, in pytest's words."""

    def python(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            [sys.executable, *arguments],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"error: in the unpacked sdist: {done.stdout}{done.stderr}")
        return done.stdout

    imported = Path(python("-c", IMPORTED).strip())
    if not imported.is_relative_to(directory):
        raise SystemExit(f"error: in the unpacked sdist, {imported} is imported")
    said = python("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    found = re.search(r"^\d+ tests collected", said, re.MULTILINE)
    if found is None:
        raise SystemExit(f"error: in the unpacked sdist: {said}")
    return found[0]


def main(dist: Path) -> int:
    """Check the one sdist in a directory; return the exit code."""
    (sdist,) = dist.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as directory, tarfile.open(sdist) as archive:
        names = {file.name.partition("/")[2] for file in archive.getmembers() if file.isfile()}
        # An unpacked sdist has no repository to be compared with.
        problems = sdist_problems(names, repository()) if (ROOT / ".git").exists() else []
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
        if problems:
            return 1
        # Python 3.11.4 brought the argument of that name; the attribute is nothing to those before.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(directory)  # noqa: S202  (our own)
        (unpacked,) = Path(directory).resolve().iterdir()
        print(f"{sdist.name}: {len(names)} files, {collect(unpacked)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
