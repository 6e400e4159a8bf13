"""Flask-WTF's CSRF protection beside it: forms keep it, calls need none."""

from __future__ import annotations

import pytest
from flask_wtf import CSRFProtect

from ..extension.conftest import Site


@pytest.fixture
def guarded(site: Site) -> Site:
    @site.mcp.tool
    def greet() -> str:
        return "hi"

    @site.app.post("/form")
    def form() -> str:
        return "sent"

    return site.start()


def test_without_the_exemption_calls_are_refused(guarded: Site) -> None:
    CSRFProtect(guarded.app)
    assert guarded.post("tools/call", {"name": "greet"}).status_code == 400


def test_the_endpoint_can_be_exempted_and_forms_stay_protected(guarded: Site) -> None:
    CSRFProtect(guarded.app).exempt(guarded.app.blueprints["mcp_auth0"])
    assert guarded.text("greet") == "hi"
    assert guarded.post("tools/call", {"name": "greet"}, token="").status_code == 401
    assert guarded.app.test_client().post("/form").status_code == 400
