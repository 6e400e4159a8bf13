"""Asking the user from a synchronous function, in both eras."""

from __future__ import annotations

import enum
import json
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0 import Call, Form, Link, RegistrationError, Roots, Sampling, ToolError, ask
from flask_mcp_auth0.protocol.answers import ANSWER_TIME, answer_queue
from flask_mcp_auth0.protocol.asking import AskingOnStream, RequestStates, Subject
from flask_mcp_auth0.protocol.emitter import Emitter
from flask_mcp_auth0.protocol.errors import ProtocolError
from flask_mcp_auth0.protocol.questions import form_schema
from flask_mcp_auth0.protocol.store import MAX_VALUE, StoreUnavailable
from flask_mcp_auth0.protocol.streams import Room, StreamSlots
from flask_mcp_auth0.protocol.terms import Terms
from flask_mcp_auth0.registrar import Registrar
from flask_mcp_auth0.sealing import Sealer

from .conftest import House, Peer, error_of, result_of


class Account(BaseModel):
    number: Annotated[int, Field(ge=1, description="which one")]
    urgent: bool = False


def accept(**content: Any) -> dict[str, Any]:
    return {"action": "accept", "content": content}


@pytest.fixture
def transfers(register: Registrar) -> list[int]:
    done: list[int] = []

    @register.tool
    def transfer(amount: int, call: Call) -> str:
        account = call.ask("account", Account, "Which account?")
        if not account or account.data is None:
            return f"not done: {account.action}"
        sure = call.ask("sure", {"type": "object", "properties": {"yes": {"type": "boolean"}}}, "Sure?")
        if not sure or not (sure.data or {}).get("yes"):
            return "not sure"
        done.append(amount)
        return f"{amount} from {account.data.number}"

    return done


class TestAskingAgain:
    @pytest.fixture(autouse=True)
    def _can_answer(self, peer: Peer) -> None:
        peer.capabilities = {"elicitation": {"form": {}, "url": {}}}

    def test_the_function_runs_again_with_the_answers_so_far(self, peer: Peer, transfers: list[int]) -> None:
        first = peer.call("transfer", {"amount": 5})
        assert first["resultType"] == "input_required"
        assert "ttlMs" not in first
        assert first["inputRequests"] == {
            "account": {
                "method": "elicitation/create",
                "params": {
                    "mode": "form",
                    "message": "Which account?",
                    "requestedSchema": {
                        "type": "object",
                        "properties": {
                            "number": {"type": "integer", "minimum": 1, "description": "which one"},
                            "urgent": {"type": "boolean", "default": False},
                        },
                        "required": ["number"],
                    },
                },
            }
        }
        second = peer.call(
            "transfer",
            {"amount": 5},
            requestState=first["requestState"],
            inputResponses={"account": accept(number=7), "unasked": 1},
        )
        assert list(second["inputRequests"]) == ["sure"]
        assert second["requestState"] != first["requestState"]
        assert transfers == []
        third = peer.call(
            "transfer",
            {"amount": 5},
            requestState=second["requestState"],
            inputResponses={"sure": accept(yes=True)},
        )
        assert third["content"][0]["text"] == "5 from 7"
        assert transfers == [5]

    @pytest.mark.parametrize("action", ["decline", "cancel"])
    def test_a_user_can_say_no(self, peer: Peer, transfers: list[int], action: str) -> None:
        first = peer.call("transfer", {"amount": 5})
        answers = {"account": {"action": action}}
        second = peer.call(
            "transfer", {"amount": 5}, requestState=first["requestState"], inputResponses=answers
        )
        assert second["content"][0]["text"] == f"not done: {action}"

    @pytest.mark.parametrize(
        "answers",
        [
            {},
            {"other": accept(number=7)},
            {"account": 12345},
            {"account": {"action": "maybe"}},
            {"account": accept(number="many")},
            {"account": accept(number=0)},
            {"account": {"action": "accept"}},
        ],
    )
    def test_what_is_no_answer_is_asked_again(self, peer: Peer, transfers: list[int], answers: Any) -> None:
        first = peer.call("transfer", {"amount": 5})
        second = peer.call(
            "transfer", {"amount": 5}, requestState=first["requestState"], inputResponses=answers
        )
        assert list(second["inputRequests"]) == ["account"]

    def test_answers_without_a_state_are_not_taken(self, peer: Peer, transfers: list[int]) -> None:
        result = peer.call("transfer", {"amount": 5}, inputResponses={"account": accept(number=7)})
        assert list(result["inputRequests"]) == ["account"]

    def test_a_tool_may_say_that_it_takes_them(self, peer: Peer, register: Registrar) -> None:
        @register.tool(accepts_unsolicited_answers=True)
        def hello(call: Call) -> str:
            return f"Hello, {call.ask('name', {'type': 'object'}, 'Name?').data}"

        result = peer.call("hello", inputResponses={"name": accept(name="Ada")})
        assert result["content"][0]["text"] == "Hello, {'name': 'Ada'}"

    def test_answers_that_are_no_object_are_invalid(self, peer: Peer, transfers: list[int]) -> None:
        params = {"name": "transfer", "arguments": {"amount": 5}, "inputResponses": None}
        assert error_of(peer.modern("tools/call", params))["code"] == -32602

    def state(self, peer: Peer) -> str:
        state: str = peer.call("transfer", {"amount": 5})["requestState"]
        return state

    def refused(self, peer: Peer, state: Any, amount: int = 5) -> str:
        params = {"name": "transfer", "arguments": {"amount": amount}, "requestState": state}
        params["inputResponses"] = {"account": accept(number=7)}
        error = error_of(peer.modern("tools/call", params))
        assert error["code"] == -32602
        message: str = error["message"]
        return message

    @pytest.mark.parametrize(
        "change", [lambda s: s + "-TAMPERED", lambda s: s[:-2], lambda s: "x", lambda s: 7]
    )
    def test_a_forged_state_is_refused(
        self, peer: Peer, transfers: list[int], change: Callable[[str], Any]
    ) -> None:
        assert "was not issued for this request" in self.refused(peer, change(self.state(peer)))

    def test_a_state_of_somebody_else_is_refused(
        self, house: House, peer: Peer, transfers: list[int]
    ) -> None:
        state = self.state(peer)
        house.door.name = "mallory"
        assert "was not issued for this request" in self.refused(peer, state)

    def test_a_state_for_other_arguments_is_refused(self, peer: Peer, transfers: list[int]) -> None:
        assert "was not issued for this request" in self.refused(peer, self.state(peer), amount=5000)

    def test_a_state_is_used_once(self, peer: Peer, transfers: list[int]) -> None:
        state = self.state(peer)
        peer.call("transfer", {"amount": 5}, requestState=state, inputResponses={"account": accept(number=7)})
        assert "has been used before" in self.refused(peer, state)

    def test_a_state_expires(self, house: House) -> None:
        now = [1000.0]
        states = RequestStates(house.sealer, house.store, clock=lambda: now[0])
        subject = Subject("alice", "tools/call", "transfer", {})
        state = states.seal(subject, {}, {})
        now[0] += ANSWER_TIME + 1
        with pytest.raises(ProtocolError, match="has expired"):
            states.read({"requestState": state}, subject, unsolicited=False)

    def test_a_client_that_cannot_answer_gets_the_protocols_error(
        self, peer: Peer, transfers: list[int]
    ) -> None:
        peer.capabilities = {}
        response = peer.modern("tools/call", {"name": "transfer", "arguments": {"amount": 5}})
        error = error_of(response)
        assert (response.status_code, error["code"]) == (400, -32021)
        assert error["data"] == {"requiredCapabilities": {"elicitation": {}}}

    def test_an_empty_capability_means_forms(self, peer: Peer, transfers: list[int]) -> None:
        peer.capabilities = {"elicitation": {}}
        assert peer.call("transfer", {"amount": 5})["resultType"] == "input_required"

    def test_several_questions_go_out_together(self, peer: Peer, register: Registrar) -> None:
        peer.capabilities = {"elicitation": {"url": {}}, "sampling": {}, "roots": {}}

        @register.tool
        def many(call: Call) -> str:
            answers = call.ask_all(
                {
                    "page": Link("Go there", "https://example.com/pay"),
                    "model": Sampling([{"role": "user", "content": {"type": "text", "text": "?"}}], 10),
                    "roots": Roots(),
                }
            )
            texts = answers["model"].data
            assert texts is not None
            return f"{answers['page'].action} {texts.content.text} {len(answers['roots'].data or [])}"

        first = peer.call("many")
        methods = {key: value["method"] for key, value in first["inputRequests"].items()}
        assert methods == {
            "page": "elicitation/create",
            "model": "sampling/createMessage",
            "roots": "roots/list",
        }
        answers = {
            "page": {"action": "accept"},
            "model": {"role": "assistant", "model": "m", "content": {"type": "text", "text": "42"}},
            "roots": {"roots": [{"uri": "file:///a"}]},
        }
        second = peer.call("many", requestState=first["requestState"], inputResponses=answers)
        assert second["content"][0]["text"] == "accept 42 1"

    def test_prompts_and_resources_ask_as_well(self, peer: Peer, register: Registrar) -> None:
        @register.prompt
        def welcome(call: Call) -> str:
            return f"hi {call.ask('account', Account, '?').action}"

        @register.resource("house://it")
        def it(call: Call) -> str:
            return f"hi {call.ask_url('page', 'https://example.com', '?').action}"

        for method, params in (
            ("prompts/get", {"name": "welcome"}),
            ("resources/read", {"uri": "house://it"}),
        ):
            first = result_of(peer.modern(method, params))
            assert first["resultType"] == "input_required"
            key = next(iter(first["inputRequests"]))
            again = {
                **params,
                "requestState": first["requestState"],
                "inputResponses": {key: {"action": "decline"}},
            }
            assert "hi decline" in json.dumps(result_of(peer.modern(method, again)))

    def test_an_exception_handler_of_the_function_does_not_swallow_the_question(
        self, peer: Peer, register: Registrar
    ) -> None:
        @register.tool
        def careless() -> str:
            try:
                return str(ask("account", Account, "?"))
            except Exception:
                return "swallowed"

        assert peer.call("careless")["resultType"] == "input_required"

    def test_without_a_key_nothing_can_be_asked(self, house: House, transfers: list[int]) -> None:
        house.sealer = Sealer([])
        peer = house.peer()
        peer.capabilities = {"elicitation": {}}
        result = peer.call("transfer", {"amount": 5})
        assert result["isError"] is True
        assert "MCP_SECRET_KEYS" in result["content"][0]["text"]


class Line:
    """An event stream whose reader answers: what arrives is handed to a function of the test."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        self.emitter = Emitter(lambda: self.write)
        self._heard = heard

    def write(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            if line.startswith("data: "):
                self._heard(json.loads(line[6:]))


def on_stream(house: House, line: Line, **options: Any) -> AskingOnStream:
    terms = Terms("2025-11-25", False, capabilities={"elicitation": {}, "sampling": {}})
    return AskingOnStream(
        **{
            "caller": "alice",
            "terms": terms,
            "emitter": line.emitter,
            "store": house.store,
            "obstacle": None,
            "cancelled": lambda: False,
            **options,
        }
    )


class TestAskingOnTheStream:
    @pytest.mark.usefixtures("threaded")
    def test_the_thread_waits_for_an_answer_that_arrives_on_another_request(
        self, house: House, transfers: list[int]
    ) -> None:
        peer = house.peer()
        session = peer.initialize(capabilities={"elicitation": {}}).headers["Mcp-Session-Id"]
        asked = threading.Event()
        questions: list[dict[str, Any]] = []

        def answer() -> None:
            other = house.peer()
            for content in (accept(number=7), accept(yes=True)):
                asked.wait(5)
                asked.clear()
                body = {"jsonrpc": "2.0", "id": questions[-1]["id"], "result": content}
                assert other.post(body, {"Mcp-Session-Id": session}).status_code == 202

        helper = threading.Thread(target=answer)
        helper.start()
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        body["params"] = {"name": "transfer", "arguments": {"amount": 5}}
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            def write(data: bytes) -> None:
                written.append(data)
                for line in data.decode().splitlines():
                    if line.startswith("data: ") and "elicitation/create" in line:
                        questions.append(json.loads(line[6:]))
                        asked.set()

            return write

        environ = EnvironBuilder(
            "/mcp",
            method="POST",
            json=body,
            headers={"Mcp-Session-Id": session, "Accept": "application/json, text/event-stream"},
        ).get_environ()
        environ["wsgi.multithread"] = True
        list(house.app.wsgi_app(environ, start_response))
        helper.join(5)
        assert b"5 from 7" in b"".join(written)
        assert transfers == [5]

    def test_an_error_of_the_client_means_that_nothing_was_said(self, house: House) -> None:
        def refuse(message: dict[str, Any]) -> None:
            house.store.push(
                answer_queue("alice", message["id"]), {"error": {"code": 1, "message": "no"}}, 60
            )

        line = Line(refuse)
        assert on_stream(house, line).ask({"a": Form("?", Account)})["a"].action == "cancel"

    def test_what_is_no_answer_is_asked_again(self, house: House) -> None:
        heard: list[str] = []

        def answer(message: dict[str, Any]) -> None:
            heard.append(message["id"])
            content = {"number": "many"} if len(heard) == 1 else {"number": 3}
            response = {"result": {"action": "accept", "content": content}}
            house.store.push(answer_queue("alice", message["id"]), response, 60)

        found = on_stream(house, Line(answer)).ask({"a": Form("?", Account)})["a"]
        assert found.data == Account(number=3)
        assert len(set(heard)) == 2

    def test_a_client_that_never_answers_as_asked_is_not_asked_without_end(self, house: House) -> None:
        heard: list[str] = []

        def answer(message: dict[str, Any]) -> None:
            heard.append(message["id"])
            house.store.push(answer_queue("alice", message["id"]), {"result": {"action": "accept"}}, 60)

        with pytest.raises(ToolError, match="did not fit"):
            on_stream(house, Line(answer)).ask({"a": Form("?", Account)})
        assert len(heard) == 3

    def test_a_worker_that_cannot_wait_says_so_at_once(self, peer: Peer, transfers: list[int]) -> None:
        session = peer.initialize(capabilities={"elicitation": {}}).headers["Mcp-Session-Id"]
        params = {"name": "transfer", "arguments": {"amount": 5}}
        result = result_of(peer.legacy("tools/call", params, session=session))
        assert result["isError"] is True
        assert "one request at a time" in result["content"][0]["text"]

    @pytest.mark.usefixtures("threaded")
    def test_several_processes_without_a_shared_store_say_so_at_once(
        self, house: House, transfers: list[int]
    ) -> None:
        peer = house.peer()
        session = peer.initialize(capabilities={"elicitation": {}}).headers["Mcp-Session-Id"]
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        body["params"] = {"name": "transfer", "arguments": {"amount": 5}}
        response = peer.post(body, {"Mcp-Session-Id": session}, environ_overrides={"wsgi.multiprocess": True})
        assert "MCP_STORE_URL" in result_of(response)["content"][0]["text"]

    def test_a_client_that_did_not_declare_it_is_not_asked(self, peer: Peer, transfers: list[int]) -> None:
        error = error_of(peer.legacy("tools/call", {"name": "transfer", "arguments": {"amount": 5}}))
        assert (error["code"], error["data"]) == (-32602, {"requiredCapabilities": {"elicitation": {}}})

    def test_a_user_who_went_away_ends_the_wait(self, house: House) -> None:
        asking = on_stream(house, Line(lambda message: None), cancelled=lambda: True)
        house.store.pop = lambda queue, timeout: None  # type: ignore[method-assign]
        with pytest.raises(Exception, match="went away"):
            asking.ask({"a": Form("?", Account)})

    def test_a_user_who_never_answers_ends_the_wait(self, house: House) -> None:
        now = [0.0]

        def nothing(queue: str, timeout: float) -> None:
            now[0] += timeout

        house.store.pop = nothing  # type: ignore[method-assign]
        asking = on_stream(house, Line(lambda message: None), clock=lambda: now[0])
        with pytest.raises(Exception, match="did not answer in time"):
            asking.ask({"a": Form("?", Account)})
        assert now[0] == ANSWER_TIME

    def test_a_client_without_a_stream_cannot_be_asked(self, house: House) -> None:
        line = Line(lambda message: None)
        with pytest.raises(Exception, match="takes no event stream"):
            on_stream(house, line, emitter=Emitter(None)).ask({"a": Form("?", Account)})

    def test_an_answer_is_taken_from_the_caller_who_was_asked_alone(self, house: House) -> None:
        heard: list[str] = []

        def answer(message: dict[str, Any]) -> None:
            peer = house.peer()
            body = {"jsonrpc": "2.0", "id": message["id"], "result": accept(number=3)}
            house.door.name = "mallory"
            heard.append(str(peer.post(body).status_code))
            house.door.name = "alice"
            heard.append(str(peer.post(body).status_code))

        assert on_stream(house, Line(answer)).ask({"a": Form("?", Account)})["a"].data == Account(number=3)
        assert heard == ["400", "202"]

    def test_an_answer_that_could_not_be_handed_on_can_be_sent_again(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[int] = []
        push = house.store.push

        def full(queue: str, value: Any, ttl: float) -> bool:
            monkeypatch.setattr(house.store, "push", push)
            raise StoreUnavailable("full")

        def answer(message: dict[str, Any]) -> None:
            body = {"jsonrpc": "2.0", "id": message["id"], "result": accept(number=3)}
            monkeypatch.setattr(house.store, "push", full)
            heard.extend(house.peer().post(body).status_code for _ in range(3))

        assert on_stream(house, Line(answer)).ask({"a": Form("?", Account)})["a"].data == Account(number=3)
        assert heard == [503, 202, 400]


def test_an_answer_that_is_too_large_is_refused_and_another_one_taken(house: House) -> None:
    heard: list[int] = []

    def answer(message: dict[str, Any]) -> None:
        body = {"jsonrpc": "2.0", "id": message["id"], "result": accept(number=3)}
        large = {**body, "result": {**accept(number=4), "more": "x" * MAX_VALUE}}
        refused = house.peer().post(large)
        assert "at most" in error_of(refused)["message"]
        heard.append(refused.status_code)
        heard.append(house.peer().post([large]).status_code)
        heard.append(house.peer().post(body).status_code)

    assert on_stream(house, Line(answer)).ask({"a": Form("?", Account)})["a"].data == Account(number=3)
    assert heard == [413, 202, 202]


def test_one_answer_is_taken_and_nothing_stays_in_the_store(house: House) -> None:
    heard: list[int] = []
    kept: list[int] = []

    def answer(message: dict[str, Any]) -> None:
        body = {"jsonrpc": "2.0", "id": message["id"], "result": accept(number=3)}
        before = house.store._of_process.get().size
        house.peer().post([{**body, "result": {**accept(number=3), "more": "x" * 80_000}}] * 50)
        kept.append(house.store._of_process.get().size - before)
        heard.append(house.peer().post(body).status_code)

    assert on_stream(house, Line(answer)).ask({"a": Form("?", Account)})["a"].data == Account(number=3)
    assert heard == [400]
    assert 80_000 < kept[0] < 81_000
    assert not house.store._of_process.get().entries


def test_a_question_holds_a_slot_and_none_is_asked_where_all_are_taken(house: House) -> None:
    slots, room = StreamSlots(0), Room(streams=1, all=2)
    heard: list[bool] = []

    def answer(message: dict[str, Any]) -> None:
        with slots.waiting("grace", room) as waits, slots.waiting("alan", room) as waits_too:
            heard.extend((waits, waits_too))
        reply = {"jsonrpc": "2.0", "id": message["id"], "result": accept(number=3)}
        house.peer().post(reply)

    line = Line(answer)
    line.emitter.waiting = lambda: slots.waiting("alice", room)
    assert on_stream(house, line).ask({"a": Form("?", Account)})["a"].data == Account(number=3)
    assert heard == [True, False]
    with slots.waiting("alice", room), pytest.raises(ToolError, match="as many answers as it can"):
        on_stream(house, line).ask({"a": Form("?", Account)})
    assert on_stream(house, line).ask({"a": Form("?", Account)})["a"].data == Account(number=3)


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


def test_a_form_has_no_references_and_no_empty_defaults() -> None:
    class Wish(BaseModel):
        level: Level = Level.LOW
        note: str | None = None
        tags: list[Level] = []

    assert form_schema(Wish) == {
        "type": "object",
        "properties": {
            "level": {"type": "string", "enum": ["low", "high"], "default": "low"},
            "note": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["low", "high"]}, "default": []},
        },
    }


def test_a_form_with_nested_fields_is_refused() -> None:
    class Nested(BaseModel):
        account: Account

    with pytest.raises(RegistrationError, match=r"Nested\.account"):
        form_schema(Nested)
