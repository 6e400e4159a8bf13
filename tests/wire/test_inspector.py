"""The inspector's command line, in both eras, against every kind of server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..npm import installed, node
from .conftest import Served

pytestmark = pytest.mark.wire

PACKAGE = "@modelcontextprotocol/inspector"


@pytest.fixture(params=["legacy", "modern"])
def era(request: pytest.FixtureRequest) -> str:
    """How the inspector negotiates."""
    value: str = request.param
    return value


def inspect(served: Served, era: str, home: Path, *options: str, token: str = "") -> tuple[int, str, str]:
    """Run the inspector once; return its status and what it printed."""
    prefix = installed("clients/inspector", f"{PACKAGE}@2.12.0")
    program = prefix / "node_modules" / PACKAGE / "clients/launcher/build/index.js"
    command = [node(), str(program), "--cli", served.url, "--protocol-era", era, "--stored-auth-only"]
    command += ["--header", f"Authorization: Bearer {token or served.token()}", "--format", "json", *options]
    done = subprocess.run(
        command,
        env=os.environ | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def result(served: Served, era: str, home: Path, *options: str) -> Any:
    """Run the inspector and return the result that it printed."""
    status, output, errors = inspect(served, era, home, *options)
    assert status == 0, output + errors
    printed = json.loads(output)
    return printed.get("result", printed)


def test_it_lists_tools_without_finding_fault_with_their_schemas(
    served: Served, era: str, tmp_path: Path
) -> None:
    listed = result(served, era, tmp_path, "--method", "tools/list", "--strict")

    assert "test_simple_text" in {tool["name"] for tool in listed["tools"]}


def test_it_calls_tools(served: Served, era: str, tmp_path: Path) -> None:
    called = result(
        served,
        era,
        tmp_path,
        "--method",
        "tools/call",
        "--tool-name",
        "ours_int_header",
        "--tool-arg",
        "count=7",
    )

    assert called["content"][0]["text"] == "count=7"


def test_it_reads_resources(served: Served, era: str, tmp_path: Path) -> None:
    read = result(served, era, tmp_path, "--method", "resources/read", "--uri", "test://static-text")

    assert read["contents"][0]["text"] == "This is the content of the static text resource."


def test_it_gets_prompts(served: Served, era: str, tmp_path: Path) -> None:
    options = ["--method", "prompts/get", "--prompt-name", "test_prompt_with_arguments"]
    got = result(served, era, tmp_path, *options, "--prompt-args", "arg1=x", "arg2=y")

    assert "arg1='x', arg2='y'" in got["messages"][0]["content"]["text"]


def test_it_is_told_when_its_token_is_not_good(standard: Served, tmp_path: Path) -> None:
    expired = standard.issuer.token(standard.audience, expires_in=-3600)
    status, _, errors = inspect(standard, "modern", tmp_path, "--method", "tools/list", token=expired)

    assert status != 0
    assert errors
