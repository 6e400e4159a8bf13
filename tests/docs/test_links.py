"""Links lead somewhere: those of the files beside README.md, which no site is built of, and how others are checked."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from scripts.check_links import addresses, problem

from .test_pages import ROOT

FILES = sorted([*ROOT.glob("*.md"), *(ROOT / ".github").glob("**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_links_of_files_outside_the_site_lead_to_files_and_headings(file: Path) -> None:
    for target in LINK.findall(file.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        page = file.parent / path if path else file
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), target


def test_the_readme_shows_the_demo() -> None:
    assert "](docs/images/demo.svg)" in (ROOT / "README.md").read_text("utf-8")
    assert "$ make demo" in (ROOT / "docs" / "images" / "demo.svg").read_text("utf-8")


def test_addresses_are_found_in_texts_and_not_in_code(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[a](https://a.test/x#part) <https://b.test/> [here](other.md) `<https://c.test/>`\n"
        "```sh\n[d](https://d.test/)\n```\n"
        "[e](https://app.example.com/mcp) [f](http://127.0.0.1:8000/mcp) [a](https://a.test/x)\n"
    )
    assert addresses([page]) == {"https://a.test/x": [page], "https://b.test/": [page]}


@pytest.fixture
def site() -> Iterator[str]:
    """A site with a page, a page that is guarded, and none else."""
    app = Flask("site")
    app.add_url_rule("/there", view_func=lambda: "yes", endpoint="there")
    app.add_url_rule("/guarded", view_func=lambda: ("no robots", 403), endpoint="guarded")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_an_address_is_wrong_where_nothing_is(site: str) -> None:
    assert problem(f"{site}/there") is None
    assert problem(f"{site}/guarded") is None
    assert problem(f"{site}/gone") == "404"
    assert problem("http://127.0.0.1:1/") == "ConnectionError"
