"""A server on loopback that answers as it is told, badly too."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    form: Mapping[str, list[str]]
    body: bytes
    port: int

    def __getitem__(self, field_name: str) -> str | None:
        """Return the one value of a form field."""
        values = self.form.get(field_name, [])
        assert len(values) < 2, f"{field_name} was sent {len(values)} times"
        return values[0] if values else None


@dataclass(frozen=True)
class Answer:
    """What to answer: a JSON body, or one of the ways to answer badly."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: bool = False
    stall: bool = False
    close: bool = False


def token(value: str = "new-token", lifetime: int = 3600, **more: Any) -> Answer:
    return Answer(body={"access_token": value, "expires_in": lifetime, "token_type": "Bearer", **more})


def refusal(error: str, description: str = "", status: int = 403, **headers: str) -> Answer:
    return Answer(status, {"error": error, "error_description": description}, headers)


DROP = Answer(drop=True)
STALL = Answer(stall=True)


class _Server(ThreadingHTTPServer):
    """Tells which connections it has closed."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.closing = threading.Condition()
        self.closed: set[int] = set()
        super().__init__(("127.0.0.1", 0), handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        with self.closing:
            self.closed.add(client_address[1])
            self.closing.notify_all()


class FakeAuth0:
    """Answers each path from its own queue; the last answer of a queue is given again and again."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._answers: dict[str, deque[Answer | Callable[[Received], Answer]]] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._otherwise: Callable[[Received], Answer] = lambda received: Answer(404, {"error": "not_found"})
        self._server = _Server(self._handler())
        # Without this, the kernel of a busy machine refuses the burst of a test with many threads.
        self._server.socket.listen(64)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.on("/.well-known/openid-configuration", Answer(body=self.metadata()))

    def metadata(self, **more: Any) -> dict[str, Any]:
        return {
            "issuer": self.url + "/",
            "token_endpoint": self.url + "/oauth/token",
            "jwks_uri": self.url + "/.well-known/jwks.json",
            "userinfo_endpoint": self.url + "/userinfo",
            **more,
        }

    def on(self, path: str, *answers: Answer | Callable[[Received], Answer]) -> None:
        """Answer requests for ``path`` with ``answers``, one after the other."""
        with self._lock:
            self._answers[path] = deque(answers)

    def otherwise(self, answer: Callable[[Received], Answer]) -> None:
        """Answer requests for every other path with ``answer``."""
        self._otherwise = answer

    def by_prefix(self, start: str) -> list[Received]:
        """Return what was received so far for paths that start like this."""
        with self._lock:
            return [one for one in self.received if one.path.startswith(start)]

    def to(self, path: str) -> list[Received]:
        """Return what was received for ``path`` so far."""
        with self._lock:
            return [one for one in self.received if one.path == path]

    def await_closed(self, port: int) -> None:
        """Wait until the connection from a client's port has been closed here."""
        with self._server.closing:
            assert self._server.closing.wait_for(lambda: port in self._server.closed, 30)

    @contextmanager
    def running(self) -> Iterator[FakeAuth0]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._released.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _next(self, received: Received) -> Answer:
        with self._lock:
            self.received.append(received)
            queue = self._answers.get(received.path)
            if not queue:
                answer: Answer | Callable[[Received], Answer] = self._otherwise
            else:
                answer = queue.popleft() if len(queue) > 1 else queue[0]
        return answer if isinstance(answer, Answer) else answer(received)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body are two writes; without it the second waits for the client's delayed ACK.
            disable_nagle_algorithm = True

            def log_message(self, *args: Any) -> None: ...

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                is_form = "form-urlencoded" in self.headers.get("Content-Type", "")
                received = Received(
                    self.command,
                    parts.path,
                    parse_qs(parts.query),
                    dict(self.headers.items()),
                    parse_qs(body.decode()) if is_form else {},
                    body,
                    self.client_address[1],
                )
                answer = fake._next(received)
                if answer.stall:
                    fake._released.wait(30)
                if answer.drop or answer.stall:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in answer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(content)
                # Without telling the client, as a load balancer does with an idle connection.
                self.close_connection = self.close_connection or answer.close

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

        return Handler
