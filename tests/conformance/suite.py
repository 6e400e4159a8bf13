"""Runs the official conformance suite and reads its results down to single checks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..npm import installed, node

PACKAGE = "@modelcontextprotocol/conformance"
RELEASED = "0.1.16"
PRERELEASE = "0.2.0-alpha.12"

AUTHORIZE = Path(__file__).with_name("authorize.mjs")

_FOLDER = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d+Z")
_LISTED = re.compile(r"^\s*- ([a-z0-9-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One assertion of one scenario.

    :param status: ``SUCCESS``, ``FAILURE``, ``WARNING``, ``SKIPPED`` or ``INFO``.
    """

    scenario: str
    id: str
    status: str
    message: str

    def __str__(self) -> str:
        return f"{self.status} {self.scenario} / {self.id}: {self.message}"


@dataclass(frozen=True)
class Results:
    """What one run of a suite said.

    :param scenarios: every scenario that ran, in no order.
    """

    checks: tuple[Check, ...]
    scenarios: frozenset[str]
    output: str

    def of_status(self, *statuses: str) -> list[Check]:
        """Return the checks that came out so."""
        return [check for check in self.checks if check.status in statuses]

    def failures(self, *, expected: Iterable[str] = ()) -> list[str]:
        """Return what failed, one line each, but for the scenarios that are expected to.

        :param expected: beginnings of scenario names.
        """
        prefixes = tuple(expected)
        return [str(check) for check in self.of_status("FAILURE") if not check.scenario.startswith(prefixes)]

    def succeeded(self) -> Counter[str]:
        """Return how many checks of each scenario succeeded."""
        return Counter(check.scenario for check in self.of_status("SUCCESS"))


def _program(version: str) -> list[str]:
    prefix = installed(f"conformance/{version}", f"{PACKAGE}@{version}")
    return [str(prefix / "node_modules" / PACKAGE / "dist/index.js")]


def run(version: str, options: Sequence[str], *, url: str, token: str, folder: Path) -> Results:
    """Run the server scenarios that ``options`` select against ``url`` with ``token`` on every request.

    :param folder: an empty one, for the suite's own results.
    """
    command = [node(), "--import", AUTHORIZE.as_uri(), *_program(version), "server", "--url", url]
    command += [*options, "--output-dir", str(folder)]
    variables = {"MCP_TEST_ORIGIN": url, "MCP_TEST_TOKEN": token}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=150, check=False, env=os.environ | variables
    )
    checks: list[Check] = []
    scenarios: set[str] = set()
    for path in sorted(folder.glob("*/checks.json")):
        match = _FOLDER.fullmatch(path.parent.name)
        assert match, f"unknown name of a result: {path.parent.name}"
        scenarios.add(match["scenario"])
        checks += [_check(match["scenario"], check) for check in json.loads(path.read_text())]
    output = done.stdout + done.stderr
    assert scenarios, f"the suite ran nothing:\n{output}"
    return Results(tuple(checks), frozenset(scenarios), output)


def listed(version: str, selection: Sequence[str]) -> frozenset[str]:
    """Return every server scenario that the suite knows under ``selection``."""
    command = [node(), *_program(version), "list", "--server", *selection]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    _, _, ours = done.stdout.partition("Server scenarios")
    ours, _, _ = ours.partition("\n\n")
    return frozenset(_LISTED.findall(ours))


def _check(scenario: str, check: dict[str, object]) -> Check:
    message = check.get("errorMessage") or check.get("description") or ""
    return Check(scenario, str(check["id"]), str(check["status"]), str(message))
