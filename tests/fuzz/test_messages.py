"""JSON-RPC bodies: whatever is posted, the answer is well formed, gives nothing away and echoes the id as it was."""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from .conftest import Last
from .effort import BATCH, bounded, cases
from .gateway import Answer, send
from .mutation import ODD, mutated, nested, written
from .target import HANDSHAKE_ONLY, MODERN_ONLY, REQUESTS, Target
from .wellformed import check

seeds = st.integers(0, 2**64 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def judged(
    answer: Answer, body: bytes, headers: dict[str, str], last: Last, *, unavailable: bool = False
) -> None:
    try:
        check(answer, body, unavailable=unavailable)
    except (AssertionError, ValueError, KeyError) as error:
        shown = f"{error}\nsent: {body[:3000]!r}\nheaders: {headers}\nanswer: {answer}\n{last.text[-4000:]}"
        raise AssertionError(shown) from error


@bounded(30)
@given(seed=seeds)
def test_mutated_modern_requests_are_answered_in_good_order(
    seed: int, target: Target, last_error: Last
) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        method, params = turn.choice(REQUESTS + MODERN_ONLY)
        body, headers = target.modern(
            method, params, capabilities={"elicitation": {"form": {}}} if turn.random() < 0.5 else {}
        )
        changed = mutated(body, turn, turn.randrange(4))
        if turn.random() < 0.7 and isinstance(changed, dict) and isinstance(changed.get("method"), str):
            # The mirrors follow the body most of the time, so that mutations get past them.
            follow = target.modern(method, params)[1]
            headers = follow if changed["method"] == method else headers
            headers["Mcp-Method"] = changed["method"].encode("latin-1", "replace").decode("latin-1")
        sent = written(changed, turn)
        cases["modern requests"] += 1
        judged(send(target.app, sent, headers), sent, headers, last_error)


@bounded(30)
@given(seed=seeds)
def test_mutated_handshake_requests_are_answered_in_good_order(
    seed: int, target: Target, last_error: Last
) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        method, params = turn.choice(REQUESTS + HANDSHAKE_ONLY)
        body, headers = target.handshake(method, params, turn.choice(list(target.sessions)))
        if turn.random() < 0.2:
            del headers["Mcp-Session-Id"]
        sent = written(mutated(body, turn, turn.randrange(4)), turn)
        # Waiting for an answer would take as long as people do, so that tool meets one-at-a-time workers only.
        threads = b"confirm" not in sent and turn.random() < 0.5
        cases["handshake requests"] += 1
        judged(send(target.app, sent, headers, threads=threads), sent, headers, last_error)
    target.bounds()


@bounded(20)
@given(seed=seeds)
def test_mutated_batches_are_answered_in_good_order(seed: int, target: Target, last_error: Last) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        items = []
        for number in range(turn.randrange(4)):
            method, params = turn.choice(REQUESTS + HANDSHAKE_ONLY)
            item, headers = target.handshake(method, params, "2025-03-26")
            item["id"] = turn.choice((number, str(number), turn.choice(ODD)))
            items.append(mutated(item, turn, turn.randrange(3)))
        if turn.random() < 0.1:
            items.append(nested(3, of_lists=True))
        headers = target.handshake("ping", {}, turn.choice(("2025-03-26", "2025-03-26", "2025-11-25")))[1]
        sent = written(items, turn)
        cases["batches"] += 1
        judged(send(target.app, sent, headers), sent, headers, last_error)


@bounded(30)
@given(seed=seeds)
def test_notifications_and_client_responses_are_never_answered_with_a_result(
    seed: int, target: Target, last_error: Last
) -> None:
    turn = random.Random(seed)
    messages = [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "no"}},
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}},
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "id": "abc", "result": {"action": "accept", "content": {"sure": True}}},
        {"jsonrpc": "2.0", "id": "abc", "error": {"code": -1, "message": "no"}},
    ]
    for _ in range(BATCH):
        headers = target.handshake("ping", {})[1]
        if turn.random() < 0.3:
            headers = target.modern("ping", {})[1]
        sent = written(mutated(turn.choice(messages), turn, turn.randrange(3)), turn)
        cases["notifications and responses"] += 1
        judged(send(target.app, sent, headers, threads=True), sent, headers, last_error)


@bounded(120)
@given(
    body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()),
    modern=st.booleans(),
)
def test_anything_at_all_as_a_body_is_answered_in_good_order(
    body: bytes, modern: bool, target: Target, last_error: Last
) -> None:
    headers = (target.modern if modern else target.handshake)("tools/list", {})[1]
    cases["any body"] += 1
    judged(send(target.app, body, headers), body, headers, last_error)


@bounded(150)
@given(request_id=st.integers() | st.text(max_size=40) | st.integers(-(2**70), 2**70), modern=st.booleans())
def test_an_id_comes_back_with_its_type_and_value(
    request_id: int | str, modern: bool, target: Target, last_error: Last
) -> None:
    body, headers = (target.modern if modern else target.handshake)("tools/list", {})
    body["id"] = request_id
    sent = json.dumps(body).encode()
    cases["ids"] += 1
    answer = send(target.app, sent, headers)
    judged(answer, sent, headers, last_error)
    echoed = answer.json()["id"]
    assert type(echoed) is type(request_id)
    assert echoed == request_id


@bounded(120)
@given(
    tool=st.sampled_from(
        ["greet", "add", "scalars", "order", "echo", "region", "raw", "steps", "tell", "confirm", "unfit"]
    ),
    arguments=st.dictionaries(
        st.sampled_from(
            [
                "name",
                "a",
                "b",
                "day",
                "moment",
                "amount",
                "number",
                "raw",
                "colour",
                "size",
                "order",
                "value",
                "where",
                "level",
                "q",
                "n",
                "count",
                "text",
                "what",
                "how",
                "call",
                "self",
                "extra",
                "more",
            ]
        )
        | st.text(max_size=5),
        json_values,
        max_size=4,
    ),
    modern=st.booleans(),
)
def test_any_arguments_of_any_tool_are_answered_with_a_result(
    tool: str, arguments: dict[str, object], modern: bool, target: Target, last_error: Last
) -> None:
    params = {"name": tool, "arguments": arguments}
    body, headers = (target.modern if modern else target.handshake)("tools/call", params)
    sent = json.dumps(body).encode()
    cases["tool arguments"] += 1
    judged(send(target.app, sent, headers), sent, headers, last_error)
