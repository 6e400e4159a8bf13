"""The site's build notices what is wrong: a warning that nobody counts is no check."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .test_pages import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the site is built of."""
    if not (ROOT / ".venv" / "docs" / "bin" / "mkdocs").is_file():
        pytest.skip("make docs has not been run")
    for name in ("docs", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    for name in (".venv", "flask_mcp_auth0"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def build(copy: Path) -> subprocess.CompletedProcess[str]:
    """Run what ``make docs`` runs."""
    planned = subprocess.run(["make", "-n", "docs"], cwd=ROOT, capture_output=True, text=True, check=True)
    command = planned.stdout.strip().splitlines()[-1]
    return subprocess.run(["/bin/sh", "-c", command], cwd=copy, capture_output=True, text=True, timeout=120)


def test_links_to_nowhere_end_the_build(copy: Path) -> None:
    wrong = ["[x](howto/redis.md#nowhere)", "[x](no-page.md)", "![x](images/no-picture.png)"]
    with (copy / "docs" / "index.md").open("a") as page:
        page.write("\n".join(["", *wrong, ""]))
    done = build(copy)
    assert done.returncode != 0
    for said in ("#nowhere", "no-page.md", "no-picture.png"):
        assert said in done.stderr
