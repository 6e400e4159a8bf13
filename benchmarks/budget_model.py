"""How often Auth0 is asked, reckoned: ``python -m benchmarks.budget_model --users 10000 --calls 0.5``.

A user's permissions are asked for when a call finds none that are fresh. Between two questions lie the time for which
the answer is used and the wait for the next call. For calls that come at random (a Poisson process) of rate ``r`` the
long-run number of questions is therefore ``1 / (ttl + 1/r)`` a second (renewal theory), whatever the spread of the
two. ``tests/benchmarks/test_budget_model.py`` holds that against the code, ``budget_over_http.py`` against servers.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, inf, log
from typing import Literal, NamedTuple

#: An answer is used for 0.9 to 1 times the time to live, evenly spread.
MEAN_LIFE = 0.95

#: Seconds for which "does not hold it" is believed.
REFUSAL_TTL = 5.0

Source = Literal["management", "auto", "token"]


class Limit(NamedTuple):
    """What Auth0 allows: ``burst`` requests at once, then ``per_second``."""

    per_second: float
    burst: int


#: For the whole tenant (or, for the paid plans in the middle, for reads of users).
PLANS: Mapping[str, Limit] = {
    "Free": Limit(2.0, 2),
    "Essentials, Professional": Limit(500 / 60, 40),
    "Enterprise, production": Limit(16.0, 50),
    "Enterprise, other": Limit(2.0, 10),
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
    :param pages: what one look-up of a user costs: 1, and one more for each further page.
    :param roles: where users call within organizations, how many different roles they have there between them;
        0 where they call outside of any. A role is asked for once for all who have it.
    :param roles_each: how many of those roles each user has.
    :param source: ``AUTH0_PERMISSIONS_SOURCE``.
    """

    users: float
    calls: float
    refused: float = 0.0
    ttl: float = 60.0
    api_ttl: float = 300.0
    caches: int = 1
    pages: float = 1.0
    roles: int = 0
    roles_each: float = 1.0
    source: Source = "management"


def _between(life: float, granted: float, refused: float) -> float:
    """Return the mean time between two questions about an entry.

    :param life: seconds for which the answer is used for those whom it grants what they ask.
    :param granted: calls a second by them.
    :param refused: calls a second that it grants nothing; one that is older than ``REFUSAL_TTL`` is asked for anew.
    """
    if granted + refused <= 0:
        return inf
    young = min(REFUSAL_TTL, life)
    if refused <= 0:
        return life + 1 / granted
    # From then on whichever comes first: a refused call, or the end of its life and then any call.
    lasts = exp(-refused * (life - young))
    return young + (1 - lasts) / refused + lasts / (granted + refused)


def _looked_up(demand: Demand) -> tuple[float, float]:
    """Return the users whom a look-up grants what they ask, and those whom it refuses it."""
    granted = demand.users * (1 - demand.refused) if demand.source == "management" else 0.0
    return granted, demand.users * demand.refused if demand.source != "token" else 0.0


def asked_for_users(demand: Demand) -> float:
    """Return the Management calls a second for what each user holds (within organizations: which roles)."""
    pace, life = demand.calls / 60 / demand.caches, MEAN_LIFE * demand.ttl
    granted, refused = _looked_up(demand)
    each = granted / _between(life, pace, 0.0) + refused / _between(life, 0.0, pace)
    return demand.caches * demand.pages * each


def asked_for_roles(demand: Demand) -> float:
    """Return the Management calls a second for what the roles of organizations' members bring."""
    if not demand.roles:
        return 0.0
    pace = demand.calls / 60 / demand.caches * demand.roles_each / demand.roles
    granted, refused = (users * pace for users in _looked_up(demand))
    return demand.caches * demand.roles / _between(MEAN_LIFE * demand.ttl, granted, refused)


def asked_for_the_api(demand: Demand) -> float:
    """Return the Management calls a second for the permissions that the API defines, for everybody together."""
    pace = demand.users * demand.calls / 60 / demand.caches
    return demand.caches / _between(MEAN_LIFE * demand.api_ttl, pace, 0.0)


def asked(demand: Demand) -> float:
    """Return the Management calls a second, in the long run."""
    return asked_for_users(demand) + asked_for_roles(demand) + asked_for_the_api(demand)


def asked_without_a_cache(demand: Demand) -> float:
    """Return what asking twice at each call costs, as the xmcp plugin does."""
    return 2 * demand.users * demand.calls / 60


def short_when_cold(limit: Limit, demand: Demand) -> float:
    """Return how many requests more than allowed are wanted at worst when nothing is kept and all begin to call.

    At first each call is by somebody who was not asked about: within ``t`` seconds that are
    ``U (1 - exp(-t / W))`` of ``U`` users who call every ``W`` seconds, against ``burst + per_second t``.
    0 where the burst carries it. Who is short reads that authorization is unavailable, and can call again.
    """
    users = sum(_looked_up(demand)) * demand.caches * demand.pages
    wait = 60 * demand.caches / demand.calls if demand.calls else inf
    share = limit.per_second * wait / users if users else inf
    if share >= 1:
        return 0.0
    # Worst when the questions have become as seldom as the limit allows: exp(-t / W) = per_second W / U.
    return max(0.0, users * (1 - share + share * log(share)) - limit.burst)


def users_within(per_second: float, demand: Demand) -> float:
    """Return how many such users a limit carries in the long run: any number where none of them is asked for.

    :param demand: all but its number of users.
    """
    most, least = 1.0, 0.0
    while asked(replace(demand, users=most)) <= per_second:
        least, most = most, most * 2
        if most > 1e12:
            return inf
    for _ in range(60):
        middle = (least + most) / 2
        fits = asked(replace(demand, users=middle)) <= per_second
        least, most = (middle, most) if fits else (least, middle)
    return least


def table(demand: Demand, plans: Mapping[str, Limit] = PLANS) -> str:
    """Return what each plan carries, as a table."""
    lines = [
        f"{'plan':26} {'calls/s allowed':>15} {'fits':>5} {'users carried':>14} {'calls/s of theirs':>18}"
        f" {'short when cold':>16}"
    ]
    for plan, limit in plans.items():
        users = users_within(limit.per_second, demand)
        fits = "yes" if asked(demand) <= limit.per_second else "no"
        lines.append(
            f"{plan:26} {limit.per_second:15.2f} {fits:>5} {users:14,.0f} {users * demand.calls / 60:18,.0f}"
            f" {short_when_cold(limit, demand):16,.0f}"
        )
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
    parser.add_argument("--api-ttl", type=float, default=300.0, help="AUTH0_API_SCOPES_TTL (300)")
    parser.add_argument("--caches", type=int, default=1, help="processes without a shared cache (1)")
    parser.add_argument("--pages", type=float, default=1.0, help="requests for one user's permissions (1)")
    parser.add_argument("--roles", type=int, default=0, help="roles in use within organizations (0)")
    parser.add_argument("--roles-each", type=float, default=1.0, help="roles of each member (1)")
    parser.add_argument("--source", choices=["management", "auto", "token"], default="management")
    parser.add_argument("--limit", type=float, help="requests a second that you may make, beside the plans")
    parser.add_argument("--burst", type=int, default=1, help="and so many at once (1)")
    options = vars(parser.parse_args())
    limit, burst = options.pop("limit"), options.pop("burst")
    demand = Demand(**options)
    calls = demand.users * demand.calls / 60
    print(f"{demand.users:,.0f} users, {calls:,.0f} protected calls a second")
    without = asked_without_a_cache(demand)
    print(f"asks Auth0 {asked(demand):,.2f} times a second; without a cache {without:,.0f} times\n")
    print(table(demand, {**PLANS, **({"yours": Limit(limit, burst)} if limit else {})}))


if __name__ == "__main__":
    main()
