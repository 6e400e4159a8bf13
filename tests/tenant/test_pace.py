"""Never more than two requests in any second, and no sooner than Auth0 says."""

from __future__ import annotations

import pytest

from flask_mcp_auth0.tenant.pace import LONGEST_WAIT, Pace

from .site import Clock


def test_no_second_holds_more_than_two_requests() -> None:
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    sent: list[float] = []
    for _ in range(9):
        pace.wait()
        sent.append(clock())

    assert all(sent[index + 2] - sent[index] >= 0.999 for index in range(len(sent) - 2))
    assert sent[1] == sent[0]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "9"}, 9),
        (429, {}, 1),
        (429, {"Retry-After": "soon"}, 1),
        (429, {"Retry-After": "100000"}, LONGEST_WAIT),
        (200, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "99999999999"}, 0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}, LONGEST_WAIT),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "no"}, 0),
    ],
)
def test_it_waits_as_long_as_it_is_told_within_reason(
    status: int, headers: dict[str, str], seconds: float
) -> None:
    clock, said = Clock(), list[str]()
    pace = Pace(clock=clock, sleep=clock.sleep, said=said.append)

    pace.heard(status, headers)
    pace.wait()

    assert sum(clock.slept) == pytest.approx(seconds, abs=0.01)
    assert bool(said) == (seconds > 1.5)


def test_a_reset_is_a_time_of_day() -> None:
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)

    pace.heard(429, {"x-ratelimit-reset": str(int(clock()) + 5)})
    pace.wait()

    assert 3.9 < sum(clock.slept) <= 5
