"""Both official suites, every server scenario of every revision that they know, a verified token on each request.

Under the worker class that ``GUNICORN_WORKER_CLASS`` names; threads by default.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..manifest import ROWS
from .conftest import Target
from .expectations import (
    EXPLAINED,
    EXPLAINED_ON_SYNC,
    EXTENSIONS,
    REFUSED_BY_SYNC,
    RUNS,
    WITHOUT_SUCCESS,
    Run,
)
from .suite import PRERELEASE, Results, listed, run

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("conformance")]

#: ``wire-schema-valid`` succeeds wherever a message was seen, so it says nothing about the scenario.
FORM = "wire-schema-valid"


def without_success(results: Results) -> set[str]:
    """Return the scenarios in which nothing succeeded that says something."""
    told = {check.scenario for check in results.of_status("SUCCESS") if check.id != FORM}
    return {scenario for scenario in results.scenarios - told if not scenario.startswith(EXTENSIONS)}


@pytest.mark.parametrize("wanted", RUNS, ids=str)
def test_every_scenario_passes(wanted: Run, target: Target, worker_class: str, tmp_path: Path) -> None:
    results = run(wanted.version, wanted.options, url=target.url, token=target.token, folder=tmp_path)
    refused = REFUSED_BY_SYNC & results.scenarios if worker_class == "sync" else frozenset()
    explained = EXPLAINED | EXPLAINED_ON_SYNC if worker_class == "sync" else EXPLAINED

    assert results.failures(expected=[*EXTENSIONS, *refused]) == []
    assert {check.scenario for check in results.of_status("FAILURE")} >= refused
    unexplained = [
        str(check)
        for check in results.of_status("WARNING", "SKIPPED")
        if not check.scenario.startswith(EXTENSIONS) and (check.scenario, check.id) not in explained
    ]
    assert unexplained == []
    assert without_success(results) <= WITHOUT_SUCCESS | refused
    assert listed(wanted.version, wanted.selection) <= results.scenarios
    if wanted.version == PRERELEASE:
        succeeded = {(check.scenario, check.id) for check in results.of_status("SUCCESS")}
        promised = {tuple(check.split("/")) for row in ROWS for check in row.checks}
        ran = {check for check in promised if check[0] in results.scenarios - refused}
        assert ran <= succeeded | explained.keys()
