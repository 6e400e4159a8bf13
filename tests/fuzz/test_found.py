"""What fuzzing found, and what was found while it was written, each as a case of its own."""

from __future__ import annotations

import json

import pytest

from flask_mcp_auth0.protocol.store_redis import RedisStore
from flask_mcp_auth0.sealing import Sealer

from .gateway import send
from .target import Target
from .wellformed import check


def test_an_answer_under_an_id_that_is_no_unicode_text_is_refused(target: Target) -> None:
    body = b'{"jsonrpc":"2.0","id":"\\udfff\\ud800","result":{"action":"accept"}}'
    answer = send(target.app, body, target.handshake("ping", {})[1])
    check(answer, body)
    assert answer.status == 400


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e99999"])
def test_a_number_that_is_too_large_to_be_read_is_a_parse_error(target: Target, number: str) -> None:
    params = {"name": "confirm", "arguments": {"what": 0}, "requestState": target.request_state}
    body, headers = target.modern("tools/call", params)
    answer = send(target.app, json.dumps(body).replace('"what": 0', f'"what": {number}').encode(), headers)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == -32700


def test_a_request_whose_id_is_no_unicode_text_can_be_taken_back(target: Target) -> None:
    body, headers = target.handshake("notifications/cancelled", {"requestId": "\ud800" * 100})
    del body["id"]
    answer = send(target.app, json.dumps(body).encode(), headers)
    assert answer.status == 202


@pytest.mark.parametrize("text", ["\u2028", "a\u2029b", "\x85", "\x0b\x0c\x1c"])
def test_a_client_that_splits_lines_as_unicode_does_reads_the_same_events(target: Target, text: str) -> None:
    answer = target.call("tell", {"text": text})
    assert answer.mimetype == "text/event-stream"
    lines = answer.body.decode("utf-8").splitlines()
    messages = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert messages == answer.events()
    assert messages[0]["params"]["data"] == {"text": text}
    assert messages[-1]["result"]["content"][0]["text"] == text


def test_a_uri_that_is_no_unicode_text_can_be_followed_in_the_shared_store(valkey_url: str) -> None:
    store = RedisStore(valkey_url, Sealer(["a secret of the fuzz tests"]), prefix="fuzz-found")
    try:
        assert store.add_member("followed", "doc://\ud800", ttl=60)
        assert store.members("followed") == {"doc://\ud800"}
    finally:
        store.close()
