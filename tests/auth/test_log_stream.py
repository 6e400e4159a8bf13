from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_mcp_auth0.auth.log_stream import LogStream

from .permission_doubles import FakeReader, House, caller

TOKEN = "the-streams-own-token"
USERS = {"auth0|ada": {"tool:a"}, "auth0|bob": {"tool:a"}}


def change(path: str, method: str = "post", **more: Any) -> dict[str, Any]:
    """An entry as Auth0 writes it for a change that the Management API made."""
    return {
        "log_id": "90020230515174135349782000000000000001223372037486042970",
        "data": {
            "date": "2026-11-22T17:41:35.349Z",
            "type": "sapi",
            "description": "Assign permissions to a user",
            "client_id": "dashboard",
            "ip": "12.12.12.12",
            "user_id": "google-oauth2|the-administrator",
            "details": {
                "request": {
                    "method": method,
                    "path": path,
                    "query": {},
                    "channel": "https://manage.auth0.com/",
                    **more,
                },
                "response": {"statusCode": 201},
            },
        },
    }


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"log_id": "9002", "data": {"type": kind, **more}}


class Hook:
    """The hook of an app, and what is kept of two users when it is called."""

    def __init__(self) -> None:
        self.house = House(FakeReader({"tool:a"}, **USERS))
        app = Flask(__name__)
        app.add_url_rule(
            "/mcp/auth0-log-stream", view_func=LogStream(TOKEN, self.house.lookup).view, methods=["POST"]
        )
        self.client: FlaskClient = app.test_client()
        self._known: dict[str, int] = {}
        self.forgotten()

    def post(self, body: Any, authorization: str | None = TOKEN) -> TestResponse:
        headers = {} if authorization is None else {"Authorization": authorization}
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post("/mcp/auth0-log-stream", data=data, headers=headers)

    def forgotten(self) -> set[str]:
        """Tell what had to be asked for again since the last time."""
        for user in USERS:
            self.house.lookup.held_by(caller(user))
        self.house.lookup.api_permissions()
        now = dict(self.house.reader.asked)
        again = {what for what, times in now.items() if times > self._known.get(what, 0)}
        self._known = now
        return {what.removeprefix("user ") for what in again}


ADA = {"auth0|ada"}
EVERYBODY = {"auth0|ada", "auth0|bob", "api"}


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.mark.parametrize(
    ("entry", "forgotten"),
    [
        (change("/api/v2/users/auth0%7Cada/permissions"), ADA),
        (change("/api/v2/users/auth0|ada/permissions", "delete"), ADA),
        (change("/api/v2/users/auth0%7Cada/roles"), ADA),
        (change("/api/v2/users/auth0%7Cada/roles?x=1", "DELETE"), ADA),
        (change("/api/v2/users/auth0%7Cada", "delete"), ADA),
        (change("/api/v2/users/auth0%7Cada", "patch"), ADA),
        (change("/api/v2/organizations/org_1/members/auth0%7Cada/roles"), ADA),
        (change("/api/v2/organizations/org_1/members", "delete", body={"members": ["auth0|ada"]}), ADA),
        (event("sdu", user_id="auth0|ada"), ADA),
        (event("organization_member_added", user_id="auth0|ada"), ADA),
        (change("/api/v2/roles/rol_1/permissions", "delete"), EVERYBODY),
        (change("/api/v2/roles/rol_1/users"), EVERYBODY),
        (change("/api/v2/roles/rol_1", "delete"), EVERYBODY),
        (change("/api/v2/resource-servers/https%3A%2F%2Fapp.example.com%2Fmcp", "patch"), EVERYBODY),
        (change("/api/v2/groups/grp_1/members"), EVERYBODY),
        (change("/api/v2/groups/grp_1/roles", "delete"), EVERYBODY),
        (change("/api/v2/organizations/org_1", "delete"), EVERYBODY),
        (change("/api/v2/organizations/org_1/members", "delete"), EVERYBODY),
        (change("/api/v2/organizations/org_1/members", body={"members": [7]}), EVERYBODY),
        (change("/api/v2/connections/con_1", "delete"), EVERYBODY),
        (change("/api/v2/something-new/1"), EVERYBODY),
        (change("/api/v3/users/auth0%7Cada/permissions"), EVERYBODY),
        (change("users"), EVERYBODY),
        (event("sapi"), EVERYBODY),
        (event("sapi", details={"request": "lost"}), EVERYBODY),
        (event("sapi", details={"request": {"method": "post"}}), EVERYBODY),
        (event("sdu"), EVERYBODY),
        (event("sscim"), EVERYBODY),
        (event("organization_member_removed", user_id=""), EVERYBODY),
        ({"log_id": "1", "data": "lost"}, EVERYBODY),
        ({"log_id": "1", "data": {"type": 7}}, EVERYBODY),
        ("text", EVERYBODY),
        (7, EVERYBODY),
        (change("/api/v2/users"), set()),
        (change("/api/v2/clients/abc", "patch"), set()),
        (change("/api/v2/tenants/settings", "patch"), set()),
        (change("/api/v2/users/auth0%7Cada/permissions", "get"), set()),
        (change("/api/v2/organizations/org_1/invitations"), set()),
        (event("mgmt_api_read", details={"request": {"method": "get", "path": "/api/v2/roles"}}), set()),
        (event("fapi", details={"request": {"method": "post", "path": "/api/v2/roles"}}), set()),
        (event("s", user_id="auth0|ada"), set()),
        (event("seacft", user_id="auth0|ada"), set()),
    ],
)
def test_an_event_makes_forget_whom_it_concerns(hook: Hook, entry: Any, forgotten: set[str]) -> None:
    assert hook.post([entry]).status_code == 204
    assert hook.forgotten() == forgotten


ENTRY = change("/api/v2/users/auth0%7Cada/permissions")


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([ENTRY, event("s")]),
        json.dumps(ENTRY),
        json.dumps(ENTRY["data"]),
        json.dumps([ENTRY["data"]]),
        json.dumps({"logs": [ENTRY]}),
        f"{json.dumps(event('s'))}\n{json.dumps(ENTRY)}\n",
        f"{json.dumps(event('s'))}\r\n\r\n{json.dumps(ENTRY)}\r\n",
        json.dumps([ENTRY], indent=2),
    ],
)
def test_every_format_of_a_delivery_is_read(hook: Hook, body: str) -> None:
    assert hook.post(body).status_code == 204
    assert hook.forgotten() == ADA


def test_an_empty_delivery_changes_nothing(hook: Hook) -> None:
    assert hook.post("[]").status_code == 204
    assert hook.post("").status_code == 204
    assert hook.forgotten() == set()


@pytest.mark.parametrize("authorization", [TOKEN, f"Bearer {TOKEN}"])
def test_the_token_is_taken_alone_and_as_a_bearers(hook: Hook, authorization: str) -> None:
    assert hook.post([ENTRY], authorization).status_code == 204


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.upper(),
        f"Basic {TOKEN}",
        f"Bearer Bearer {TOKEN}",
        "ü",
    ],
)
def test_without_the_token_nothing_is_read_and_nothing_forgotten(
    hook: Hook, authorization: str | None
) -> None:
    response = hook.post("this is not even JSON", authorization)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in response.text
    assert hook.forgotten() == set()


def test_a_token_of_other_than_ascii_characters_is_compared_as_it_is_sent() -> None:
    house = House()
    app = Flask(__name__)
    app.add_url_rule("/hook", view_func=LogStream("schlüssel", house.lookup).view, methods=["POST"])
    sent = "schlüssel".encode().decode("latin-1")
    assert app.test_client().post("/hook", data="[]", headers={"Authorization": sent}).status_code == 204


@pytest.mark.parametrize("body", ["{", "no json", '{"a": 1} {"b": 2}', b"\xff\xfe", "[" * 100_000, "{}\n{\n"])
def test_a_delivery_that_cannot_be_read_makes_everybody_be_asked_for_again(
    hook: Hook, body: str | bytes
) -> None:
    assert hook.post(body).status_code == 400
    assert hook.forgotten() == EVERYBODY


def test_a_delivery_that_is_too_long_makes_everybody_be_asked_for_again(hook: Hook) -> None:
    assert hook.post("[" + " " * (4 * 1024 * 1024) + "]").status_code == 413
    assert hook.forgotten() == EVERYBODY


def test_too_many_events_at_once_make_everybody_be_asked_for_again(hook: Hook) -> None:
    assert hook.post([event("s")] * 10_001).status_code == 413
    assert hook.forgotten() == EVERYBODY


def test_changes_of_very_many_users_make_everybody_be_asked_for_again(hook: Hook) -> None:
    assert (
        hook.post([change(f"/api/v2/users/auth0%7C{number}/roles") for number in range(600)]).status_code
        == 204
    )
    assert hook.forgotten() == EVERYBODY


def test_a_revocation_is_seen_on_delivery(hook: Hook) -> None:
    hook.house.reader.users["auth0|ada"].clear()
    assert "tool:a" in hook.house.lookup.held_by(caller("auth0|ada"))
    hook.post([ENTRY])
    assert "tool:a" not in hook.house.new_worker().held_by(caller("auth0|ada"))


def test_a_storm_of_role_changes_does_not_ask_for_everybody_at_every_one(hook: Hook) -> None:
    for _ in range(40):
        hook.post([change("/api/v2/roles/rol_1/permissions")])
        hook.forgotten()
        hook.house.clock.advance(0.1)
    hook.house.clock.advance(2)
    hook.forgotten()
    assert hook.house.reader.asked["api"] <= 5


def test_a_delivery_that_the_cache_does_not_take_is_to_be_sent_again(
    hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hook.house.backend, "set", lambda *args, **kwargs: False)
    with caplog.at_level(logging.WARNING):
        assert hook.post([ENTRY]).status_code == 503
        assert hook.post([change("/api/v2/roles/rol_1")]).status_code == 503
    assert "503" in caplog.text


def test_the_log_names_nobody(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "flask_mcp_auth0"):
        hook.post([ENTRY, change("/api/v2/users/auth0%7Cbob/roles")])
    assert "2 users" in caplog.text
    assert "ada" not in caplog.text
    assert TOKEN not in caplog.text
