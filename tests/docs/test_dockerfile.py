"""The documented container file, carried out without an engine; ``make container`` installs as it says, too."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import requests

from flask_mcp_auth0.testing.tenant import Auth0Tenant
from scripts.check_container import REQUIREMENTS, Container, context, instructions

from ..wire.raw import Wire
from .test_pages import ROOT

FILE = (ROOT / "docs" / "samples" / "Dockerfile").read_text("utf-8")
PAGE = (ROOT / "docs" / "howto" / "docker.md").read_text("utf-8")


@pytest.fixture
def container(tmp_path: Path, auth0_tenant: Auth0Tenant) -> Container:
    source, workdir = tmp_path / "source", tmp_path / "workdir"
    source.mkdir()
    workdir.mkdir()
    context(source)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    built = Container(
        FILE, source, workdir, os.environ | auth0_tenant.environment | {"PATH": path, "HOME": str(tmp_path)}
    )
    built.build(install=False)
    return built


@pytest.mark.wire
def test_its_command_serves_its_check_tells_so_and_it_ends_when_it_is_told(
    container: Container, auth0_tenant: Auth0Tenant
) -> None:
    assert {path.name for path in container.workdir.iterdir()} == {
        "app.py",
        "gunicorn_conf.py",
        "requirements.txt",
    }
    assert not container.healthy()
    with container.running() as origin:
        assert requests.post(f"{origin}/mcp", json={}, timeout=20).status_code == 401
        with Wire(f"{origin}/mcp", auth0_tenant.token("ada")) as wire:
            assert wire.call("greet")["result"]["content"][0]["text"].startswith("Hello, ")
    assert not container.healthy()


@pytest.mark.wire
def test_a_command_that_does_not_serve_is_noticed(container: Container) -> None:
    container.instructions.append(("CMD", '["gunicorn", "app:no_such_factory()"]'))
    with (
        pytest.raises(RuntimeError, match=r"did not become healthy(.|\n)*no_such_factory"),
        container.running(),
    ):
        pytest.fail("it counts as healthy")


def test_the_page_tells_what_is_installed() -> None:
    assert f"`{REQUIREMENTS.strip()}`" in PAGE


def test_it_runs_as_nobody_in_particular_and_keeps_no_settings() -> None:
    found = instructions(FILE)
    names = [name for name, _ in found]
    assert names.index("USER") < names.index("CMD")
    assert "ENV" not in names
    assert "ARG" not in names
