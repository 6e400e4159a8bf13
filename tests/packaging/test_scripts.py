"""The scripts behind ``make``, where they meet a machine that is not as they would like it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.summary import closing_line

SCRIPTS = Path(__file__).parents[2] / "scripts"

REPORT = """<testsuites><testsuite tests="10" failures="1" errors="1" skipped="2"/></testsuites>"""


def make_venv(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPTS / "make-venv"), *arguments],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def fake(directory: Path, name: str, text: str) -> None:
    """Put an executable on a PATH."""
    file = directory / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_an_interpreter_that_only_complains_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path, "python3.14", "echo 'command not found' >&2; exit 127")
    # Says that it is new enough, shows a version, and notes what else it is asked to do.
    otherwise = f'echo "$@" >> {tmp_path}/asked; exit 1'
    fake(
        tmp_path,
        "python3.12",
        f'case "$1" in -c) exit 0;; --version) echo Python 3.12.9;; *) {otherwise};; esac',
    )
    done = make_venv(str(tmp_path / "venv"), path=f"{tmp_path}:/usr/bin:/bin")
    assert "with Python 3.12.9" in done.stdout
    assert (tmp_path / "asked").read_text() == f"-m venv {tmp_path / 'venv'}\n"
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


def without_venv(directory: Path, name: str) -> None:
    """Put a Python on a PATH that is new enough and came without its venv package."""
    fake(directory, name, 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')


def test_an_interpreter_without_the_venv_package_is_passed_over_for_one_that_has_it(tmp_path: Path) -> None:
    without_venv(tmp_path, "python3.14")
    fake(tmp_path, "python3.13", 'case "$1" in -c) exit 0;; *) echo Python 3.13.7; exit 1;; esac')
    done = make_venv(str(tmp_path / "venv"), path=f"{tmp_path}:/usr/bin:/bin")
    assert "with Python 3.13.7" in done.stdout


def test_where_no_python_has_the_venv_package_the_package_is_named(tmp_path: Path) -> None:
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python"):
        fake(tmp_path, name, "exit 1")
    without_venv(tmp_path, "python3")
    for wanted in ([], ["python3"]):
        done = make_venv(str(tmp_path / "venv"), *wanted, path=f"{tmp_path}:/usr/bin:/bin")
        assert done.returncode == 1
        assert done.stderr == (
            "error: python3 cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv\n"
        )


def test_an_interpreter_may_be_in_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my pythons"
    folder.mkdir()
    without_venv(folder, "python3.99")
    done = make_venv(str(tmp_path / "venv"), str(folder / "python3.99"), path="/usr/bin:/bin")
    assert done.stderr.startswith(f"error: {folder}/python3.99 cannot make virtual environments.")


def test_an_environment_that_pip_could_not_fill_is_removed(tmp_path: Path) -> None:
    # As where the package index cannot be reached.
    making = 'mkdir -p "$3/bin"; printf "#!/bin/sh\\nexit 1\\n" > "$3/bin/python"; chmod +x "$3/bin/python"'
    fake(tmp_path, "python3", f'case "$1" in -m) {making};; *) exit 0;; esac')
    done = make_venv(str(tmp_path / "a venv"), str(tmp_path / "python3"), path="/usr/bin:/bin")
    assert done.returncode == 1
    assert "pip could not be installed" in done.stderr
    assert not (tmp_path / "a venv").exists()


def test_a_machine_without_a_new_enough_python_is_told_what_to_do(tmp_path: Path) -> None:
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"):
        fake(tmp_path, name, "exit 1")
    done = make_venv(str(tmp_path / "venv"), path=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no Python 3.11 or later on the PATH.")
    assert "make PYTHON=" in done.stderr


def test_an_interpreter_that_was_named_and_is_too_old_is_refused(tmp_path: Path) -> None:
    fake(tmp_path, "python3.9", "exit 1")
    done = make_venv(str(tmp_path / "venv"), "python3.9", path=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 1
    assert done.stderr == "error: PYTHON=python3.9 is not a Python 3.11 or later that runs.\n"


def test_the_closing_line_counts_errors_as_failures(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(REPORT)
    assert closing_line(report) == "6 passed, 2 failed, 2 skipped"
    assert closing_line(report, stopped=True) == "6 passed, 2 failed, 2 skipped"


def test_a_step_that_failed_after_the_tests_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text('<testsuites><testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>')
    assert closing_line(report, stopped=True) == "3 passed, 1 failed (a step after the tests)"


def test_a_run_that_never_reached_the_tests_has_failed(tmp_path: Path) -> None:
    assert closing_line(tmp_path / "junit.xml").startswith("0 passed, 1 failed")


def test_make_help_lists_the_targets_that_the_readme_names() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=SCRIPTS.parent,
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for target in (
        "demo",
        "test",
        "lint",
        "format",
        "typing",
        "build",
        "docs",
        "package-all",
        "audit",
        "lock",
        "test-floors",
        "test-newest",
        "test-workers",
    ):
        assert f"make {target} " in done.stdout
