"""A tenant behind a socket."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import requests

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.server import NotLoopback, TenantServer, bind, serve

from .flow import Party, claims_of


def test_a_server_takes_a_free_port_and_its_issuer_follows(keys: KeyRing) -> None:
    with (
        TenantServer(keys=keys, audience="http://localhost:3001/") as first,
        TenantServer(keys=keys) as second,
    ):
        assert first.port != second.port
        for server in (first, second):
            document = requests.get(server.url("/.well-known/openid-configuration"), timeout=5).json()
            assert document["issuer"] == server.issuer == f"http://127.0.0.1:{server.port}/"
        assert "http://localhost:3001/" in first.state.resource_servers
        assert first.keys is keys


def test_a_stopped_server_answers_no_more_and_can_be_stopped_again(keys: KeyRing) -> None:
    server = TenantServer(keys=keys).start()
    assert server.start() is server
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.issuer, timeout=5)


def test_a_server_that_was_never_started_gives_its_port_back(keys: KeyRing) -> None:
    server = TenantServer(keys=keys)
    server.stop()
    bind("127.0.0.1", server.port).close()


def test_a_description_of_ones_own(keys: KeyRing, tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text("users:\n  - {username: carol, password: x}\n")
    with TenantServer(keys=keys, config=file) as server:
        assert list(server.state.users) == ["auth0|carol"]


def test_many_are_answered_at_once(keys: KeyRing) -> None:
    with TenantServer(keys=keys) as server:
        url = server.url("/.well-known/jwks.json")
        statuses: list[int] = []

        def ask() -> None:
            with requests.Session() as session:
                statuses.extend(session.get(url, timeout=10).status_code for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert statuses == [200] * 40


def test_of_many_that_refresh_with_one_token_at_once_one_succeeds(keys: KeyRing) -> None:
    with TenantServer(keys=keys) as server:
        party = Party(server.app)
        party.register()
        api = next(api for api in server.state.resource_servers.values() if not api.is_system)
        token = party.tokens(scope="offline_access", resource=api.identifier)["refresh_token"]
        barrier = threading.Barrier(8)
        statuses: list[int] = []

        def refresh() -> None:
            barrier.wait(10)
            body = {"grant_type": "refresh_token", "refresh_token": token, "client_id": party.client_id}
            statuses.append(requests.post(server.url("/oauth/token"), data=body, timeout=20).status_code)

        threads = [threading.Thread(target=refresh) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert sorted(statuses)[:1] == [200]
        assert statuses.count(200) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_tenant_listens_on_nothing_but_loopback_unless_told(host: str) -> None:
    with pytest.raises(NotLoopback):
        bind(host, 0)
    if host == "0.0.0.0":
        bind(host, 0, allow_remote=True).close()


def test_a_port_in_use_is_an_error_and_leaks_nothing() -> None:
    taken = bind("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken.getsockname()[1])
    taken.close()


def test_a_line_a_request_without_its_parameters_and_without_what_steers_a_terminal(keys: KeyRing) -> None:
    server = TenantServer(keys=keys)
    server.stop()
    lines: list[str] = []
    listener = bind("127.0.0.1", server.port)
    running = serve(server.app, listener, said=lines.append)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    try:
        requests.get(server.url("/authorize?client_id=x&state=secret"), timeout=5)
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            assert b"400" in raw.recv(4096)
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(b"G\x1b[2J /\x1b]0;owned\x07\x9b31m HTTP/1.0\r\n\r\n")
            assert raw.recv(4096)
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
    assert lines[0] == "GET /authorize 403"
    assert not any("secret" in line for line in lines)
    assert lines[-1].startswith("G?[2J /?]0;owned??31m ")


def test_tokens_of_a_running_tenant_verify_against_its_published_keys(keys: KeyRing) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    with TenantServer(keys=keys) as server:
        order = {"user": "alice"}
        headers = {"X-Local-Tenant-Control": "1"}
        answer = requests.post(server.url("/_control/token"), json=order, headers=headers, timeout=5).json()
        published = requests.get(server.url("/.well-known/jwks.json"), timeout=5).json()
        claims = jwt.decode(answer["access_token"], KeySet.import_key_set(published)).claims
        assert claims == claims_of(answer["access_token"])
