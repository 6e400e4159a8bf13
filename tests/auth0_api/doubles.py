"""Stand-ins that several tests share."""

from __future__ import annotations

from typing import Any

from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.settings import Settings

from .fake_auth0 import FakeAuth0

SECRET = "the-client-secret"
USER_TOKEN = "eyJhbGciOiJSUzI1NiJ9.current-user-token.signature"


class Clock:
    """A clock that runs only when it is told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


def make_settings(auth0: FakeAuth0, **more: Any) -> Settings:
    config = {
        "AUTH0_DOMAIN": auth0.url,
        "AUTH0_CLIENT_ID": "our-client",
        "AUTH0_CLIENT_SECRET": SECRET,
        "MCP_BASE_URL": "https://app.example.com",
        **more,
    }
    return Settings.from_config({name: value for name, value in config.items() if value is not None})


def person(token: str = USER_TOKEN, sub: str = "auth0|ada", **more: Any) -> AuthInfo:
    return AuthInfo(
        token=token,
        client_id="some-mcp-client",
        scopes=("openid",),
        permissions=(),
        expires_at=2_000_000_000,
        user=User(sub),
        issuer="https://issuer.example/",
        **more,
    )


def machine() -> AuthInfo:
    return person("machine-token", "robot@clients", is_machine=True)
