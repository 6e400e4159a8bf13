"""An MCP client with a person behind it: the official SDK's, with nothing but a listener on its HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import Implementation

from .browser import Person, log_in

#: Where the tenant sends the browser back to. Nothing listens there: the "browser" hands the code over.
REDIRECT_URI = "http://127.0.0.1:8765/callback"


@dataclass(frozen=True)
class Exchange:
    """One request, and what came back."""

    request: str
    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Wallet:
    """What the client keeps: its registration, its tokens, and what it has seen on the way there."""

    exchanges: list[Exchange] = field(default_factory=list)
    registration: OAuthClientInformationFull | None = None
    tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens, as the SDK asks for them."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.registration

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.registration = client_info

    def find(self, part: str) -> Exchange | None:
        """Return the first exchange whose request line holds ``part`` and that was not a miss."""
        return next((e for e in self.exchanges if part in e.request and e.status != 404), None)


@asynccontextmanager
async def connect(url: str, person: Person, wallet: Wallet) -> AsyncIterator[Client]:
    """Connect to the MCP server at ``url`` and log ``person`` in when it asks for that."""
    answer: dict[str, str] = {}

    def saw(page: str, done: str) -> None:
        wallet.exchanges.append(Exchange(page, 200, {}, done))

    async def open_browser(authorization_url: str) -> None:
        answer.update(await anyio.to_thread.run_sync(log_in, authorization_url, REDIRECT_URI, person, saw))

    async def came_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    async def listen(response: httpx2.Response) -> None:
        wallet.exchanges.append(await _exchange(response, url))

    auth = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata(
            client_name=f"{person.name}'s assistant",
            redirect_uris=[REDIRECT_URI],  # type: ignore[list-item]
            token_endpoint_auth_method="none",  # noqa: S106
        ),
        storage=wallet,
        redirect_handler=open_browser,
        callback_handler=came_back,
    )
    hooks: dict[str, list[Any]] = {"response": [listen]}
    async with (
        httpx2.AsyncClient(auth=auth, event_hooks=hooks, timeout=30) as http,
        Client(
            streamable_http_client(url, http_client=http),
            client_info=Implementation(name=f"{person.username}-assistant", version="1"),
        ) as client,
    ):
        yield client


async def _exchange(response: httpx2.Response, mcp_url: str) -> Exchange:
    request = response.request
    own = str(request.url) == mcp_url
    body: Any = None
    if not own or response.status_code >= 400:  # what the MCP endpoint streams is the client's to read
        await response.aread()
        try:
            body = json.loads(response.text)
        except ValueError:
            body = response.text
    return Exchange(f"{request.method} {request.url}", response.status_code, dict(response.headers), body)
