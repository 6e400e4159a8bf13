"""What the benchmarks say of their own results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import goals, report

RESULTS: dict[str, Any] = json.loads(report.RESULTS.read_text())


@pytest.mark.parametrize("path", report.PAGES, ids=lambda path: path.name)
def test_a_page_shows_the_last_results(path: Path) -> None:
    page = path.read_text("utf-8")
    assert report.filled(page, report.sections(RESULTS)) == page


def test_every_result_has_one_place() -> None:
    places = [name for path in report.PAGES for name in report.places(path.read_text("utf-8"))]
    assert sorted(places) == sorted(report.sections(RESULTS))


def test_every_part_was_measured() -> None:
    assert set(RESULTS) == {
        "http",
        "servers",
        "in_process",
        "management_calls",
        "streams",
        "startup",
        "long_run",
        "profile",
    }
    assert len(list(goals.rows(RESULTS))) == 19


def test_a_goal_is_met_up_to_its_bound_and_not_beyond() -> None:
    figures = {"flask_seconds": {}, "added_seconds": {"median": 0.99}, "added_mib": {"median": 60.0}}
    seconds, memory = goals.rows({"startup": figures})
    assert (seconds.met, memory.met) == (True, False)
    for asked, met in ((1010, True), (1011, False)):
        (row,) = goals.rows(
            {"management_calls": {"calls": 100_000, "users": 1_000, "management_calls": asked}}
        )
        assert (row.met, row.goal, row.figure) == (met, "≤ 1,010", f"{asked:,}")


@pytest.mark.parametrize(("added", "met"), [(120.0, True), (120.1, False)])
def test_what_a_call_adds_is_held_against_the_goal(added: float, met: bool) -> None:
    figures = {"added_us": {"public tool, token seen before": added, "public tool, new token": 261.0}}
    seen, new = goals.rows({"in_process": figures})
    assert (seen.met, new.met) == (met, False)


def test_memory_that_grows_with_the_calls_is_not_flat() -> None:
    figures = {"calls": 1_000_000, "users": 10, "gained_mib": 0.5}
    (flat,) = goals.rows({"long_run": figures})
    (grown,) = goals.rows({"long_run": {**figures, "gained_mib": 12.0}})
    assert (flat.met, grown.met) == (True, False)


def test_a_part_that_was_not_measured_stays_as_it_was() -> None:
    page = "<!-- bench: a -->\nold\n<!-- end -->\n<!-- bench: b -->\n{}\n<!-- end -->\n"
    assert report.filled(page.format("old"), {"b": "new"}) == page.format("new")


def test_the_terminals_table_names_what_is_missed() -> None:
    rows = [goals.Row("one", "≤ 1", "2", False), goals.Row("two", "≤ 1", "1", True)]
    head, first, second = report.plain(rows).splitlines()
    assert head.split() == ["work", "goal", "measured"]
    assert first.endswith("MISSED")
    assert second.endswith("met")
