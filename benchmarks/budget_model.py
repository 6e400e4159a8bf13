"""How often Auth0 is asked, reckoned: ``python -m benchmarks.budget_model --users 10000 --calls 0.5``.

A user's permissions are asked for when a call finds none that are fresh. Between two questions lie the time for which
the answer is used and the wait for the next call. For calls that come at random (a Poisson process) of rate ``r`` the
long-run number of questions is therefore ``1 / (ttl + 1/r)`` a second (renewal theory), whatever the spread of the
two. ``tests/benchmarks/test_budget_model.py`` holds that against the code.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

#: An answer is used for 0.9 to 1 times the time to live, evenly spread.
MEAN_LIFE = 0.95

#: Seconds for which "does not hold it" is believed.
REFUSAL_TTL = 5.0

Source = Literal["management", "auto", "token"]

#: Requests a second that Auth0 allows the whole tenant (or, for the paid plans in the middle, each user read).
PLANS: Mapping[str, float] = {
    "Free": 2.0,
    "Essentials, Professional": 500 / 60,
    "Enterprise, production": 16.0,
    "Enterprise, other": 2.0,
}


@dataclass(frozen=True)
class Demand:
    """What is asked of an app, and how it is set up.

    :param users: who call at the same time, each at their own pace.
    :param calls: of protected tools by each of them, a minute.
    :param refused: the part of the users who lack the permission that they call for, 0 to 1.
    :param ttl: ``AUTH0_PERMISSIONS_TTL``, seconds.
    :param api_ttl: ``AUTH0_API_SCOPES_TTL``, seconds.
    :param caches: 1 where workers share a cache; else the number of processes, over which calls are spread.
    :param requests: what one look-up of a user costs: 1, and one more for each further page; within an
        organization, 1 and what the roles cost, which all of its members share.
    :param source: ``AUTH0_PERMISSIONS_SOURCE``.
    """

    users: float
    calls: float
    refused: float = 0.0
    ttl: float = 60.0
    api_ttl: float = 300.0
    caches: int = 1
    requests: float = 1.0
    source: Source = "management"


def asked_for_a_user(demand: Demand, *, refused: bool) -> float:
    """Return the Management calls a second that one user costs."""
    rate = demand.calls / 60 / demand.caches
    if rate <= 0 or demand.source == "token" or (demand.source == "auto" and not refused):
        return 0.0
    life = min(REFUSAL_TTL, MEAN_LIFE * demand.ttl) if refused else MEAN_LIFE * demand.ttl
    return demand.caches * demand.requests / (life + 1 / rate)


def asked_for_the_api(demand: Demand) -> float:
    """Return the Management calls a second for the permissions that the API defines, for everybody together."""
    rate = demand.users * demand.calls / 60 / demand.caches
    return 0.0 if rate <= 0 else demand.caches / (MEAN_LIFE * demand.api_ttl + 1 / rate)


def asked(demand: Demand) -> float:
    """Return the Management calls a second."""
    granted, refused = (asked_for_a_user(demand, refused=refused) for refused in (False, True))
    each = (1 - demand.refused) * granted + demand.refused * refused
    return demand.users * each + asked_for_the_api(demand)


def asked_without_a_cache(demand: Demand) -> float:
    """Return what asking twice at each call costs, as the xmcp plugin does."""
    return 2 * demand.users * demand.calls / 60


def users_within(limit: float, demand: Demand) -> float:
    """Return how many such users a limit of Management calls a second carries: any number where none is asked for."""
    most = replace(demand, users=float("inf"))
    left = limit - demand.caches / (MEAN_LIFE * demand.api_ttl)
    granted, refused = (asked_for_a_user(most, refused=refused) for refused in (False, True))
    each = (1 - demand.refused) * granted + demand.refused * refused
    if left <= 0:
        return 0.0
    return left / each if each else float("inf")


def table(demand: Demand) -> str:
    """Return what each plan carries, as a table."""
    lines = [f"{'plan':26} {'calls/s allowed':>15} {'users carried':>14} {'calls/s of theirs':>18}  fits"]
    for plan, limit in PLANS.items():
        users = users_within(limit, demand)
        fits = "yes" if asked(demand) <= limit else "no"
        lines.append(f"{plan:26} {limit:15.2f} {users:14,.0f} {users * demand.calls / 60:18,.0f}  {fits}")
    return "\n".join(lines)


def main() -> None:
    """Print what a demand asks of Auth0, and what each plan carries."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budget_model", description=__doc__)
    parser.add_argument("--users", type=float, required=True, help="who call at the same time")
    parser.add_argument("--calls", type=float, default=1.0, help="of protected tools by each, a minute (1)")
    parser.add_argument(
        "--refused", type=float, default=0.0, help="part of the users who lack the permission (0)"
    )
    parser.add_argument("--ttl", type=float, default=60.0, help="AUTH0_PERMISSIONS_TTL (60)")
    parser.add_argument("--caches", type=int, default=1, help="processes without a shared cache (1)")
    parser.add_argument("--source", choices=["management", "auto", "token"], default="management")
    options = parser.parse_args()
    demand = Demand(**vars(options))
    calls = demand.users * demand.calls / 60
    print(f"{demand.users:,.0f} users, {calls:,.0f} protected calls a second")
    without = asked_without_a_cache(demand)
    print(f"asks Auth0 {asked(demand):,.2f} times a second; without a cache {without:,.0f} times\n")
    print(table(demand))


if __name__ == "__main__":
    main()
