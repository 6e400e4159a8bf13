"""MCP Apps: tools that show a page."""

from __future__ import annotations

import pytest

from flask_mcp_auth0 import Call, RegistrationError
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.registrar import Registrar

from .conftest import Peer, result_of

PAGE = {"ui": {"resourceUri": "ui://clock/page.html"}}
EXTENSION = "io.modelcontextprotocol/ui"


@pytest.fixture(autouse=True)
def _clock(register: Registrar) -> None:
    @register.tool(meta=PAGE)
    def clock(call: Call) -> str:
        return "see the page" if call.shows_pages else "it is noon"

    @register.resource("ui://clock/page.html", meta={"ui": {"csp": {"connectDomains": []}}})
    def page() -> str:
        return "<!doctype html>"


def test_a_tool_names_its_page_and_the_page_can_be_read(peer: Peer) -> None:
    (tool,) = result_of(peer.modern("tools/list"))["tools"]
    assert tool["_meta"] == PAGE
    (contents,) = result_of(peer.modern("resources/read", {"uri": "ui://clock/page.html"}))["contents"]
    assert contents["mimeType"] == "text/html;profile=mcp-app"
    assert contents["_meta"] == {"ui": {"csp": {"connectDomains": []}}}


def test_the_extension_is_offered_where_there_are_pages(peer: Peer) -> None:
    assert result_of(peer.modern("server/discover"))["capabilities"]["extensions"] == {EXTENSION: {}}


def test_a_tool_knows_whether_the_client_shows_pages(peer: Peer) -> None:
    assert peer.call("clock")["content"][0]["text"] == "it is noon"
    peer.capabilities = {"extensions": {EXTENSION: {"mimeTypes": ["text/html;profile=mcp-app"]}}}
    assert peer.call("clock")["content"][0]["text"] == "see the page"


@pytest.mark.parametrize("uri", ["ui://missing/page.html", "https://example.com/", None])
def test_a_page_that_is_not_there_is_refused_at_registration(uri: object) -> None:
    registrar = Registrar()

    @registrar.tool(meta={"ui": {"resourceUri": uri}})
    def clock() -> str:
        return ""

    with pytest.raises(RegistrationError, match="page"):
        Registry(component for component, _ in registrar._registered())
