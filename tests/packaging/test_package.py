"""The checks of what is published, on packages that are wrong."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts import check_package, package_probe
from scripts.check_package import left_behind, minors, on_path, version_of, wheel_problems
from scripts.check_sdist import sdist_problems

from .test_scripts import fake

METADATA = """Name: flask-mcp-auth0
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.11
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel that lacks the typing marker and holds the tests."""
    path = tmp_path / "flask_mcp_auth0-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("flask_mcp_auth0/__init__.py", "")
        archive.writestr("tests/conftest.py", "")
        archive.writestr("flask_mcp_auth0-1.dist-info/licenses/LICENSE", "")
        archive.writestr("flask_mcp_auth0-1.dist-info/METADATA", METADATA)
    return path


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """An sdist whose package has a template."""
    path = tmp_path / "flask_mcp_auth0-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("README.md", "flask_mcp_auth0/__init__.py", "flask_mcp_auth0/page/page.html"):
            archive.addfile(tarfile.TarInfo(f"flask_mcp_auth0-1/{name}"))
    return path


def test_a_wheel_with_too_much_or_too_little_is_noticed(wheel: Path) -> None:
    assert wheel_problems(wheel) == [
        f"{wheel.name} lacks flask_mcp_auth0/py.typed",
        f"{wheel.name} holds tests",
    ]


def test_a_file_of_the_package_that_did_not_get_into_the_wheel_is_noticed(wheel: Path, sdist: Path) -> None:
    assert left_behind(wheel, sdist) == [f"{wheel.name} lacks flask_mcp_auth0/page/page.html"]


def test_an_sdist_with_too_much_or_too_little_is_noticed() -> None:
    names = {"PKG-INFO", "flask_mcp_auth0.egg-info/SOURCES.txt", "README.md", "notes.sqlite"}
    assert sdist_problems(names, {"README.md", "tests/conftest.py"}) == [
        "the sdist lacks tests/conftest.py",
        "the sdist holds notes.sqlite",
    ]


def test_a_wheel_is_tried_on_the_versions_that_it_names(wheel: Path) -> None:
    assert minors(wheel) == [11, 12]


def test_an_interpreter_is_looked_for_behind_one_that_only_complains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shims", "other", "real"):
        (tmp_path / name).mkdir()
    fake(tmp_path / "shims", "python3.77", "echo 'command not found' >&2; exit 127")
    fake(tmp_path / "other", "python3.77", "echo 3 11")
    fake(tmp_path / "real", "python3.77", "echo 3 77")
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("shims", "other", "real")))
    assert on_path(77) == str(tmp_path / "real" / "python3.77")
    assert on_path(78) is None


def test_an_interpreter_that_is_named_must_run(
    wheel: Path, sdist: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_package, "wheel_problems", lambda _: [])
    assert version_of(sys.executable) == sys.version_info[:2]
    assert check_package.main([str(wheel.parent), str(wheel.parent / "no-python")]) == 1
    assert "no-python does not run" in capsys.readouterr().err


def test_what_is_imported_from_elsewhere_is_not_the_installed_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    with pytest.raises(SystemExit, match="the installed package: is "):
        package_probe.import_everything()


def test_a_module_that_needs_what_nothing_brings_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name="colours")

    monkeypatch.setattr(sys, "prefix", "/")
    monkeypatch.setattr(package_probe.importlib, "import_module", missing)
    with pytest.raises(SystemExit, match="needs colours, which nothing brings"):
        package_probe.import_everything()
