"""What the Management API answers: anything may come; permissions are read from it, or nothing is known."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from auth0.management import Auth0
from hypothesis import given

from flask_mcp_auth0.auth0_api.management_http import Management
from flask_mcp_auth0.auth0_api.permission_reader import ManagementPermissionReader
from flask_mcp_auth0.errors import AuthorizationUnavailable
from flask_mcp_auth0.settings import Settings

from ..auth.doubles import Clock
from .effort import bounded, cases
from .mutation import mutated, odd, written
from .test_messages import seeds

API = "https://app.example.com/mcp"
SETTINGS = Settings.from_config(
    {"AUTH0_DOMAIN": "tenant.example.com", "MCP_BASE_URL": "https://app.example.com"}
)
_HELD = {
    "permission_name": "tool:x",
    "resource_server_identifier": API,
    "resource_server_name": "x",
    "description": "",
}
_GOOD: list[Any] = [
    {"identifier": API, "scopes": [{"value": "tool:x", "description": "d"}]},
    {"permissions": [_HELD], "next": None},
    {"permissions": [_HELD], "start": 0, "limit": 100, "total": 1},
    {"roles": [{"id": "rol_1", "name": "r", "description": ""}], "total": 1, "start": 0, "limit": 100},
    {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    },
    {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope",
        "errorCode": "insufficient_scope",
    },
]
_STATUSES = (200, 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 404, 409, 429, 500, 503, 599)


class Answers:
    """A Management API that answers what a seed says."""

    def __init__(self) -> None:
        self.turn = random.Random(0)
        self.calls = 0
        self.client = Management(
            Auth0(
                base_url="https://tenant.example.com/api/v2",
                token="management-token",
                httpx_client=httpx.Client(transport=httpx.MockTransport(self.handle)),
                timeout=60,
                max_retries=0,
            )
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        turn = self.turn
        body = written(mutated(turn.choice(_GOOD), turn, turn.randrange(4)), turn)
        headers = {
            "content-type": turn.choice(("application/json", "text/html", "application/json; charset=utf-8"))
        }
        if turn.random() < 0.2:
            headers["retry-after"] = turn.choice(("5", "-1", "9" * 30, "soon", "٣"))
            headers["x-ratelimit-reset"] = turn.choice((str(int(time.time()) + 9), "9" * 20, "x", ""))
        if turn.random() < 0.05:
            raise turn.choice((httpx.ConnectTimeout("no"), httpx.ReadError("no"), httpx.DecodingError("no")))
        return httpx.Response(turn.choice(_STATUSES), content=body, headers=_sendable(headers))


def _sendable(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@bounded(40, share=0.2)
@given(seed=seeds)
def test_any_answer_of_the_management_api_is_read_or_unavailable(seed: int, answers: Answers) -> None:
    answers.turn = turn = random.Random(seed)
    reader = ManagementPermissionReader(lambda: answers.client, SETTINGS, clock=Clock())
    for _ in range(5):
        user = "auth0|ada" if turn.random() < 0.7 else str(odd(turn)).encode("utf-8", "replace").decode()
        questions: list[Callable[[], frozenset[str]]] = [
            reader.api_scopes,
            lambda user=user: reader.user_permissions(user),  # type: ignore[misc]
            lambda user=user: reader.member_roles(user, "org_1"),  # type: ignore[misc]
            lambda: reader.role_permissions("rol_1"),
        ]
        before = answers.calls
        cases["Management answers"] += 1
        failure: AuthorizationUnavailable | None = None
        values: frozenset[str] = frozenset()
        try:
            values = turn.choice(questions)()
        except AuthorizationUnavailable as error:
            failure = error
        if failure is not None:
            assert "management-token" not in failure.reason
            assert len(failure.reason) < 1000
            assert failure.retry_after is None or 1 <= failure.retry_after <= 3600
        else:
            assert all(isinstance(value, str) for value in values), json.dumps(sorted(values))
        assert answers.calls - before <= 60
