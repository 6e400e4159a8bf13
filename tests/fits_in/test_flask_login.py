"""Flask-Login beside it: the app's own user object in a tool, and no way in by cookie."""

from __future__ import annotations

import pytest
from flask import Request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

from flask_mcp_auth0.auth.auth_info import find_auth_info

from ..extension.conftest import Site


class Member(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name


@pytest.fixture
def club(site: Site) -> Site:
    manager = LoginManager(site.app)

    @manager.user_loader
    def by_cookie(user_id: str) -> Member:
        return Member(user_id)

    @manager.request_loader
    def by_token(_request: Request) -> Member | None:
        info = find_auth_info()
        return None if info is None else Member(info.user.sub)

    @site.app.post("/login")
    def login() -> str:
        login_user(Member("cookie-user"))
        return "in"

    @site.app.get("/private")
    @login_required
    def private() -> str:
        return str(current_user.id)

    @site.mcp.tool
    def who() -> str:
        return str(current_user.id)

    return site.start()


def test_a_tool_sees_the_apps_own_user_of_the_token(club: Site) -> None:
    assert club.text("who") == "auth0|ada"


def test_a_login_by_cookie_opens_the_apps_pages_but_not_the_mcp_endpoint(club: Site) -> None:
    client = club.app.test_client()
    client.post("/login")
    assert client.get("/private").text == "cookie-user"
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "who"}}
    assert client.post("/mcp", json=call).status_code == 401


def test_a_token_does_not_open_the_apps_other_pages(club: Site) -> None:
    headers = {"Authorization": f"Bearer {club.token()}"}
    assert club.app.test_client().get("/private", headers=headers).status_code == 401
