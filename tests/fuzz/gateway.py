"""Requests handed straight to a WSGI application: what a server would pass on, and some that it would not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def mimetype(self) -> str:
        """The media type without parameters."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the body as strict JSON."""
        return strict(self.body)

    def events(self) -> list[Any]:
        """Return the messages of an event stream."""
        lines = re.split(b"\r\n|\r|\n", self.body)
        return [strict(line[6:]) for line in lines if line.startswith(b"data: ")]


def strict(text: bytes) -> Any:
    """Parse JSON as RFC 8259 has it: UTF-8, no NaN, no infinity."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text.decode("utf-8"), parse_constant=refuse)


def send(
    app: Flask,
    body: bytes = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    method: str = "POST",
    path: str = "/mcp",
    query: str = "",
    threads: bool = False,
) -> Answer:
    """Send one request.

    :param headers: values in Latin-1, as WSGI has them (PEP 3333).
    :param threads: whether the server says that it can serve another request at the same time.
    """
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:8000",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": threads,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    written: list[bytes] = []
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, response_headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, response_headers))
        return written.append

    chunks = app.wsgi_app(environ, start_response)
    try:
        written.extend(chunks)
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()
    status, answered = started[-1]
    return Answer(int(status[:3]), tuple(answered), b"".join(written))
