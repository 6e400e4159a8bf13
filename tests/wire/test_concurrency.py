"""Two users on sixteen threads at one server: nobody ever sees another's identity, answer, permission or progress.

``SOAK_CALLS`` sets the number of calls for ``make soak``, ``SOAK_WORKERS`` that of the processes, and
``GUNICORN_WORKER_CLASS`` their class.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from flask_mcp_auth0.testing import Auth0Tenant

from .conftest import KINDS
from .raw import Handshaken, Wire, answer, messages
from .serving import Server, gunicorn

pytestmark = [pytest.mark.wire, pytest.mark.xdist_group("concurrency")]

CALLS = int(os.environ.get("SOAK_CALLS", "2000"))
WORKERS = int(os.environ.get("SOAK_WORKERS", "2"))
THREADS = 16
#: Calls after which a run is long enough to tell a leak from what settles, and what all workers may gain in it.
LONG = 100_000
GAIN = 32 * 1024 * 1024
DENIED = "You don't have permission to use the 'ledger' tool."
USERS = ("ada", "bob")


@pytest.fixture(scope="module")
def tenant() -> Iterator[Auth0Tenant]:
    """A tenant in which Ada may see the ledger and Bob may not."""
    with Auth0Tenant() as tenant:
        tenant.define("tool:ledger")
        tenant.user("ada", permissions=["tool:ledger"])
        tenant.user("bob", permissions=[])
        yield tenant


@pytest.fixture(scope="module")
def server(
    tenant: Auth0Tenant, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Workers with a shared store and a shared cache."""
    environ = tenant.environment | {
        "FLASK_MCP_BASE_URL": "{origin}",
        "FLASK_AUTH0_AUDIENCE": "{origin}/mcp",
        "FLASK_AUTH0_RESOURCE_SERVER_IDENTIFIER": tenant.audience,
        "FLASK_MCP_STORE_URL": valkey_url,
        "FLASK_CACHE_REDIS_URL": valkey_url,
        "FLASK_CACHE_KEY_PREFIX": "concurrency:",
    }
    log = tmp_path_factory.mktemp("concurrency") / "gunicorn.log"
    kind = KINDS[0]
    with gunicorn(
        "tests.wire.identity_app:create_app()",
        environ,
        log=log,
        worker_class=kind.worker_class,
        workers=WORKERS,
        # Longer than any of the callers can be held up between two calls.
        keep_alive=120,
    ) as running:
        yield running


class Caller:
    """One thread's client: it acts as both users in turn, over one connection, and checks every answer."""

    def __init__(self, number: int, url: str, tokens: dict[str, str]) -> None:
        self.turn = random.Random(number)
        self.number = number
        self.wires = {user: Wire(url, token) for user, token in tokens.items()}
        # One connection for both, as a proxy in front of a server has it.
        shared = next(iter(self.wires.values())).http.adapters["http://"]
        for wire in self.wires.values():
            wire.http.mount("http://", shared)
        self.sessions: dict[str, Handshaken] = {}
        self.counts: Counter[str] = Counter()

    def open_sessions(self) -> None:
        """Shake hands as both."""
        for user, wire in self.wires.items():
            self.sessions[user] = wire.initialize("2025-11-25")[1]

    def call(self, step: int) -> None:
        """Make one call as either user, and check all of its answer."""
        user = self.turn.choice(USERS)
        sub, mark = f"auth0|{user}", f"{self.number}-{step}"
        wire = self.wires[user]
        kind = self.turn.choice(
            ("whoami", "whoami", "progress", "ledger", "resource", "list", "session", "theft")
        )
        request_id = f"{sub} {mark}"
        if kind == "whoami":
            message = wire.call("whoami", {"mark": mark}, id=request_id)
            said = message["result"]["structuredContent"]
            assert (said["before"], said["after"], said["mark"]) == (sub, sub, mark), said
        elif kind == "progress":
            params = {"name": "progress", "arguments": {"mark": mark}}
            response = wire.modern("tools/call", params, id=request_id, progress_token=mark, logLevel="debug")
            *events, message = messages(response)
            assert [event["method"] for event in events] == ["notifications/progress"] * 2 + [
                "notifications/message"
            ]
            for event in events[:2]:
                assert event["params"]["progressToken"] == mark
                assert event["params"]["message"] == f"{sub} {mark}"
            assert events[2]["params"]["data"] == {"sub": sub, "mark": mark}
            assert message["result"]["content"][0]["text"] == f"{sub} {mark}"
        elif kind == "ledger":
            message = wire.call("ledger", {"mark": mark}, id=request_id)
            text = message["result"]["content"][0]["text"]
            assert text == (f"{sub} {mark}" if user == "ada" else DENIED), (user, text)
        elif kind == "resource":
            message = answer(wire.modern("resources/read", {"uri": f"me://{mark}"}, id=request_id))
            assert message["result"]["contents"][0]["text"] == f"{sub} {mark}"
        elif kind == "list":
            message = answer(wire.modern("tools/list", {}, id=request_id))
            names = {tool["name"] for tool in message["result"]["tools"]}
            assert ("ledger" in names) == (user == "ada"), (user, names)
        else:
            owner = user if kind == "session" else USERS[user == "ada"]
            headers = {
                "MCP-Protocol-Version": "2025-11-25",
                "Mcp-Session-Id": str(self.sessions[owner].session_id),
            }
            params = {"name": "whoami", "arguments": {"mark": mark}}
            body = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
            response = wire.post(body, headers)
            message = answer(response)
            if kind == "theft":
                assert response.status_code == 404, message
            else:
                assert message["result"]["structuredContent"]["before"] == sub
        assert message["id"] == request_id
        self.counts[kind] += 1

    def close(self) -> None:
        """Close what is open."""
        for wire in self.wires.values():
            wire.http.close()


def test_two_users_on_sixteen_threads_never_meet(server: Server, tenant: Auth0Tenant) -> None:
    tokens = {
        user: tenant.token(user, permissions=[], claims={"aud": server.url, "exp": _far_away()})
        for user in USERS
    }
    callers = [Caller(number, server.url, tokens) for number in range(THREADS)]
    failures: list[BaseException] = []
    settled: list[int] = []

    def work(caller: Caller) -> None:
        try:
            caller.open_sessions()
            for step in range(CALLS // THREADS):
                if failures:
                    return
                if caller is callers[0] and step == CALLS // THREADS // 10:
                    settled.append(server.resident())
                caller.call(step)
        except BaseException as error:
            failures.append(error)
        finally:
            caller.close()

    threads = [threading.Thread(target=work, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    counts = sum((caller.counts for caller in callers), Counter())
    by = f"{THREADS} threads, {WORKERS} {KINDS[0].worker_class} workers"
    gained = server.resident() - settled[0]
    print(f"\n{counts.total():,} calls of two users, {by}: {dict(counts)}")
    print(f"{gained / 1024:+,.0f} KiB of resident memory in all workers since a tenth of the calls")
    assert CALLS < LONG or gained < GAIN
    assert counts.total() == CALLS // THREADS * THREADS
    assert all(
        counts[kind] for kind in ("whoami", "progress", "ledger", "resource", "list", "session", "theft")
    )


def _far_away() -> int:
    return int(time.time()) + 86_400


def test_the_servers_log_of_the_hammering_holds_no_failure(server: Server) -> None:
    text = server.log.read_text(errors="replace")
    assert "Traceback" not in text, text[-3000:]
