"""How clients are told of the server: what is copied has to be valid where it is pasted."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from flask_mcp_auth0.connect_snippets import configuration_name, guides, is_on_loopback

URL = "https://app.example.com/mcp"
GUIDES = {guide.key: guide for guide in guides("Order desk", URL)}


def test_every_client_has_a_guide() -> None:
    assert list(GUIDES) == ["claude-code", "claude-desktop", "cursor", "vscode", "chatgpt", "inspector"]
    assert all(guide.steps and guide.snippets for guide in GUIDES.values())


@pytest.mark.parametrize("guide", GUIDES.values(), ids=list(GUIDES))
def test_what_looks_like_json_is_json_that_holds_the_url(guide: object) -> None:
    for snippet in getattr(guide, "snippets", ()):
        if snippet.text.startswith("{"):
            assert URL in json.dumps(json.loads(snippet.text))


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("claude-code", ["claude", "mcp", "add", "--transport", "http", "Order-desk", URL]),
        (
            "inspector",
            ["npx", "@modelcontextprotocol/inspector", "--transport", "http", "--server-url", URL],
        ),
    ],
)
def test_commands_are_what_a_shell_reads(key: str, command: list[str]) -> None:
    assert shlex.split(GUIDES[key].snippets[0].text) == command


def test_vs_code_is_told_the_same_by_command_and_by_link() -> None:
    guide = GUIDES["vscode"]
    _code, _flag, added = shlex.split(guide.snippets[0].text)
    assert json.loads(added) == {"name": "Order-desk", "type": "http", "url": URL}
    assert guide.link is not None
    scheme, _, rest = guide.link.partition("?")
    assert scheme == "vscode:mcp/install"
    assert unquote(rest) == added


def test_the_link_of_cursor_holds_the_configuration_of_one_server() -> None:
    link = GUIDES["cursor"].link
    assert link is not None
    parts = urlsplit(link)
    query = parse_qs(parts.query, strict_parsing=True)
    assert (parts.scheme, parts.netloc, parts.path) == ("cursor", "anysphere.cursor-deeplink", "/mcp/install")
    assert query["name"] == ["Order-desk"]
    assert json.loads(base64.b64decode(query["config"][0], validate=True)) == {"url": URL}


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("orders", "orders"),
        ("Order desk", "Order-desk"),
        ("$(rm -rf ~)", "rm--rf"),
        ("--help", "help"),
        ("ümläut", "ml-ut"),
        ("'; x", "x"),
        ("…", "mcp-server"),
        ("a" * 100, "a" * 64),
    ],
)
def test_a_name_fits_every_configuration(name: str, fitting: str) -> None:
    assert configuration_name(name) == fitting


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:3001/mcp", True),
        ("http://127.0.0.1/mcp", True),
        ("http://[::1]:8000/mcp", True),
        (URL, False),
        ("https://localhost.example.com/mcp", False),
    ],
)
def test_an_address_on_this_machine_is_known_as_one(url: str, here: bool) -> None:
    assert is_on_loopback(url) is here
    (desktop,) = (guide for guide in guides("x", url) if guide.key == "claude-desktop")
    assert any("mcp-remote" in snippet.text for snippet in desktop.snippets) is here
