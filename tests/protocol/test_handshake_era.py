"""2025-03-26, 2025-06-18 and 2025-11-25: what was agreed in ``initialize`` holds."""

from __future__ import annotations

from typing import Any

import mcp_types
import pytest

from flask_mcp_auth0 import Call
from flask_mcp_auth0.protocol import notifications
from flask_mcp_auth0.protocol.access import Refusal
from flask_mcp_auth0.protocol.dispatch import MAX_CANCELLATIONS
from flask_mcp_auth0.protocol.store_process import ProcessStore
from flask_mcp_auth0.registrar import Registrar
from flask_mcp_auth0.sealing import Sealer

from .conftest import House, Peer, error_of, events, result_of


@pytest.fixture(autouse=True)
def _things(register: Registrar) -> None:
    @register.tool
    def greet(name: str = "you") -> str:
        """Greet."""
        return f"Hello, {name}!"

    @register.tool
    def version(call: Call) -> str:
        return f"{call.protocol_version} {(call.client_info or {}).get('name')}"

    @register.tool
    def chatter(call: Call) -> str:
        call.log("debug", "very quiet")
        call.log("warning", "loud", logger="chatter")
        return "done"

    @register.resource("house://rules")
    def rules() -> str:
        return "none"


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", "2025-03-26"])
def test_a_version_that_is_spoken_is_agreed_on(peer: Peer, version: str) -> None:
    response = peer.initialize(version)
    result = result_of(response)
    assert result["protocolVersion"] == version
    assert result["serverInfo"] == {"name": "house", "version": "1.2.3"}
    assert result["instructions"] == "Be kind."
    assert response.headers["Mcp-Session-Id"].isascii()


@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "3000-01-01"])
def test_another_version_is_answered_with_the_newest_of_the_era(peer: Peer, version: str) -> None:
    assert result_of(peer.initialize(version))["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("params", [{}, {"protocolVersion": 7}, {"protocolVersion": "2025-11-25"}])
def test_an_incomplete_handshake_is_invalid(peer: Peer, params: dict[str, object]) -> None:
    assert error_of(peer.legacy("initialize", params, version=None))["code"] == -32602


def test_the_session_carries_what_was_agreed(peer: Peer) -> None:
    session = peer.initialize("2025-06-18").headers["Mcp-Session-Id"]
    response = peer.legacy("tools/call", {"name": "version"}, version=None, session=session)
    assert result_of(response)["content"][0]["text"] == "2025-06-18 peer"


def test_a_session_of_somebody_else_is_not_found(house: House) -> None:
    peer = house.peer()
    session = peer.initialize().headers["Mcp-Session-Id"]
    house.door.name = "mallory"
    response = peer.legacy("tools/list", session=session)
    assert response.status_code == 404


@pytest.mark.parametrize("session", ["", "forged", "a" * 10_000, "ü"])
def test_a_session_that_was_not_issued_is_not_found(peer: Peer, session: str) -> None:
    assert peer.legacy("tools/list", session=session).status_code == 404


def test_two_session_ids_are_refused(peer: Peer) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]
    headers = [
        ("Mcp-Session-Id", session),
        ("Mcp-Session-Id", session + "x"),
        ("Content-Type", "application/json"),
    ]
    response = peer.client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers)
    assert response.status_code in (400, 404)


def test_a_session_is_served_by_what_it_agreed_on_whatever_supported_version_is_named(peer: Peer) -> None:
    session = peer.initialize("2025-06-18").headers["Mcp-Session-Id"]
    response = peer.legacy("tools/call", {"name": "version"}, version="2025-11-25", session=session)
    assert result_of(response)["content"][0]["text"] == "2025-06-18 peer"


def test_the_oldest_revision_gets_neither_links_nor_structured_content(
    peer: Peer, register: Registrar
) -> None:
    @register.tool
    def link() -> mcp_types.CallToolResult:
        block = mcp_types.ResourceLink(uri="house://rules", name="rules")
        return mcp_types.CallToolResult(content=[block], structured_content={"a": 1})

    older = result_of(peer.legacy("tools/call", {"name": "link"}, version="2025-03-26"))
    assert older == {"content": [{"type": "text", "text": "rules: house://rules"}], "isError": False}
    newer = result_of(peer.legacy("tools/call", {"name": "link"}, version="2025-06-18"))
    assert newer["structuredContent"] == {"a": 1}


@pytest.mark.parametrize("version", ["1999-01-01", "latest", ""])
def test_an_unknown_version_header_is_refused(peer: Peer, version: str) -> None:
    assert peer.legacy("tools/list", version=version).status_code == 400


def test_without_a_session_a_request_is_served_all_the_same(peer: Peer) -> None:
    assert (
        result_of(peer.legacy("tools/call", {"name": "version"}))["content"][0]["text"] == "2025-11-25 None"
    )


def test_without_a_version_the_oldest_is_assumed(peer: Peer) -> None:
    result = result_of(peer.legacy("tools/call", {"name": "version"}, version=None))
    assert result["content"][0]["text"] == "2025-03-26 None"


def test_results_carry_nothing_that_the_era_does_not_know(peer: Peer) -> None:
    listed = result_of(peer.legacy("tools/list"))
    assert set(listed) == {"tools"}
    assert set(result_of(peer.legacy("tools/call", {"name": "greet"}))) == {"content", "isError"}
    assert set(result_of(peer.legacy("resources/read", {"uri": "house://rules"}))) == {"contents"}


def test_ping_and_set_level_answer_with_an_empty_object(peer: Peer) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]
    assert result_of(peer.legacy("ping", session=session)) == {}
    assert result_of(peer.legacy("logging/setLevel", {"level": "info"}, session=session)) == {}


def test_an_unknown_log_level_is_invalid(peer: Peer) -> None:
    assert error_of(peer.legacy("logging/setLevel", {"level": "loud"}))["code"] == -32602


def test_the_level_of_a_session_decides_what_it_hears(peer: Peer) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]

    def heard() -> list[str]:
        messages = events(peer.legacy("tools/call", {"name": "chatter"}, session=session))
        return [message["params"]["data"] for message in messages if "params" in message]

    assert heard() == ["loud"]
    peer.legacy("logging/setLevel", {"level": "debug"}, session=session)
    assert heard() == ["very quiet", "loud"]


def test_an_unknown_method_is_told_with_status_200(peer: Peer) -> None:
    response = peer.legacy("server/discover")
    assert (response.status_code, error_of(response)["code"]) == (200, -32601)


def test_an_unknown_resource_has_the_eras_own_code(peer: Peer) -> None:
    response = peer.legacy("resources/read", {"uri": "house://nothing"})
    assert (response.status_code, error_of(response)["code"]) == (200, -32002)


def test_notifications_are_accepted_and_not_answered(peer: Peer) -> None:
    for method in ("notifications/initialized", "notifications/cancelled", "notifications/unheard_of"):
        response = peer.post({"jsonrpc": "2.0", "method": method})
        assert (response.status_code, response.data) == (202, b"")


def test_an_answer_that_nobody_waits_for_is_refused(peer: Peer) -> None:
    for request_id in ("nobody", 7, "x" * 100):
        assert peer.post({"jsonrpc": "2.0", "id": request_id, "result": {}}).status_code == 400


def test_without_a_key_no_session_id_is_issued(house: House) -> None:
    house.sealer = Sealer([])
    assert "Mcp-Session-Id" not in house.peer().initialize().headers


def test_a_session_id_is_not_issued_to_somebody_without_a_token(house: House) -> None:
    house.door.known = False
    assert "Mcp-Session-Id" not in house.peer().initialize().headers


def test_what_cannot_be_kept_is_not_offered(peer: Peer) -> None:
    capabilities = result_of(peer.initialize())["capabilities"]
    assert capabilities["tools"] == {}
    assert capabilities["resources"] == {}


@pytest.mark.usefixtures("threaded")
def test_a_threaded_worker_offers_subscriptions(peer: Peer) -> None:
    capabilities = result_of(peer.initialize())["capabilities"]
    assert capabilities["tools"] == {"listChanged": True}
    assert capabilities["resources"] == {"subscribe": True, "listChanged": True}


@pytest.mark.usefixtures("threaded")
def test_a_resource_that_exists_can_be_subscribed_to(peer: Peer) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]
    watched = {"uri": "house://rules"}
    assert result_of(peer.legacy("resources/subscribe", watched, session=session)) == {}
    assert result_of(peer.legacy("resources/unsubscribe", watched, session=session)) == {}
    assert (
        error_of(peer.legacy("resources/subscribe", {"uri": "house://nothing"}, session=session))["code"]
        == -32002
    )
    assert error_of(peer.legacy("resources/subscribe", {"uri": 7}, session=session))["code"] == -32602
    assert error_of(peer.legacy("resources/subscribe", watched))["code"] == -32601


@pytest.mark.usefixtures("threaded")
def test_a_resource_that_the_caller_may_not_read_cannot_be_subscribed_to(house: House, peer: Peer) -> None:
    session = peer.initialize().headers["Mcp-Session-Id"]

    def answers(method: str, uri: str) -> dict[str, Any]:
        error = error_of(peer.legacy(method, {"uri": uri}, session=session))
        return {**error, "data": None}

    house.door.refusals["rules"] = Refusal("denied", "not yours")
    assert answers("resources/subscribe", "house://rules") == answers("resources/read", "house://rules")
    assert answers("resources/subscribe", "house://rules")["code"] == 403
    house.door.refusals["rules"] = Refusal("hidden", "")
    assert answers("resources/subscribe", "house://rules") == answers("resources/subscribe", "house://none")
    house.door.refusals["rules"] = Refusal("challenge", "step up", "Bearer scope='x'")
    challenged = peer.legacy("resources/subscribe", {"uri": "house://rules"}, session=session)
    assert (challenged.status_code, challenged.headers["WWW-Authenticate"]) == (403, "Bearer scope='x'")
    assert not house.store._of_process.get().entries


class TestBatches:
    def batch(self, peer: Peer, *names: str) -> list[dict[str, object]]:
        return [
            {"jsonrpc": "2.0", "id": index, "method": "tools/call", "params": {"name": name}}
            for index, name in enumerate(names)
        ]

    def test_each_call_is_answered(self, peer: Peer) -> None:
        response = peer.post(self.batch(peer, "greet", "version"))
        texts = {item["id"]: item["result"]["content"][0]["text"] for item in response.get_json()}
        assert texts == {0: "Hello, you!", 1: "2025-03-26 None"}

    def test_each_call_is_authorised_on_its_own(self, house: House) -> None:
        house.door.refusals["version"] = Refusal("denied", "not yours")
        answers = house.peer().post(self.batch(house.peer(), "greet", "version", "greet")).get_json()
        assert [item["result"]["isError"] for item in answers] == [False, True, False]

    def test_a_challenge_within_a_batch_is_told_in_its_result(self, house: House) -> None:
        house.door.refusals["version"] = Refusal("challenge", "more", 'Bearer scope="x"')
        answers = house.peer().post(self.batch(house.peer(), "greet", "version")).get_json()
        assert answers[1]["result"]["_meta"] == {"mcp/www_authenticate": ['Bearer scope="x"']}

    def test_calls_that_emit_turn_it_into_a_stream(self, peer: Peer) -> None:
        messages = events(peer.post(self.batch(peer, "greet", "chatter")))
        assert [message.get("id", message.get("method")) for message in messages] == [
            "notifications/message",
            0,
            1,
        ]

    def test_notifications_alone_are_accepted_without_a_body(self, peer: Peer) -> None:
        response = peer.post([{"jsonrpc": "2.0", "method": "notifications/initialized"}])
        assert (response.status_code, response.data) == (202, b"")

    def test_what_is_no_message_has_its_own_error(self, peer: Peer) -> None:
        answers = peer.post([1, {"jsonrpc": "2.0", "id": 5, "method": "ping"}]).get_json()
        assert answers[0]["error"]["code"] == -32600
        assert answers[1] == {"jsonrpc": "2.0", "id": 5, "result": {}}

    def test_a_handshake_cannot_be_part_of_one(self, peer: Peer) -> None:
        answers = peer.post([{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}]).get_json()
        assert answers[0]["error"]["code"] == -32600

    @pytest.mark.parametrize("size", [0, 51])
    def test_its_size_is_bounded(self, peer: Peer, size: int) -> None:
        body = [{"jsonrpc": "2.0", "id": index, "method": "ping"} for index in range(size)]
        assert peer.post(body).status_code == 400

    @pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
    def test_later_revisions_have_none(self, peer: Peer, version: str) -> None:
        response = peer.post(self.batch(peer, "greet"), {"MCP-Protocol-Version": version})
        assert response.status_code == 400


def test_no_caller_fills_the_store_with_cancellations_and_levels(house: House) -> None:
    house.store = ProcessStore(max_entries=8000)
    mallory = house.peer()
    for _ in range(3):
        session = mallory.initialize("2025-03-26").headers["Mcp-Session-Id"]
        for first in range(0, 3000, 50):
            batch = [
                {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
                for number in range(first, first + 50)
            ]
            assert mallory.post(batch, {"Mcp-Session-Id": session}).status_code == 202
    house.door.name = "ada"
    ada = house.peer()
    session = ada.initialize().headers["Mcp-Session-Id"]
    assert result_of(ada.legacy("logging/setLevel", {"level": "error"}, session=session)) == {}
    assert len(house.store._of_process.get().entries) < 2 * MAX_CANCELLATIONS


def test_a_caller_with_too_many_levels_is_told_so(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MAX_LEVELS", 1)
    answers = []
    for _ in range(2):
        session = peer.initialize().headers["Mcp-Session-Id"]
        answers.append(peer.legacy("logging/setLevel", {"level": "error"}, session=session).get_json())
    assert answers[0]["result"] == {}
    assert "too many sessions" in answers[1]["error"]["message"]
