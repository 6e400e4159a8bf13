"""What looks after the supply chain, where there is something to be found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture
def audit(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run the script that asks for advisories, beside a pip-audit that repeats what it was told and fails."""

    def run(explained: str) -> subprocess.CompletedProcess[str]:
        for folder in ("scripts", "requirements", ".venv/maintenance/bin"):
            (tmp_path / folder).mkdir(parents=True)
        shutil.copy(SCRIPTS / "audit", tmp_path / "scripts")
        for name in ("dev", "docs"):
            (tmp_path / "requirements" / f"{name}.txt").touch()
        (tmp_path / "requirements" / "explained-advisories").write_text(explained, "utf-8")
        fake(tmp_path / ".venv/maintenance/bin", "pip-audit", 'echo "$@"; exit 3')
        return subprocess.run(
            [tmp_path / "scripts" / "audit"], capture_output=True, text=True, timeout=60, check=False
        )

    return run


Audit = Callable[[str], subprocess.CompletedProcess[str]]


def test_advisories_are_asked_for_of_all_that_is_locked_and_silence_is_a_failure(audit: Audit) -> None:
    done = audit("")
    assert done.returncode == 3
    assert "--strict" in done.stdout
    assert "--requirement requirements/dev.txt --requirement requirements/docs.txt" in done.stdout
    assert "--ignore-vuln" not in done.stdout


def test_advisories_that_are_explained_are_passed_over(audit: Audit) -> None:
    done = audit("# why\n\nCVE-1-2 library: not called here\nGHSA-3 other: Windows only\n")
    assert done.returncode == 3
    assert "--ignore-vuln CVE-1-2 --ignore-vuln GHSA-3" in done.stdout


def test_an_advisory_without_an_explanation_is_not_passed_over(audit: Audit) -> None:
    done = audit("CVE-1-2\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "CVE-1-2 is not explained" in done.stderr


def test_the_explanations_that_there_are_name_a_package_that_is_locked() -> None:
    locked = "".join(path.read_text("utf-8") for path in (ROOT / "requirements").glob("*.txt"))
    lines = (ROOT / "requirements" / "explained-advisories").read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            _, package, reason = line.split(maxsplit=2)
            assert f"\n{package.removesuffix(':')}==" in locked
            assert len(reason) > 20
