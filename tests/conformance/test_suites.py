"""Both official suites, every server scenario of every revision that they know."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Target
from .expectations import EXPLAINED, EXTENSIONS, RUNS, Run
from .suite import run

pytestmark = pytest.mark.conformance


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
