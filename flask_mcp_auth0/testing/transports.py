"""How a test's requests reach the app: without a socket, or over one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import requests
from flask import Flask
from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: str


class Transport(Protocol):
    """Carries one POST to the MCP endpoint."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Return the answer, once it is complete."""
        ...

    def forget_permissions(self) -> None:
        """Let the app forget what it keeps of permissions, as far as that can be reached."""
        ...


class AppTransport:
    """Through ``app.test_client()``: no socket, and errors of the app show where they are."""

    def __init__(self, app: Flask, path: str) -> None:
        self._app = app
        self._path = path

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        response = self._app.test_client().post(self._path, data=body, headers=dict(headers))
        return Reply(
            response.status_code, CaseInsensitiveDict(response.headers), response.get_data(as_text=True)
        )

    def forget_permissions(self) -> None:
        state = self._app.extensions.get("mcp_auth0")
        if state is not None:
            state.lookup.forget()


class HTTPTransport:
    """To a running server. What it keeps of permissions cannot be reached: give each test users of its own."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self._url = url
        self._timeout = timeout
        self._session = requests.Session()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        response = self._session.post(self._url, data=body, headers=dict(headers), timeout=self._timeout)
        response.encoding = "utf-8"
        return Reply(response.status_code, response.headers, response.text)

    def forget_permissions(self) -> None:
        """Nothing can be done from outside."""
