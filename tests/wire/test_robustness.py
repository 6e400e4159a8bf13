"""Input that nobody means well with: never a 5xx, never a way in, always an answer in JSON."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import Served
from .raw import MODERN, Wire, answer, meta

pytestmark = pytest.mark.wire

HEADERS: dict[str, str | None] = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call"}
NAME = "test_prompt_with_arguments"


def call(arguments: str, *, id: str = "1", token: str | None = None) -> bytes:
    """Return the body of a tools/call with members as JSON texts."""
    whole = json.dumps(meta())[1:-1] + (f', "progressToken": {token}' if token else "")
    params = f'{{"name": "json_schema_2020_12_tool", "arguments": {arguments}, "_meta": {{{whole}}}}}'
    return f'{{"jsonrpc": "2.0", "id": {id}, "method": "tools/call", "params": {params}}}'.encode()


def send(wire: Wire, body: bytes, headers: Mapping[str, str | None] | None = None) -> tuple[int, Any]:
    """Post a body and return the status and the answer, which must be JSON."""
    response = wire.post(body, {**HEADERS, "Mcp-Name": "json_schema_2020_12_tool", **(headers or {})})
    assert response.headers["Content-Type"] == "application/json", response.text
    return response.status_code, response.json()


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/jsonp", "application/json2", "multipart/form-data; boundary=x", ""],
)
def test_a_body_that_is_not_declared_as_json_is_refused(wire: Wire, kind: str | None) -> None:
    status, _ = send(wire, call("{}"), {"Content-Type": kind})

    assert status in (400, 415)


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"]
)
def test_parameters_of_the_content_type_do_not_matter(wire: Wire, kind: str) -> None:
    assert send(wire, call("{}"), {"Content-Type": kind})[0] == 200


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/xml"])
def test_a_client_that_takes_no_form_of_answer_is_refused(wire: Wire, accept: str) -> None:
    assert send(wire, call("{}"), {"Accept": accept})[0] in (400, 406)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", "text/html, */*;q=0.1", None])
def test_any_other_client_is_served(wire: Wire, accept: str | None) -> None:
    assert send(wire, call("{}"), {"Accept": accept})[0] == 200


def test_a_body_above_the_limit_is_refused_and_one_below_served(wire: Wire) -> None:
    large = call(json.dumps({"email": "x" * 1_000_000}))
    too_large = call(json.dumps({"email": "x" * 5_000_000}))

    assert send(wire, large)[1]["result"]["isError"] is False
    try:
        status, _ = send(wire, too_large)
    except OSError:
        # The server may close the connection while the rest of the body is still on its way.
        return
    assert status == 413


def test_a_body_that_is_announced_as_huge_is_refused_unread(standard: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(standard.url).netloc, timeout=20)
    connection.putrequest("POST", "/mcp")
    for name, value in {
        "Authorization": f"Bearer {standard.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Content-Length": str(100 * 10**9),
    }.items():
        connection.putheader(name, value)
    connection.endheaders(b"{")
    response = connection.getresponse()

    assert response.status == 413
    connection.close()


@pytest.mark.parametrize("depth", [500, 2_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_answered(wire: Wire, depth: int, opening: str, closing: str) -> None:
    nested = opening * depth + "1" + closing * depth
    for body in (call(f'{{"phone": {nested}}}'), nested.encode()):
        status, _ = send(wire, body)

        assert status < 500


HUGE = [
    "9" * 5_000,
    "-" + "9" * 5_000,
    "1e400",
    "-1e400",
    "1E+1000000000",
    "1" + "0" * 400,
    "0." + "1" * 5_000,
]


@pytest.mark.parametrize("number", HUGE)
def test_numbers_of_absurd_size_are_answered(wire: Wire, number: str) -> None:
    for body in (
        call(f'{{"phone": {number}}}'),
        call("{}", id=number),
        call("{}", token=number),
        call(f'{{"phone": "1", "email": [{number}]}}'),
    ):
        status, answered = send(wire, body)

        assert status < 500
        assert {"result", "error"} & set(answered)


@pytest.mark.parametrize("number", HUGE)
def test_numbers_of_absurd_size_in_a_mirrored_argument_are_answered(wire: Wire, number: str) -> None:
    body = call(f'{{"count": {number}}}').replace(b"json_schema_2020_12_tool", b"ours_int_header")
    headers = {"Mcp-Name": "ours_int_header", "Mcp-Param-Count": number}

    assert send(wire, body, headers)[0] < 500


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff\\ud800"', '"a\\u0000b"', '"\\ud83d\\ude00"'])
def test_lone_surrogates_are_answered(wire: Wire, text: str) -> None:
    for body in (
        call(f'{{"phone": {text}}}'),
        call(f'{{{text}: "1"}}'),
        call("{}", id=text),
        call("{}", token=text),
        call("{}").replace(b'"tools/call"', text.encode()),
    ):
        assert send(wire, body)[0] < 500


def test_a_key_that_comes_twice_says_only_one_thing(wire: Wire) -> None:
    twice = call("{}").replace(b'"method": "tools/call"', b'"method": "tools/call", "method": "tools/list"')
    status, answered = send(wire, twice)

    # Either it is refused, or the value that counted is the one that the header names.
    assert status == 400
    assert "error" in answered


def test_a_chunked_body_is_served(standard: Served) -> None:
    body = call("{}")
    connection = http.client.HTTPConnection(urlsplit(standard.url).netloc, timeout=20)
    headers = {
        "Authorization": f"Bearer {standard.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "json_schema_2020_12_tool",
    }
    connection.request("POST", "/mcp", iter([body[:50], body[50:]]), headers, encode_chunked=True)
    response = connection.getresponse()

    assert response.status == 200
    assert "result" in json.loads(response.read())
    connection.close()


def test_a_chunked_body_above_the_limit_is_refused(standard: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(standard.url).netloc, timeout=20)
    headers = {"Authorization": f"Bearer {standard.token()}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/mcp", iter([b" " * 65536] * 100), headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except OSError:
        # The server may close the connection while the rest of the body is still on its way.
        return
    finally:
        connection.close()


def test_a_byte_order_mark_is_answered(wire: Wire) -> None:
    assert send(wire, b"\xef\xbb\xbf" + call("{}"))[0] in (200, 400)


def test_a_compressed_body_is_refused(wire: Wire) -> None:
    status, _ = send(wire, gzip.compress(call("{}")), {"Content-Encoding": "gzip"})

    assert status in (400, 415)


@pytest.mark.parametrize("verb", ["PROPFIND", "TRACE", "CONNECT", "BREW", "OPTIONS"])
def test_odd_verbs_are_answered_and_let_nobody_in(standard: Served, verb: str) -> None:
    for token in (None, standard.token()):
        with standard.wire(token) as wire:
            response = wire.http.request(verb, wire.url)

            assert response.status_code < 500
            assert "tools" not in response.text


def test_query_strings_and_trailing_slashes_change_nothing(wire: Wire) -> None:
    for suffix in ("?x=1", "?", "/"):
        wire.url = wire.url.rstrip("/?x=1") if suffix == "?" else wire.url
        response = Wire.post(
            wire_at(wire, suffix), call("{}"), {**HEADERS, "Mcp-Name": "json_schema_2020_12_tool"}
        )

        assert response.status_code in (200, 404)


def wire_at(wire: Wire, suffix: str) -> Wire:
    """Return the same client with something behind the path."""
    other = Wire(wire.url + suffix, None)
    other.http = wire.http
    return other


def test_a_long_header_is_answered(wire: Wire) -> None:
    response = wire.modern("tools/list", headers={"X-Long": "x" * 6_000})

    assert response.status_code == 200


def test_many_requests_at_once_are_all_served(served: Served) -> None:
    outcomes: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        with served.wire() as wire:
            for turn in range(13):
                answered = answer(
                    wire.modern(
                        "tools/call", {"name": "ours_whoami", "arguments": {}}, id=number * 100 + turn
                    )
                )
                with lock:
                    outcomes.append(answered["id"] - number * 100 - turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == [0] * 16 * 13


@pytest.mark.parametrize("path", ["/mcp", "/mcp/nowhere", "/mcp/health/x"])
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "DELETE"])
def test_errors_of_the_endpoint_are_json(standard: Served, verb: str, path: str) -> None:
    for token in (None, standard.token()):
        with standard.wire(token) as wire:
            response = wire.http.request(
                verb, standard.server.origin + path, headers={"Accept": "application/json"}
            )

            assert response.status_code >= 400
            assert response.headers["Content-Type"] == "application/json"
            assert response.json()


def test_a_client_that_leaves_in_the_middle_of_a_body_hurts_nobody(standard: Served, wire: Wire) -> None:
    host, port = urlsplit(standard.url).netloc.split(":")
    for _ in range(5):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            head = (
                f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {standard.token()}\r\n"
            )
            head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
            connection.sendall(head.encode())

    assert wire.modern("tools/list").status_code == 200
