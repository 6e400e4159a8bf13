"""The figures of the page on scaling are those that the model gives."""

from __future__ import annotations

import re

import pytest

from benchmarks.budget_model import PLANS, Demand, asked, short_when_cold, users_within

from .test_pages import ROOT

PAGE = (ROOT / "docs" / "scaling.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
#: In the order of the page's columns; the last is Enterprise's test tenants, which are like Free.
LIMITS = [limit.per_second for limit in PLANS.values()]


def row(start: str) -> list[str]:
    """Return the cells of the one row that begins so, without spaces."""
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {start} |"))
    return [cell.replace(" ", "") for cell in line.strip("| ").split(" | ")[1:]]


@pytest.mark.parametrize(
    ("start", "demand"),
    [
        ("60 (default)", Demand(1, 1)),
        ("300", Demand(1, 1, ttl=300)),
        ("900", Demand(1, 1, ttl=900)),
        ("3600", Demand(1, 1, ttl=3600)),
        (
            "`AUTH0_PERMISSIONS_SOURCE=auto`, one user in 50 lacks the permission",
            Demand(1, 1, refused=0.02, source="auto"),
        ),
    ],
)
def test_the_plans_carry_what_the_page_says(start: str, demand: Demand) -> None:
    assert row(start) == [str(round(users_within(limit, demand))) for limit in LIMITS[:3]]
    assert LIMITS[3] == LIMITS[0]


def test_a_million_users_ask_what_the_page_says() -> None:
    at_work = 50_000
    for words, demand in (
        ("{} requests a second with the default time to live", Demand(at_work, 1)),
        ("{} with an hour and a log stream", Demand(at_work, 1, ttl=3600)),
        ("with one user in fifty it is {}.", Demand(at_work, 1, ttl=3600, refused=0.02)),
        ("{} with `auto`, that one in fifty included", Demand(at_work, 1, refused=0.02, source="auto")),
    ):
        assert words.format(round(asked(demand))) in TEXT


def test_a_cold_start_is_short_of_what_the_page_says() -> None:
    limit = PLANS["Enterprise, production"]
    users = round(users_within(limit.per_second, Demand(1, 1)))
    found = re.search(r"a full house of ([\d ]+) on Enterprise wants (\d+) requests more", TEXT)
    assert found is not None
    assert int(found[1].replace(" ", "")) == users
    assert int(found[2]) == round(short_when_cold(limit, Demand(users, 1)))


@pytest.mark.parametrize(
    ("start", "demand"),
    [
        ("3 000 users, one in ten refused, 149 calls a second", Demand(3000, 2.974, refused=0.1, ttl=30)),
        ("2 000 users, 100 calls a second", Demand(2000, 3.012, ttl=30, caches=2)),
    ],
)
def test_what_was_measured_stands_beside_what_the_model_says_and_near_it(start: str, demand: Demand) -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {start}"))
    measured, reckoned, _ = (float(cell) for cell in line.strip("| ").split(" | ")[1:])
    assert reckoned == pytest.approx(asked(demand), abs=0.06)
    assert measured == pytest.approx(reckoned, rel=0.02)
