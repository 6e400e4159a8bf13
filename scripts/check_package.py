"""Check the wheel that is published: ``python scripts/check_package.py [--every] dist [PYTHON …]``.

It holds the package as the sdist beside it does, its typing marker and its licence, and nothing else. Into an
empty environment of each ``PYTHON`` (a command or a path; without any, the one that runs this) it installs, and does
there what ``package_probe.py`` asks of it. ``--every`` adds each interpreter that the wheel names and that is on the
PATH.
"""

from __future__ import annotations

import argparse
import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

IN_WHEEL = ("flask_mcp_auth0/__init__.py", "flask_mcp_auth0/py.typed")
SCRIPTS = Path(__file__).resolve().parent
LOCK = SCRIPTS.parent / "requirements" / "demo.txt"
MINOR = "Programming Language :: Python :: 3."


def wheel_problems(wheel: Path) -> list[str]:
    """Return what is missing from the wheel, and what should not be in it."""
    names = zipfile.ZipFile(wheel).namelist()
    strangers = {name.split("/")[0] for name in names} - {"flask_mcp_auth0"}
    problems = [f"{wheel.name} lacks {name}" for name in IN_WHEEL if name not in names]
    problems += [
        f"{wheel.name} holds {name}" for name in sorted(strangers) if not name.endswith(".dist-info")
    ]
    if not any(name.endswith("licenses/LICENSE") for name in names):
        problems.append(f"{wheel.name} lacks the licence")
    return problems


def left_behind(wheel: Path, sdist: Path) -> list[str]:
    """Return the package's files that the sdist holds and the wheel lacks, as templates that nothing packs."""
    with tarfile.open(sdist) as archive:
        names = {file.name.partition("/")[2] for file in archive.getmembers() if file.isfile()}
    package = {name for name in names if name.startswith("flask_mcp_auth0/")}
    return [f"{wheel.name} lacks {name}" for name in sorted(package - set(zipfile.ZipFile(wheel).namelist()))]


def minors(wheel: Path) -> list[int]:
    """Return the 3.x that the wheel's classifiers name."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    classifiers = metadata.get_all("Classifier", [])
    return sorted(int(each.removeprefix(MINOR)) for each in classifiers if each.startswith(MINOR))


def version_of(python: str) -> tuple[int, int] | None:
    """Return what an interpreter says of itself; none where it does not run, as the shims of version managers."""
    ask = [python, "-I", "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        said = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True).stdout  # noqa: S603
        major, minor = map(int, said.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return major, minor


def on_path(minor: int) -> str | None:
    """Return the first ``python3.MINOR`` of the PATH that runs, and is one."""
    for directory in os.get_exec_path():
        found = shutil.which(f"python3.{minor}", path=directory)
        if found and version_of(found) == (3, minor):
            return found
    return None


def constraints() -> Iterator[str]:
    """Yield the locked versions without their hashes, which the wheel itself cannot have."""
    for line in LOCK.read_text("utf-8").splitlines():
        if pin := re.fullmatch(r"(\S+==\S+.*?) \\", line):
            yield pin[1]


def try_out(wheel: Path, python: str) -> str:
    """Install the wheel and gunicorn into an empty environment, try it there, and return what that printed."""
    with tempfile.TemporaryDirectory() as directory:
        environment, empty = Path(directory, "environment"), Path(directory, "empty")
        empty.mkdir()
        locked = Path(directory, "constraints.txt")
        locked.write_text("\n".join(constraints()), "utf-8")
        requirement = f"flask-mcp-auth0[gunicorn] @ {wheel.resolve().as_uri()}"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", environment]
        steps = (
            [python, "-I", "-m", "venv", "--without-pip", environment],
            [*pip, "install", "--quiet", "--constraint", locked, requirement],
            [environment / "bin" / "python", "-I", "-W", "error", SCRIPTS / "package_probe.py"],
        )
        for step in steps:
            done = subprocess.run(  # noqa: S603
                step, cwd=empty, capture_output=True, text=True, timeout=600, check=False
            )
            if done.returncode:
                raise SystemExit(f"error: {python}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def main(arguments: Sequence[str]) -> int:
    """Check the one wheel in a directory that holds its sdist, too; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("python", nargs="*")
    parser.add_argument("--every", action="store_true")
    options = parser.parse_args(arguments)
    (wheel,), (sdist,) = options.directory.glob("*.whl"), options.directory.glob("*.tar.gz")
    problems = wheel_problems(wheel) + left_behind(wheel, sdist)
    problems += [f"{python} does not run" for python in options.python if version_of(python) is None]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 1
    pythons, missing = [*options.python], []
    if options.every:
        named = {version_of(python) for python in pythons}
        for minor in (minor for minor in minors(wheel) if (3, minor) not in named):
            found = on_path(minor)
            (pythons if found else missing).append(found or f"3.{minor}")
    for python in pythons or [sys.executable]:
        print(try_out(wheel, python), flush=True)
    for version in missing:
        print(f"note: not tried on Python {version}: none on the PATH runs, and none was named.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
