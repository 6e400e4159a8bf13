from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.auth0_api.management import ManagementProvider
from flask_mcp_auth0.per_process import PerProcess
from flask_mcp_auth0.sealing import Sealer
from flask_mcp_auth0.settings import Settings

from ..forked import in_child
from ..wire.serving import gunicorn
from .fake_auth0 import Answer, FakeAuth0, Received, token

API = "https://orders.example.com/"

# The fake Auth0 runs in a thread, and from Python 3.12 on a fork beside any thread is warned of. The children
# neither use that thread nor any lock that it could hold.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def numbered_tokens(auth0: FakeAuth0) -> None:
    auth0.on("/oauth/token", lambda received: token(f"token-{len(auth0.to('/oauth/token'))}"))


def answer_process(auth0: FakeAuth0, *names: str, meet: threading.Barrier | None = None) -> None:
    def user(received: Received) -> Answer:
        if meet is not None:
            meet.wait(30)
        return Answer(200, {"user_id": received.path.rsplit("/", 1)[-1]})

    for name in names:
        auth0.on(f"/api/v2/users/process-{name}", user)


def test_a_value_is_made_once_a_process_and_again_in_a_child() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(os.getpid())
        return len(made)

    each = PerProcess[int](lambda _: make())

    assert each.get() == each.get() == 1
    assert in_child(lambda: [each.get(), each.get()]) == [2, 2]
    assert each.get() == 1
    assert made == [os.getpid()]


def test_threads_that_ask_at_once_get_the_same_value() -> None:
    meet = threading.Barrier(8)
    each = PerProcess[object](lambda _: object())

    def ask() -> object:
        meet.wait(10)
        return each.get()

    with ThreadPoolExecutor(8) as pool:
        values = [future.result() for future in [pool.submit(ask) for _ in range(8)]]

    assert len(set(map(id, values))) == 1


def test_no_child_shares_a_connection_or_a_client_with_anybody(
    auth0: FakeAuth0,
    make_provider: Callable[..., ManagementProvider],
    settings: Settings,
    client: Auth0Client,
) -> None:
    provider = make_provider(settings, sealer=Sealer([]))
    names = ["parent", "0", "1", "2", "3"]
    answer_process(auth0, *names)

    def call(name: str) -> list[Any]:
        management = provider.client()
        for _ in range(2):
            management.users.get(f"process-{name}")
        return [
            id(management),
            provider.token(),
            client.get_token_on_behalf_of(API, access_token="ada").access_token,
        ]

    seen = [call("parent"), *[in_child(lambda name=name: call(name)) for name in names[1:]]]  # type: ignore[misc]

    assert call("parent") == seen[0]
    management_ports = [{r.port for r in auth0.to(f"/api/v2/users/process-{name}")} for name in names]
    assert [len(ports) for ports in management_ports] == [1] * 5
    assert len(set.union(*management_ports)) == 5
    assert len({management for management, _, _ in seen}) > 1
    assert len({held for _, held, _ in seen}) == 5
    assert len({exchanged for _, _, exchanged in seen}) == 5
    assert len({r.port for r in auth0.to("/oauth/token")}) == 5


def test_a_lock_that_was_held_at_the_fork_stops_no_child(
    auth0: FakeAuth0, provider: ManagementProvider, client: Auth0Client
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(received: Received) -> Answer:
        if not asked.is_set():
            asked.set()
            go_on.wait(30)
        return token("a-token")

    auth0.on("/oauth/token", slowly)
    thread = threading.Thread(target=provider.token)
    thread.start()
    assert asked.wait(10)

    try:
        assert in_child(provider.token) == "a-token"
        assert in_child(lambda: client.client_credentials(API).access_token) == "a-token"
    finally:
        go_on.set()
        thread.join(10)


@pytest.mark.wire
@pytest.mark.parametrize(
    "shared", [False, True], ids=["each worker its own token", "one sealed token for all"]
)
def test_workers_of_a_preloaded_app_share_no_connection(
    auth0: FakeAuth0, tmp_path: Path, shared: bool
) -> None:
    meet = threading.Barrier(4)
    master_done = threading.Event()

    def user(received: Received) -> Answer:
        if master_done.is_set():
            meet.wait(30)
        master_done.set()
        return Answer(200, {"user_id": "x"})

    auth0.otherwise(user)
    environ = {
        "GUNICORN_CMD_ARGS": "--preload",
        "FLASK_AUTH0_DOMAIN": auth0.url,
        "FLASK_AUTH0_CLIENT_ID": "our-client",
        "FLASK_AUTH0_CLIENT_SECRET": "secret",
        "FLASK_MCP_BASE_URL": "{origin}",
    }
    if shared:
        environ |= {
            "FLASK_SECRET_KEY": "what seals the token",
            "FLASK_CACHE_TYPE": "FileSystemCache",
            "FLASK_CACHE_DIR": str(tmp_path / "cache"),
        }
    with gunicorn(
        "tests.auth0_api.preload_app:create_app()",
        environ,
        log=tmp_path / "log",
        worker_class="sync",
        workers=4,
    ) as server:
        master = auth0.by_prefix("/api/v2/users/process-")[0]
        with ThreadPoolExecutor(4) as pool:
            # Each waits at the barrier until all four are there, and a sync worker serves one request at once.
            answers = list(pool.map(lambda _: requests.get(f"{server.origin}/call", timeout=60), range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    workers = {answer.json()["pid"]: answer.json()["exchanged"] for answer in answers}
    assert len(workers) == 4
    calls: dict[str, list[Received]] = defaultdict(list)
    for received in auth0.by_prefix("/api/v2/users/process-"):
        calls[received.path].append(received)
    assert len(calls) == 5
    assert len({received.port for each in calls.values() for received in each}) == 5
    exchanges = [r for r in auth0.to("/oauth/token") if r["subject_token"]]
    assert len({r.port for r in exchanges}) == 5
    assert len(set(workers.values())) == 4
    bearers = {received.headers["Authorization"] for each in calls.values() for received in each}
    if shared:
        assert bearers == {master.headers["Authorization"]}
        kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir() if path.is_file())
        assert kept
        assert master.headers["Authorization"].removeprefix("Bearer ").encode() not in kept
    else:
        assert len(bearers) == 5
