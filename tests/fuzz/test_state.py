"""What the server hands out and takes back: cursors, session ids, request states; and URIs, which name things."""

from __future__ import annotations

import base64
import json
import random

from hypothesis import given
from hypothesis import strategies as st

from flask_mcp_auth0.errors import RegistrationError
from flask_mcp_auth0.protocol.uri_template import UriTemplate
from flask_mcp_auth0.sealing import Sealer, SealError

from .conftest import Last
from .effort import BATCH, bounded, cases
from .gateway import send
from .mutation import bent, odd
from .target import Target
from .test_messages import judged, seeds

_SEALER = Sealer(["another secret, long enough for this"])


@bounded(100)
@given(
    cursor=st.text(max_size=30)
    | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    | st.tuples(
        st.sampled_from(["tools", "prompts", "resources", "x"]), st.integers(-5, 10**12), st.text(max_size=9)
    ).map(lambda parts: base64.urlsafe_b64encode(":".join(map(str, parts)).encode()).decode()),
    kind=st.sampled_from(["tools", "prompts", "resources", "resources/templates"]),
    modern=st.booleans(),
)
def test_a_foreign_cursor_is_refused_and_a_known_one_pages(
    cursor: str, kind: str, modern: bool, target: Target, last_error: Last
) -> None:
    body, headers = (target.modern if modern else target.handshake)(f"{kind}/list", {"cursor": cursor})
    sent = json.dumps(body).encode()
    cases["cursors"] += 1
    answer = send(target.app, sent, headers)
    judged(answer, sent, headers, last_error)
    message = answer.json()
    assert "result" in message or message["error"]["code"] == -32602


@bounded(30)
@given(seed=seeds)
def test_a_changed_session_id_is_nobodys(seed: int, target: Target, last_error: Last) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        body, headers = target.handshake("ping", {})
        own = headers["Mcp-Session-Id"]
        changed = bent(own, turn) if turn.random() < 0.8 else "".join(turn.sample(own, len(own)))
        headers["Mcp-Session-Id"] = "".join(char for char in changed if " " <= char <= "\xff")
        sent = json.dumps(body).encode()
        cases["session ids"] += 1
        answer = send(target.app, sent, headers)
        judged(answer, sent, headers, last_error)
        same = headers["Mcp-Session-Id"].rstrip("=") == own
        assert answer.status == (200 if same else 404), (headers, answer)


@bounded(30)
@given(seed=seeds)
def test_a_changed_request_state_is_refused(seed: int, target: Target, last_error: Last) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        what = turn.random()
        state = bent(target.request_state, turn) if what < 0.7 else odd(turn)
        arguments = (
            {"what": "this"} if turn.random() < 0.8 else {"what": turn.choice((1e308, "\ud800", "that"))}
        )
        params = {
            "name": "confirm",
            "arguments": arguments,
            "requestState": state,
            "inputResponses": odd(turn),
        }
        body, headers = target.modern("tools/call", params, capabilities={"elicitation": {"form": {}}})
        sent = json.dumps(body).encode()
        cases["request states"] += 1
        answer = send(target.app, sent, headers)
        judged(answer, sent, headers, last_error)
        message = answer.json()
        if state is None or (isinstance(state, str) and state.rstrip("=") == target.request_state):
            continue
        refused = "error" in message or message["result"].get("isError") is True
        assert refused, (state, message)


@bounded(30)
@given(seed=seeds)
def test_what_was_not_sealed_here_cannot_be_opened(seed: int) -> None:
    turn = random.Random(seed)
    sealed = _SEALER.seal("session", {"a": [1, "two"]}, context="ada")
    for _ in range(BATCH):
        text = bent(sealed, turn)
        cases["sealed values"] += 1
        if text.rstrip("=") == sealed:
            continue
        try:
            opened = _SEALER.open("session", text, context="ada")
        except SealError:
            continue
        raise AssertionError(f"{text!r} was opened: {opened!r}")


_uris = st.tuples(
    st.sampled_from(["doc://", "files://", "fixed://one", "bad://", ""]),
    st.text(alphabet="ab/:?&=%.~#{}+*é \x00\ud800", max_size=25),
).map("".join)


@bounded(150)
@given(
    uri=_uris,
    method=st.sampled_from(["resources/read", "resources/subscribe", "completion/complete"]),
    modern=st.booleans(),
)
def test_any_uri_is_found_or_not_and_no_more(
    uri: str, method: str, modern: bool, target: Target, last_error: Last
) -> None:
    params: dict[str, object] = {"uri": uri}
    if method == "completion/complete":
        params = {"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "section", "value": uri}}
    body, headers = (target.modern if modern else target.handshake)(method, params)
    sent = json.dumps(body).encode()
    cases["URIs"] += 1
    judged(send(target.app, sent, headers, threads=True), sent, headers, last_error)


_expressions = st.tuples(
    st.sampled_from(["", "+", "#", ".", "/", ";", "?", "&"]),
    st.lists(st.sampled_from(["a", "b", "c*", "d:3", "e"]), min_size=1, max_size=3, unique=True),
).map(lambda pair: "{" + pair[0] + ",".join(pair[1]) + "}")
_templates = st.lists(st.text(alphabet="ab/-.:?", max_size=4) | _expressions, max_size=5).map(
    lambda parts: "x://" + "".join(parts)
)
_values = st.text(max_size=6) | st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=3)


@bounded(250)
@given(
    template=_templates | st.text(alphabet="x:/{}+#?&;,*:3a ", max_size=25),
    values=st.dictionaries(st.sampled_from("abcde"), _values, max_size=5),
    uri=st.text(max_size=40),
)
def test_a_template_reads_back_what_it_wrote_or_is_refused(
    template: str, values: dict[str, str | list[str]], uri: str
) -> None:
    cases["URI templates"] += 1
    try:
        parsed = UriTemplate(template)
    except RegistrationError:
        return
    parsed.match(uri)
    try:
        expanded = parsed.expand(values)
    except (ValueError, UnicodeEncodeError):
        return
    found = parsed.match(expanded)
    # A variable that is there twice may be read from one place alone, where the other may be absent.
    once = sum(len(part.partition("}")[0].split(",")) for part in template.split("{")[1:]) == len(
        parsed.variables
    )
    if found is not None and once:
        # What is read is the same resource: written again, it is the same URI.
        assert parsed.match(parsed.expand(found)) == found, (template, values, expanded, found)
