"""Samples that are no modules of tools: a user's own tests, and files of other programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .test_pages import PAGES, ROOT

SAMPLES = ROOT / "docs" / "samples"
BLOCK = re.compile(r"^```(?:nginx|dockerfile)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_files_of_other_programs_are_shown_to_the_letter() -> None:
    shown = {block for page in PAGES for block in BLOCK.findall(page.read_text("utf-8"))}
    files = [path for path in SAMPLES.iterdir() if path.is_file() and path.suffix != ".py"]
    assert shown == {path.read_text("utf-8") for path in files}


def test_the_tests_that_a_user_would_write_pass(tmp_path: Path) -> None:
    for name, copy in (
        ("quickstart", "app.py"),
        ("testing_conftest", "conftest.py"),
        ("testing_tools", "test_tools.py"),
    ):
        shutil.copy(SAMPLES / f"{name}.py", tmp_path / copy)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_gunicorn_takes_the_configuration(tmp_path: Path, auth0_environment: dict[str, str]) -> None:
    shutil.copy(SAMPLES / "quickstart.py", tmp_path / "app.py")
    configuration = (SAMPLES / "gunicorn_conf").with_suffix(".py")
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "-c", str(configuration), "app:create_app()"],
        cwd=tmp_path,
        env=os.environ | auth0_environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["nginx.conf", "Dockerfile"])
def test_a_file_names_what_the_page_promises(name: str) -> None:
    text = (SAMPLES / name).read_text("utf-8")
    promised = {
        "nginx.conf": ["proxy_buffering off;", "proxy_next_upstream error;", "client_max_body_size 4m;"],
        "Dockerfile": ["USER app", "/mcp/health", "app:create_app()"],
    }
    assert all(words in text for words in promised[name])
