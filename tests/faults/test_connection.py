"""Clients that fall silent, never read, or vanish: how long they may hold a thread."""

from __future__ import annotations

import io
import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0.protocol import connection

from .conftest import Place


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's and the server's end of a TCP connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with client, server:
        yield client, server


def environ(place: Place, server: socket.socket, length: int) -> dict[str, Any]:
    """Return the environment of a call whose body arrives through a connection."""
    headers = {
        "Authorization": f"Bearer {place.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    made: dict[str, Any] = EnvironBuilder("/mcp", method="POST", headers=headers).get_environ()
    stream = io.BufferedReader(socket.SocketIO(server, "r"))
    return made | {"gunicorn.socket": server, "wsgi.input": stream, "CONTENT_LENGTH": str(length)}


def answered(place: Place, made: dict[str, Any]) -> tuple[str, Any]:
    """Return the status and the decoded body of the app's answer."""
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        statuses.append(status)

    body = b"".join(place.app.wsgi_app(made, start_response))
    return statuses[-1], json.loads(body)


def test_a_body_that_stops_coming_is_given_up(
    place: Place, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.warm()
    monkeypatch.setattr(connection, "BODY_SILENCE", 0.05)
    client, server = pair
    client.sendall(b'{"jsonrpc":')

    status, body = answered(place, environ(place, server, 1000))

    assert status.startswith("408")
    assert body["error"] == {"code": -32700, "message": "Parse error: the rest of the body did not come"}
    assert server.gettimeout() is None
    # Whoever reads what is left of the body, as servers do before the next request, does not wait for it either.
    assert server.recv(1) == b""


def test_a_body_that_comes_in_pieces_is_read(
    place: Place, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.warm()
    client, server = pair
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "greet", "arguments": {}},
    }
    body = json.dumps(message).encode()
    client.sendall(body[:20])
    made = environ(place, server, len(body))
    client.sendall(body[20:])

    status, answer = answered(place, made)

    assert status == "200 OK"
    assert answer["result"]["isError"] is False


def test_a_body_that_ends_early_is_told_apart_from_one_that_stops_coming(
    place: Place, pair: tuple[socket.socket, socket.socket]
) -> None:
    place.warm()
    client, server = pair
    client.sendall(b"{")
    client.shutdown(socket.SHUT_WR)

    status, body = answered(place, environ(place, server, 1000))

    assert status.startswith("400")
    assert body["error"]["message"] == "Parse error: the body ended early"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason=f"{sys.platform} has no TCP_USER_TIMEOUT")
def test_the_kernel_is_told_how_long_a_client_may_take_nothing(
    place: Place, pair: tuple[socket.socket, socket.socket]
) -> None:
    client, server = pair
    client.sendall(b"{}")
    answered(place, environ(place, server, 2))
    limit = server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == connection.UNREAD * 1000


def test_a_connection_that_takes_no_such_option_is_left_as_it_is() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection.bound_writing({"gunicorn.socket": ours})
        with connection.bounded_reading({"gunicorn.socket": ours}):
            assert ours.gettimeout() == connection.BODY_SILENCE
        assert ours.gettimeout() is None


def test_without_a_connection_nothing_is_bounded() -> None:
    connection.bound_writing({})
    connection.stop_reading({})
    with connection.bounded_reading({"gunicorn.socket": "no socket"}):
        pass
    assert connection.connection_probe({}) is None
