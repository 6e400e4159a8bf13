"""The demo's person at a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue

from example_app.demo.browser import LoginFailed, Person, log_in
from flask_mcp_auth0.local_tenant.server import bind, serve

ADA = Person("ada", "correct horse")
BACK = "http://127.0.0.1:9/callback"

LOGIN = """
<form method="post" action="/login">
  <input type="hidden" name="state" value="s1"><input name="who"><input type="password" name="secret">
  <input type="checkbox" name="remember"><button>Log in</button>
</form>"""
CONSENT = """
<form method="post" action="/consent">
  <button name="action" value="switch">Not you?</button><button name="action" value="accept">Accept</button>
</form>"""


@pytest.fixture
def site() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A site with a login and a consent page; and what was sent to it."""
    app, sent = Flask("site"), list[dict[str, str]]()

    @app.get("/authorize")
    def authorize() -> ResponseReturnValue:
        return redirect(f"{BACK}?error=access_denied" if "refuse" in request.args else "/login")

    @app.get("/login")
    def login() -> ResponseReturnValue:
        return LOGIN

    @app.post("/login")
    def logged_in() -> ResponseReturnValue:
        sent.append(request.form.to_dict())
        return CONSENT

    @app.post("/consent")
    def consent() -> ResponseReturnValue:
        sent.append(request.form.to_dict())
        return redirect(f"{BACK}?code=c1&state=s2&iss=here")

    @app.get("/round")
    def round_and_round() -> ResponseReturnValue:
        return redirect("/round")

    listener = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = serve(app, listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield url, sent
    server.shutdown()
    thread.join(10)
    server.server_close()


Site = tuple[str, list[dict[str, str]]]


def test_a_person_logs_in_accepts_and_is_sent_back(site: Site) -> None:
    url, sent = site
    pages: list[str] = []
    back = log_in(f"{url}/authorize", BACK, ADA, lambda page, _done: pages.append(page))
    assert back == {"code": "c1", "state": "s2", "iss": "here"}
    assert sent == [{"state": "s1", "who": "ada", "secret": "correct horse"}, {"action": "accept"}]
    assert pages == ["GET /login", "GET /login"]


def test_an_error_that_comes_back_is_an_error(site: Site) -> None:
    with pytest.raises(LoginFailed, match="access_denied"):
        log_in(f"{site[0]}/authorize?refuse=1", BACK, ADA, lambda *_: None)


@pytest.mark.parametrize("path", ["/round", "/nowhere"])
def test_pages_that_lead_nowhere_end(site: Site, path: str) -> None:
    with pytest.raises(LoginFailed):
        log_in(site[0] + path, BACK, ADA, lambda *_: None)
