"""Headers: those that mirror the body, those that negotiate, and those that say who is asking."""

from __future__ import annotations

import random
import string

from hypothesis import given
from hypothesis import strategies as st

from .conftest import Last
from .effort import BATCH, bounded, cases
from .gateway import send
from .mutation import bent, written
from .target import HANDSHAKE_ONLY, MODERN_ONLY, REQUESTS, Target
from .test_messages import judged, seeds

#: What a server lets through in a field value, and a little more.
_CHARACTERS = "".join(map(chr, [9, *range(32, 127), *range(160, 256)])) + "\x01\x7f"
_VALUES = {
    "Accept": [
        "*/*",
        "application/json",
        "text/event-stream",
        "application/json;q=0",
        "text/html",
        "a/b;q=;",
        ",,;",
        "application/json;q=1e9",
    ],
    "Content-Type": [
        "application/json; charset=utf-16",
        "text/plain",
        "application/json;",
        "",
        "multipart/form-data; boundary=x",
    ],
    "Content-Encoding": ["gzip", "identity", "IDENTITY", "br, gzip"],
    "Content-Length": ["0", "5", "-1", "abc", "99999999999999999999", "+3", "1_0"],
    "MCP-Protocol-Version": [
        "2026-07-28",
        "2025-11-25",
        "2025-03-26",
        "2024-11-05",
        "",
        "9999-99-99",
        "2026-07-28, 2026-07-28",
    ],
    "Mcp-Method": ["tools/list", "TOOLS/LIST", "tools/call, tools/call", ""],
    "Mcp-Name": ["greet", "=?base64?Z3JlZXQ=?=", "=?base64??=", "=?base64?\xff?=", "=?base64?="],
    "Mcp-Param-Region": ["eu", "=?base64?ZXU=?=", "us", ""],
    "Mcp-Param-Level": ["3", "3.0", "3e0", "03", "1" * 400, "٣", "-", "0x3", "true"],
    "Mcp-Session-Id": ["", "abc", "a" * 5000, "A.B.C", "=?base64?YQ==?="],
    "Last-Event-ID": ["1", "\xff"],
    "Origin": [
        "null",
        "https://evil.example",
        "http://localhost:8000",
        "https://app.example.com",
        "://",
        "http://[::1",
        "\xff",
    ],
    "Authorization": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a",
        "Basic YTpi",
        "DPoP x",
        "Bearer a, Bearer b",
        "bearer\ta.b.c",
    ],
    "DPoP": ["", "a.b.c", "e30.e30.e30"],
    "User-Agent": ["openai-mcp/1.0", "\xff", ""],
    "Access-Control-Request-Method": ["POST", "\xff"],
    "X-Forwarded-Host": ["evil.example"],
    "Host": ["evil.example", "", "a:b:c", "[::1", "\xff"],
    "Cookie": ["session=x", "=;=", "\xff"],
    "Transfer-Encoding": ["chunked"],
    "Expect": ["100-continue"],
}
_METHODS = ("POST", "GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "post", "TRACE", "X")


@bounded(30)
@given(seed=seeds)
def test_mutated_headers_are_answered_in_good_order(seed: int, target: Target, last_error: Last) -> None:
    turn = random.Random(seed)
    for _ in range(BATCH):
        modern = turn.random() < 0.6
        method, params = turn.choice(REQUESTS + (MODERN_ONLY if modern else HANDSHAKE_ONLY))
        if turn.random() < 0.3:
            method, params = "tools/call", {"name": "region", "arguments": {"where": "eu", "level": 3}}
        body, headers = (target.modern if modern else target.handshake)(method, params)
        for _ in range(turn.randrange(1, 4)):
            name = turn.choice(list(_VALUES))
            what = turn.random()
            if what < 0.15:
                headers.pop(name, None)
            elif what < 0.6:
                headers[name] = turn.choice(_VALUES[name])
            elif what < 0.8:
                headers[name] = "".join(turn.choice(_CHARACTERS) for _ in range(turn.randrange(30)))
            else:
                mended = bent(headers.get(name, "x"), turn)
                headers[name] = "".join(char for char in mended if char in _CHARACTERS)
        sent = written(body, random.Random(1))
        cases["headers"] += 1
        answer = send(target.app, sent, headers)
        announced = headers.get("Content-Length")
        read = sent if announced is None else sent[: int(announced)] if announced.isdecimal() else b""
        judged(answer, read, headers, last_error)


@bounded(30)
@given(seed=seeds)
def test_any_method_and_any_spelling_of_the_path_is_guarded(
    seed: int, target: Target, last_error: Last
) -> None:
    turn = random.Random(seed)
    paths = [
        "/mcp",
        "/mcp/",
        "//mcp",
        "/MCP",
        "/mcp/x",
        "/mcp//",
        "/./mcp",
        "/x/../mcp",
        "/mcp;a=b",
        "/%6dcp",
        "/mcp%2f",
        "/mcp\\x",
    ]
    for _ in range(BATCH):
        path = turn.choice(paths)
        while turn.random() < 0.5:
            path = bent(path, turn).replace("\ud800", "")
        path = (
            "/" + path.encode("utf-8", "replace").decode("latin-1").lstrip("/")
            if turn.random() < 0.9
            else path.encode("utf-8", "replace").decode("latin-1")
        )
        method = turn.choice(_METHODS)
        cases["methods and paths"] += 1
        answer = send(
            target.app,
            b"",
            {},
            method=method,
            path=path,
            query=turn.choice(("", "a=b", "%", "access_token=x")),
        )
        # Nothing of the endpoint is reached without a token, however it is spelled.
        assert answer.status in (200, 204, 301, 308, 400, 401, 403, 404, 405), (
            method,
            path,
            answer,
            last_error.text,
        )
        if answer.status in (200, 204):
            open_paths = ("/mcp/health", "/.well-known/")
            assert method == "OPTIONS" or path.startswith(open_paths), (method, path, answer)
        assert b"jsonrpc" not in answer.body
        assert b"Traceback" not in answer.body


@bounded(150)
@given(
    origin=st.text(alphabet=_CHARACTERS, max_size=40)
    | st.sampled_from(
        [
            "https://app.example.com.evil.example",
            "https://app.example.com:443",
            "https://APP.example.com",
            "http://app.example.com",
            "https://user@app.example.com",
        ]
    ),
    preflight=st.booleans(),
)
def test_no_other_origin_is_ever_let_in(origin: str, preflight: bool, target: Target) -> None:
    body, headers = target.modern("tools/list", {})
    headers["Origin"] = origin
    if preflight:
        headers["Access-Control-Request-Method"] = "POST"
    cases["origins"] += 1
    answer = send(
        target.app,
        b"" if preflight else written(body, random.Random(1)),
        headers,
        method="OPTIONS" if preflight else "POST",
    )
    allowed = answer.header("Access-Control-Allow-Origin")
    ours = origin.strip(string.whitespace).lower() in (
        "https://app.example.com",
        "https://app.example.com:443",
    )
    assert allowed is None or ours, (origin, answer)
    assert answer.status == 403 or ours or not origin, (origin, answer)
