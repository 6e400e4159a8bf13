"""The official TypeScript clients of both generations, against every kind of server."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..npm import installed, node
from .conftest import Served

pytestmark = pytest.mark.wire

SCRIPT = Path(__file__).with_name("typescript_client.mjs")


@dataclass(frozen=True)
class Client:
    """One client and how it negotiates."""

    package: str
    generation: str
    mode: str

    def __str__(self) -> str:
        return f"{self.package.rpartition('/')[2]}-{self.mode}"


CLIENTS = [
    Client("@modelcontextprotocol/sdk@1.32.2", "1", "legacy"),
    Client("@modelcontextprotocol/client@2.4.0", "2", "legacy"),
    Client("@modelcontextprotocol/client@2.4.0", "2", "auto"),
]


@pytest.fixture(scope="session", params=CLIENTS, ids=str)
def client(request: pytest.FixtureRequest) -> Client:
    """Each client in turn."""
    chosen: Client = request.param
    return chosen


@pytest.fixture(scope="session")
def told(client: Client, served: Served) -> dict[str, Any]:
    """What the client says that it saw."""
    folder = installed(f"clients/{client.generation}", client.package)
    asks = client.mode == "auto" or not served.kind.one_at_a_time
    variables = {
        "URL": served.url,
        "TOKEN": served.token(),
        "GENERATION": client.generation,
        "MODE": client.mode,
        "QUESTIONS": "1" if asks else "0",
    }
    done = subprocess.run(
        [node(), "--input-type=module"],
        input=SCRIPT.read_text(),
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answered: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answered


def test_it_lists_and_calls_tools(told: dict[str, Any]) -> None:
    assert {"test_simple_text", "ours_whoami"} <= set(told["tools"])
    assert told["simple"] == "This is a simple text response for testing."
    assert told["whoami"] == "auth0|ada"
    assert told["header"] == "region=Łódź"
    assert told["error"] is True
    assert told["unknown"] == -32602


def test_it_reads_resources(told: dict[str, Any]) -> None:
    assert "test://static-text" in told["resources"]
    assert told["templates"] == ["test://template/{id}/data"]
    assert '"id":"123"' in told["read"]


def test_it_gets_prompts_and_completes_their_arguments(told: dict[str, Any]) -> None:
    assert "test_prompt_with_arguments" in told["prompts"]
    assert told["prompt"] == "Prompt with arguments: arg1='x', arg2='y'"
    assert told["completed"] == ["test", "testing", "tested"]


def test_it_sees_progress(told: dict[str, Any]) -> None:
    assert told["progress"] == [0, 50, 100]


def test_its_user_is_asked(told: dict[str, Any], client: Client, served: Served) -> None:
    if client.mode == "legacy" and served.kind.one_at_a_time:
        assert "one request at a time" in told["asked"]
        return
    assert "yes" in told["asked"]
    assert "blue" in told["rounds"]
    assert told["several"] == "Paris, Ada (1 roots)"


def test_a_call_that_it_cancels_is_cancelled_at_the_server(
    told: dict[str, Any], client: Client, served: Served
) -> None:
    if client.mode == "legacy" and served.kind.one_at_a_time:
        pytest.skip("the cancellation waits behind the call that it is for")
    assert told["aborted"]
    assert told["cancelled"] >= 1
