"""Flask-WTF beside it: the app's forms stay protected, and calls need no form token once exempted."""

from __future__ import annotations

import pytest
from flask_wtf.csrf import CSRFProtect

from ..extension.conftest import Site


@pytest.fixture
def csrf(site: Site) -> CSRFProtect:
    """A site with a tool, a form and the protection."""
    csrf = CSRFProtect(site.app)

    @site.mcp.tool
    def hello() -> str:
        return "hello"

    @site.app.post("/form")
    def form() -> str:
        return "sent"

    site.start()
    return csrf


def test_without_an_exemption_the_endpoint_is_refused_like_any_form(site: Site, csrf: CSRFProtect) -> None:
    refused = site.post("tools/call", {"name": "hello"})
    assert (refused.status_code, "CSRF" in refused.text) == (400, True)


def test_the_exempted_endpoint_is_called_and_the_apps_forms_stay_protected(
    site: Site, csrf: CSRFProtect
) -> None:
    csrf.exempt(site.app.blueprints["mcp_auth0"])
    assert site.text("hello") == "hello"
    assert site.app.test_client().post("/form").status_code == 400


def test_the_exemption_lets_nobody_in_without_an_access_token(site: Site, csrf: CSRFProtect) -> None:
    csrf.exempt(site.app.blueprints["mcp_auth0"])
    assert site.post("tools/call", {"name": "hello"}, token="").status_code == 401
