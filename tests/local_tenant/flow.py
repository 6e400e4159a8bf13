"""A client and its user's browser, driving a tenant through Flask's test client."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jws
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.tenant import Tenant, tenant_of

AUDIENCE = "http://127.0.0.1:8000/mcp"
ISSUER = "http://127.0.0.1:8400/"
CALLBACK = "http://localhost:1234/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-abc"


class Clock:
    """Time that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload or b"{}")
    return claims


def header_of(token: str) -> dict[str, Any]:
    return dict(jws.extract_compact(token.encode()).headers())


def query_of(location: str | None) -> dict[str, str]:
    assert location is not None
    return dict(parse_qsl(urlsplit(location).query))


@dataclass
class Party:
    """An application with one browser. ``metadata`` is what it registers with."""

    app: Flask
    metadata: dict[str, Any] = field(default_factory=dict)
    client_id: str = ""
    client_secret: str | None = None

    def __post_init__(self) -> None:
        self.browser: FlaskClient = self.app.test_client()
        self.program: FlaskClient = self.app.test_client(use_cookies=False)

    @property
    def tenant(self) -> Tenant:
        return tenant_of(self.app)

    def get(self, path: str, **arguments: Any) -> TestResponse:
        return self.browser.get(path, base_url=self.tenant.issuer, **arguments)

    def post(self, path: str, **arguments: Any) -> TestResponse:
        return self.browser.post(path, base_url=self.tenant.issuer, **arguments)

    def call(self, path: str, data: Any = None, **arguments: Any) -> TestResponse:
        """A request of the application itself, without the browser's cookies."""
        return self.program.post(path, base_url=self.tenant.issuer, data=data, **arguments)

    def register(self, **metadata: Any) -> TestResponse:
        body = {
            "client_name": "An MCP client",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            **self.metadata,
            **metadata,
        }
        answer = self.call("/oidc/register", json=body)
        if answer.status_code == 201:
            assert answer.json is not None
            self.client_id = answer.json["client_id"]
            self.client_secret = answer.json.get("client_secret")
        return answer

    def authorize(self, **parameters: Any) -> TestResponse:
        """The authorization request; ``None`` leaves a parameter out."""
        query = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "of-the-client",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            "scope": "tool:report",
            "resource": AUDIENCE,
        } | parameters
        return self.get("/authorize", query_string={k: v for k, v in query.items() if v is not None})

    def submit(self, page: TestResponse, path: str, **fields: str) -> TestResponse:
        """Send the form of a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found, page.text
        return self.post(path, data={"csrf_token": found[1], **fields})

    def log_in(self, answer: TestResponse, user: str = "alice", password: str | None = None) -> TestResponse:
        """From the redirect to the login page to the answer to the form."""
        path = self.step(answer, "/u/login")
        return self.submit(self.get(path), path, username=user, password=password or f"{user}-password")

    def consent(self, answer: TestResponse, action: str = "accept") -> TestResponse:
        path = self.step(answer, "/u/consent")
        return self.submit(self.get(path), path, action=action)

    @staticmethod
    def step(answer: TestResponse, expected: str) -> str:
        assert answer.status_code == 302, answer.text
        assert answer.location is not None
        assert urlsplit(answer.location).path == expected, answer.location
        return answer.location

    def code(self, user: str = "alice", **parameters: Any) -> str:
        """A code, with login and consent as they come."""
        answer = self.authorize(**parameters)
        if "/u/login" in (answer.location or ""):
            answer = self.log_in(answer, user)
        if "/u/consent" in (answer.location or ""):
            answer = self.consent(answer)
        return query_of(answer.location)["code"]

    def exchange(self, code: str, **fields: Any) -> TestResponse:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_secret": self.client_secret,
        } | fields
        headers = body.pop("headers", None)
        return self.call("/oauth/token", {k: v for k, v in body.items() if v is not None}, headers=headers)

    def tokens(self, user: str = "alice", **parameters: Any) -> dict[str, Any]:
        """The token response of a whole login."""
        answer = self.exchange(self.code(user, **parameters))
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def refresh(self, token: str, **fields: Any) -> TestResponse:
        body = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        } | fields
        headers = body.pop("headers", None)
        return self.call("/oauth/token", {k: v for k, v in body.items() if v is not None}, headers=headers)


def refused(answer: TestResponse) -> tuple[int, str, str]:
    """Status, error code and description of an OAuth error response."""
    assert answer.json is not None, answer.text
    return answer.status_code, answer.json["error"], answer.json["error_description"]
