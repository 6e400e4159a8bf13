"""Who gets the page for people, and what is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ..extension.conftest import Site
from ..issuer import Issuer

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def get(
    site: Site, accept: str | None = BROWSER, *, path: str = "/mcp", method: str = "GET", **headers: str
) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if accept is not None:
        sent["Accept"] = accept
    return site.app.test_client().open(path, method=method, headers=sent)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_browser_gets_a_page_without_a_login(site: Site, path: str) -> None:
    response = get(site.start(), path=path)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert "Order desk" in response.text
    assert "http://localhost:8000/mcp" in response.text
    for client in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "ChatGPT", "MCP Inspector"):
        assert client in response.text


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "text/event-stream",
        "application/json, text/event-stream",
        "text/event-stream, text/html;q=0.5",
        "text/html;q=0",
        "text/*",
    ],
)
def test_whoever_does_not_ask_for_html_is_refused_as_ever(site: Site, accept: str | None) -> None:
    assert get(site.start(), accept).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_a_get_gets_the_page(site: Site, method: str) -> None:
    assert get(site.start(), method=method).status_code == 401


@pytest.mark.parametrize(
    "path", ["/mcp/x", "/mcp/page.html", "/MCP", "/mcp//", "/mcp;a", "/mcp/../mcp/tools"]
)
def test_asking_for_html_opens_no_other_path(site: Site, path: str) -> None:
    assert get(site.start(), path=path).status_code in (401, 404)
    assert "Order desk" not in get(site, path=path).text


def test_a_client_with_a_session_is_no_browser(site: Site) -> None:
    assert get(site.start(), Mcp_Session_Id="x").status_code == 401


def test_a_page_of_another_origin_is_refused_before_it(site: Site) -> None:
    assert get(site.start(), Origin="https://evil.example.com").status_code == 403


def test_a_head_request_is_answered_without_a_body(site: Site) -> None:
    response = get(site.start(), method="HEAD")
    assert (response.status_code, response.data) == (200, b"")


def test_it_can_be_switched_off(issuer: Issuer) -> None:
    assert get(Site(issuer, MCP_PAGE=False).start()).status_code == 401


def test_texts_of_the_configuration_are_text(issuer: Issuer) -> None:
    site = Site(issuer, MCP_SERVER_NAME="<script>alert(1)</script>", MCP_INSTRUCTIONS="<img src=x>").start()
    text = get(site).text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_tools_and_permissions_are_not_on_it(site: Site) -> None:
    @site.mcp.protected_tool
    def refund_everything() -> str:
        """Give all the money back."""
        return ""

    text = get(site.start()).text
    assert "refund_everything" not in text
    assert "money" not in text


def test_where_tools_are_concealed_instructions_are_not_published(issuer: Issuer) -> None:
    site = Site(issuer, MCP_TOOL_LISTING="conceal", MCP_INSTRUCTIONS="Use refund_everything.").start()
    assert "refund_everything" not in get(site).text


def test_it_loads_nothing_and_runs_nothing_but_its_own_script(site: Site) -> None:
    response = get(site.start())
    policy = dict(
        part.strip().partition(" ")[::2] for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", policy["script-src"])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", policy["style-src"])
    assert (policy["frame-ancestors"], policy["form-action"], policy["base-uri"]) == ("'none'",) * 3
    assert not re.search(
        r"""\b(src|style|on\w+)\s*=""", response.text.partition("</style>")[2].partition("<script>")[0]
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Accept" in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers


def test_an_app_can_show_a_page_of_its_own(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "mcp_auth0").mkdir()
    (tmp_path / "mcp_auth0" / "page.html").write_text("<h1>Ours: {{ name }}</h1>", "utf-8")
    site = Site(issuer)
    config = dict(site.app.config)
    site.app = Flask("site", template_folder=str(tmp_path))
    site.app.config.update(config)
    assert get(site.start()).text == "<h1>Ours: site</h1>"
