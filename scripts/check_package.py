"""Check what is published: ``python scripts/check_package.py dist``.

The wheel holds the package, its typing marker and its licence, and nothing else; it installs into an empty
environment and imports there. The sdist holds the tests, the docs and what builds them.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

IN_WHEEL = ("flask_mcp_auth0/__init__.py", "flask_mcp_auth0/py.typed")
IN_SDIST = (
    "CHANGES.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "docs/index.md",
    "example_app/__init__.py",
    "flask_mcp_auth0/__init__.py",
    "pyproject.toml",
    "setup.cfg",
    "tests/conftest.py",
)
IMPORTS = """
import importlib.metadata, flask_mcp_auth0
from flask_mcp_auth0 import Auth0MCP, MCPBlueprint, get_auth_info, protected_tool
version = importlib.metadata.version("flask-mcp-auth0")
commands = [entry.name for entry in importlib.metadata.entry_points(group="flask.commands")]
assert "mcp" in commands, commands
print(f"flask-mcp-auth0 {version} imports from {flask_mcp_auth0.__path__[0]}")
"""


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


def sdist_problems(sdist: Path) -> list[str]:
    """Return what is missing from the sdist."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    return [f"{sdist.name} lacks {name}" for name in IN_SDIST if name not in names]


def install_and_import(wheel: Path) -> str:
    """Install the wheel into an empty environment, import it there, and return what that printed."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = str(Path(directory, "bin", "python"))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", str(wheel)]
        installed = subprocess.run(pip, capture_output=True, text=True)  # noqa: PLW1510, S603
        if installed.returncode:
            raise SystemExit(f"error: the wheel does not install:\n{installed.stderr}")
        done = subprocess.run(  # noqa: S603
            [python, "-W", "error", "-c", IMPORTS],
            check=True,
            cwd=directory,
            stdout=subprocess.PIPE,
            text=True,
        )
    return done.stdout.strip()


def main(directory: Path) -> int:
    """Check the one wheel and the one sdist in ``directory``; return the exit code."""
    (wheel,), (sdist,) = directory.glob("*.whl"), directory.glob("*.tar.gz")
    problems = wheel_problems(wheel) + sdist_problems(sdist)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 1
    print(install_and_import(wheel))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
