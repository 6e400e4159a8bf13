"""Requests to the tenant, against a real server on loopback."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from flask_mcp_auth0.outbound import Outbound, OutboundError, check_url

Answer = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(
            (self.command, self.path, dict(self.headers), b"", self.client_address[1])
        )
        self.server.answers.get(self.path.partition("?")[0], json_answer({"ok": True}))(self)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(
            (self.command, self.path, dict(self.headers), body, self.client_address[1])
        )
        self.server.answers.get(self.path, json_answer({"ok": True}))(self)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, str, dict[str, str], bytes, int]] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    def send(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    return answer(
        status, json.dumps(value).encode(), {name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.released.set()
    running.shutdown()
    running.server_close()
    thread.join(5)


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    client = Outbound(connect_timeout=2, read_timeout=2, max_bytes=1000)
    yield client
    client.close()


def test_a_json_document_is_read(server: Server, outbound: Outbound) -> None:
    server.answers["/doc"] = json_answer({"a": [1, "ü"]})
    assert outbound.get_json(f"{server.url}/doc") == {"a": [1, "ü"]}
    assert server.requests[0][2]["Accept"] == "application/json"
    assert server.requests[0][2]["User-Agent"].startswith("flask-mcp-auth0/")


def test_parameters_and_headers_are_sent(server: Server, outbound: Outbound) -> None:
    outbound.get_json(f"{server.url}/doc", params={"q": "a b"}, headers={"X-One": "1"})
    assert server.requests[0][1] == "/doc?q=a+b"
    assert server.requests[0][2]["X-One"] == "1"


def test_connections_are_kept(server: Server, outbound: Outbound) -> None:
    for _ in range(3):
        outbound.get_json(f"{server.url}/doc")
    assert len({request[4] for request in server.requests}) == 1


def test_a_chunked_answer_is_read(server: Server, outbound: Outbound) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n')

    server.answers["/doc"] = chunked
    assert outbound.get_json(f"{server.url}/doc") == {"a": 1}
    assert outbound.get_json(f"{server.url}/doc") == {"a": 1}
    assert len({request[4] for request in server.requests}) == 1


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_anything_but_200_is_an_error(server: Server, outbound: Outbound, status: int) -> None:
    server.answers["/doc"] = json_answer({"error": "e"}, status, Location=f"{server.url}/elsewhere")
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc?secret=1")
    assert caught.value.status == status
    assert "secret" not in str(caught.value)
    assert [request[1] for request in server.requests] == ["/doc?secret=1"]  # no redirect was followed


def test_the_body_of_an_error_is_kept(server: Server, outbound: Outbound) -> None:
    server.answers["/doc"] = json_answer({"error": "nope"}, 403)
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc")
    assert caught.value.body == {"error": "nope"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"[" * 900])
def test_200_without_json_is_an_error(server: Server, outbound: Outbound, body: bytes) -> None:
    server.answers["/doc"] = answer(200, body)
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc")
    assert caught.value.status == 200


def test_an_answer_that_is_too_long_is_not_read(server: Server, outbound: Outbound) -> None:
    server.answers["/doc"] = answer(200, b" " * 1001)
    with pytest.raises(OutboundError, match="1000 bytes"):
        outbound.get_json(f"{server.url}/doc")


def test_a_compressed_answer_was_not_asked_for(server: Server, outbound: Outbound) -> None:
    server.answers["/doc"] = answer(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"})
    with pytest.raises(OutboundError, match="encoding"):
        outbound.get_json(f"{server.url}/doc")
    assert server.requests[0][2]["Accept-Encoding"] == "identity"


def test_an_answer_that_breaks_off_is_an_error(server: Server, outbound: Outbound) -> None:
    def broken(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a":')
        handler.close_connection = True

    server.answers["/doc"] = broken
    with pytest.raises(OutboundError):
        outbound.get_json(f"{server.url}/doc")


def test_a_server_that_never_answers_is_given_up(server: Server) -> None:
    def wait(handler: Handler) -> None:
        handler.server.released.wait(30)

    server.answers["/doc"] = wait
    with (
        closing(Outbound(connect_timeout=1, read_timeout=0.1)) as hasty,
        pytest.raises(OutboundError, match="in time"),
    ):
        hasty.get_json(f"{server.url}/doc")


def test_an_answer_that_drips_is_given_up(server: Server) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            while not handler.server.released.wait(0.02):
                handler.wfile.write(b" ")
        except OSError:
            pass

    server.answers["/doc"] = drip
    with (
        closing(Outbound(connect_timeout=1, read_timeout=0.2)) as hasty,
        pytest.raises(OutboundError, match="in time"),
    ):
        hasty.get_json(f"{server.url}/doc")


def test_a_port_where_nobody_listens_is_an_error_without_the_request_in_it(outbound: Outbound) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OutboundError, match="cannot be reached") as caught:
        outbound.post_form(f"http://127.0.0.1:{port}/token", {"client_secret": "s3cret"})
    error: BaseException | None = caught.value
    assert caught.value.status is None
    assert error is not None
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_connection_that_was_closed_meanwhile_is_opened_again(server: Server, outbound: Outbound) -> None:
    def reset(handler: Handler) -> None:
        if len(handler.server.requests) == 1:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
        else:
            json_answer({"ok": True})(handler)

    server.answers["/doc"] = reset
    assert outbound.get_json(f"{server.url}/doc") == {"ok": True}


def test_a_server_that_does_not_speak_tls_has_no_certificate(server: Server, outbound: Outbound) -> None:
    with pytest.raises(OutboundError, match="certificate"):
        outbound.get_json(server.url.replace("http:", "https:"))


def test_what_is_not_http_is_an_error(server: Server, outbound: Outbound) -> None:
    def other(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    server.answers["/doc"] = other
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc")
    assert caught.value.status is None


def test_a_body_that_stalls_is_given_up(server: Server) -> None:
    def stall(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.server.released.wait(30)

    server.answers["/doc"] = stall
    with (
        closing(Outbound(connect_timeout=1, read_timeout=0.1)) as hasty,
        pytest.raises(OutboundError, match="in time"),
    ):
        hasty.get_json(f"{server.url}/doc")


def test_a_post_is_never_sent_twice(server: Server, outbound: Outbound) -> None:
    def reset(handler: Handler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    server.answers["/token"] = reset
    with pytest.raises(OutboundError):
        outbound.post_form(f"{server.url}/token", {"code": "once"})
    assert len(server.requests) == 1


def test_a_form_is_posted(server: Server, outbound: Outbound) -> None:
    server.answers["/token"] = json_answer({"error": "invalid_grant"}, 403, X_One="1")
    status, body, headers = outbound.post_form(f"{server.url}/token", {"a": "b c"}, auth=("id", "pa:ss"))
    assert (status, body, headers["x-one"]) == (403, {"error": "invalid_grant"}, "1")
    assert server.requests[0][3] == b"a=b+c"
    assert server.requests[0][2]["Content-Type"] == "application/x-www-form-urlencoded"
    assert server.requests[0][2]["Authorization"].startswith("Basic ")


def test_a_form_that_is_not_answered_with_json_has_no_body(server: Server, outbound: Outbound) -> None:
    server.answers["/token"] = answer(502, b"<html>")
    assert outbound.post_form(f"{server.url}/token", {})[:2] == (502, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "99999"}, 3600),
        ({"Retry-After": "99999999999999999999"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"x-ratelimit-reset": "1"}, 1),
        ({"x-ratelimit-reset": "x"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back_is_read(
    server: Server, outbound: Outbound, headers: dict[str, str], expected: int | None
) -> None:
    server.answers["/doc"] = answer(429, b"{}", headers)
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc")
    assert caught.value.retry_after == expected


def test_when_to_come_back_may_be_a_date(server: Server, outbound: Outbound) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    server.answers["/doc"] = answer(503, b"{}", {"Retry-After": date})
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(f"{server.url}/doc")
    assert caught.value.retry_after is not None
    assert 300 < caught.value.retry_after <= 600


@pytest.mark.parametrize(
    "url",
    [
        "http://tenant.example.com/x",
        "http://127.0.0.1.example.com/x",
        "http://127.0.0.1@example.com/x",
        "https://user:pass@example.com/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "https://",
        "https://[::1/x",
        "",
    ],
)
def test_nothing_is_sent_in_clear_off_loopback(outbound: Outbound, url: str) -> None:
    with pytest.raises(OutboundError) as caught:
        outbound.get_json(url)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://tenant.example.com/x", "http://127.0.0.1:1/x", "http://[::1]:1/x"])
def test_https_and_loopback_may_be_asked(url: str) -> None:
    check_url(url)


def test_no_cookie_is_kept(server: Server, outbound: Outbound) -> None:
    server.answers["/doc"] = json_answer({}, Set_Cookie="session=ada; Path=/")
    outbound.get_json(f"{server.url}/doc")
    outbound.get_json(f"{server.url}/doc")
    assert all("Cookie" not in request[2] for request in server.requests)


def test_a_netrc_file_is_not_read(
    server: Server, outbound: Outbound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(server.url) is not None
    outbound.get_json(f"{server.url}/doc")
    assert "Authorization" not in server.requests[0][2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_connections_of_its_own(server: Server, outbound: Outbound) -> None:
    outbound.get_json(f"{server.url}/doc")
    pid = os.fork()
    if pid == 0:  # pragma: no cover (the child's coverage is not collected)
        outbound.get_json(f"{server.url}/child")
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    outbound.get_json(f"{server.url}/doc")
    ports = [request[4] for request in server.requests]
    assert ports[0] == ports[2] != ports[1]
