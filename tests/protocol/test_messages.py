"""Bodies that are no messages, and how they are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flask_mcp_auth0.registrar import Registrar

from .conftest import House, Peer, error_of


@pytest.fixture(autouse=True)
def _a_tool(register: Registrar) -> None:
    @register.tool
    def echo(value: Any) -> Any:
        return value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe{}", -32700),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}', -32700),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}', -32700),
        (b"[" * 100_000, -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 80 + b"1" + b"}" * 81, -32700),
        (b"null", -32600),
        (b'"text"', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":7}', -32600),
    ],
)
def test_a_body_that_is_no_message_is_refused_with_the_protocols_error(
    peer: Peer, body: bytes, code: int
) -> None:
    response = peer.post(body)
    assert 400 <= response.status_code < 500
    assert response.mimetype == "application/json"
    assert error_of(response)["code"] == code


def test_a_bodys_readable_id_is_repeated_in_the_error(peer: Peer) -> None:
    response = peer.post({"jsonrpc": "2.0", "id": "seven", "method": 7})
    assert response.get_json()["id"] == "seven"


def test_a_modern_error_without_a_readable_id_has_no_id(peer: Peer) -> None:
    response = peer.post(b"{", {"MCP-Protocol-Version": "2026-07-28"})
    assert "id" not in response.get_json()


def test_a_handshake_error_without_a_readable_id_has_the_id_null(peer: Peer) -> None:
    assert peer.post(b"{").get_json()["id"] is None


@pytest.mark.parametrize("request_id", [0, -7, 2**60, "", "7", "äöü", "\ud800"])
def test_an_id_comes_back_as_it_went_in(peer: Peer, request_id: Any) -> None:
    response = peer.post({"jsonrpc": "2.0", "id": request_id, "method": "ping"})
    assert json.loads(response.data)["id"] == request_id
    assert type(json.loads(response.data)["id"]) is type(request_id)


@pytest.mark.parametrize("era", [{}, {"MCP-Protocol-Version": "2026-07-28"}])
def test_an_id_is_repeated_up_to_a_length_and_refused_beyond_it(peer: Peer, era: dict[str, str]) -> None:
    longest = {"jsonrpc": "2.0", "id": "i" * 1024, "method": "ping"}
    assert peer.post(longest, era).get_json()["id"] == longest["id"]
    response = peer.post({**longest, "id": "i" * 1025}, era)
    assert error_of(response)["code"] == -32600
    assert len(response.data) < 300


def test_an_overlong_id_in_a_batch_is_refused_on_its_own(peer: Peer) -> None:
    batch = [{"jsonrpc": "2.0", "id": identity, "method": "ping"} for identity in ("i" * 1025, "fine")]
    first, second = peer.post(batch, {"MCP-Protocol-Version": "2025-03-26"}).get_json()
    assert (first["id"], first["error"]["code"]) == (None, -32600)
    assert (second["id"], second["result"]) == ("fine", {})


def test_a_body_over_the_limit_is_refused_unread(house: House) -> None:
    house.max_body = 1000
    response = house.peer().post(b"x" * 2000)
    assert response.status_code == 413
    assert error_of(response)["message"] == "The body is larger than 1000 bytes"


def test_a_body_under_the_limit_is_read(peer: Peer) -> None:
    assert peer.call("echo", {"value": "x" * 1_000_000})["content"][0]["text"] == "x" * 1_000_000


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonp", "multipart/form-data", ""])
def test_another_content_type_is_refused(peer: Peer, content_type: str) -> None:
    assert peer.post(b"{}", {"Content-Type": content_type}).status_code == 415


def test_a_charset_on_the_content_type_is_fine(peer: Peer) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert peer.post(body, {"Content-Type": "application/json; charset=utf-8"}).status_code == 200


def test_a_compressed_body_is_refused(peer: Peer) -> None:
    assert peer.post(b"{}", {"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html", 406),
        ("*/*", 200),
        ("application/json", 200),
        ("application/*", 200),
        ("application/json;q=0", 406),
        ("text/event-stream", 200),
    ],
)
def test_the_accept_header_is_honoured(peer: Peer, accept: str, status: int) -> None:
    assert peer.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Accept": accept}).status_code == status


def test_a_client_that_takes_only_an_event_stream_gets_one(peer: Peer) -> None:
    response = peer.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Accept": "text/event-stream"})
    assert response.mimetype == "text/event-stream"
    assert b'"result":{}' in response.data


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_other_http_methods_are_405_and_say_what_to_use(peer: Peer, method: str) -> None:
    response = peer.client.open("/mcp", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.is_json


def test_get_is_405_where_nothing_can_be_sent(peer: Peer) -> None:
    assert peer.client.get("/mcp", headers={"Accept": "text/event-stream"}).status_code == 405
