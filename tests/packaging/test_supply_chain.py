"""What looks after the supply chain, where there is something to be found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .test_scripts import SCRIPTS, fake

BIN = Path(sys.executable).parent
ROOT = SCRIPTS.parent

UNPINNED = """
name: tests
on: push
permissions: {}
concurrency: {group: tests, cancel-in-progress: true}
jobs:
  test:
    name: tests
    runs-on: ubuntu-latest
    steps:
      - uses: actions/setup-python@v6
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what GitHub reads, with the script that checks it."""
    if not (ROOT / ".github").is_dir():
        pytest.skip("an sdist has no workflows")
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def check(repository: Path) -> subprocess.CompletedProcess[str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("zizmor", path=path) is None:
        pytest.skip("zizmor is not installed here (dependency group lint)")
    return subprocess.run(
        ["/bin/sh", "scripts/check-workflows"],
        cwd=repository,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_workflows_as_they_are_have_no_findings(repository: Path) -> None:
    done = check(repository)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_action_that_is_not_pinned_to_a_commit_is_refused(repository: Path) -> None:
    (repository / ".github" / "workflows" / "more.yml").write_text(UNPINNED, "utf-8")
    done = check(repository)
    assert done.returncode != 0
    assert "unpinned-uses" in done.stderr


@pytest.mark.parametrize(
    "path", ["workflows/tests.yml", "dependabot.yml", "ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/config.yml"]
)
def test_a_key_that_github_does_not_know_is_refused(repository: Path, path: str) -> None:
    file = repository / ".github" / path
    file.write_text(f"{file.read_text('utf-8')}\nsurprise: 1\n", "utf-8")
    done = check(repository)
    assert done.returncode != 0
    assert "surprise" in done.stderr


def test_advisories_are_asked_for_of_all_that_is_locked_and_silence_is_a_failure(tmp_path: Path) -> None:
    for folder in ("scripts", "requirements", ".venv/maintenance/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPTS / "audit", tmp_path / "scripts")
    for name in ("dev", "docs"):
        (tmp_path / "requirements" / f"{name}.txt").touch()
    fake(tmp_path / ".venv/maintenance/bin", "pip-audit", 'echo "$@"; exit 3')
    done = subprocess.run(
        [tmp_path / "scripts" / "audit"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert "--strict" in done.stdout
    assert "--requirement requirements/dev.txt --requirement requirements/docs.txt" in done.stdout
