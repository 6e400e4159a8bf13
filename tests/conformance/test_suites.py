"""Both official suites, every server scenario of every revision that they know, a verified token on each request.

Under the worker class that ``GUNICORN_WORKER_CLASS`` names; threads by default.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..manifest import ROWS
from .conftest import Target
from .expectations import EXPLAINED, EXTENSIONS, RUNS, WITHOUT_SUCCESS, Run
from .suite import PRERELEASE, Results, listed, run

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("conformance")]

#: ``wire-schema-valid`` succeeds wherever a message was seen, so it says nothing about the scenario.
FORM = "wire-schema-valid"


def without_success(results: Results) -> set[str]:
    """Return the scenarios in which nothing succeeded that says something."""
    told = {check.scenario for check in results.of_status("SUCCESS") if check.id != FORM}
    return {scenario for scenario in results.scenarios - told if not scenario.startswith(EXTENSIONS)}


@pytest.mark.parametrize("wanted", RUNS, ids=str)
def test_every_scenario_passes(wanted: Run, target: Target, tmp_path: Path) -> None:
    results = run(wanted.version, wanted.options, url=target.url, token=target.token, folder=tmp_path)

    assert results.failures(expected=EXTENSIONS) == []
    unexplained = [
        str(check)
        for check in results.of_status("WARNING", "SKIPPED")
        if not check.scenario.startswith(EXTENSIONS) and (check.scenario, check.id) not in EXPLAINED
    ]
    assert unexplained == []
    assert without_success(results) <= WITHOUT_SUCCESS
    assert listed(wanted.version, wanted.selection) <= results.scenarios
    if wanted.version == PRERELEASE:
        succeeded = {f"{check.scenario}/{check.id}" for check in results.of_status("SUCCESS")}
        named = {check for row in ROWS for check in row.checks if check.split("/")[0] in results.scenarios}
        assert named <= succeeded
