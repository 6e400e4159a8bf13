"""Putting the extension on an app: configuration, registration, blueprints, several apps."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask_caching.backends import SimpleCache

from flask_mcp_auth0 import (
    Auth0MCP,
    ConfigurationError,
    MCPBlueprint,
    OutsideRequestError,
    RegistrationError,
    get_auth_info,
)
from flask_mcp_auth0.testing import Auth0Tenant, MCPClient

from ..forked import in_child
from ..issuer import Issuer
from .conftest import BASE_URL, Site


def test_every_missing_setting_is_reported_at_once_with_where_to_find_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Auth0MCP(Flask("empty"))
    text = str(caught.value)
    for part in ("AUTH0_DOMAIN", "MCP_BASE_URL", "FLASK_AUTH0_DOMAIN", "docs/configuration.md"):
        assert part in text


# From Python 3.12 on a fork beside any thread is warned of; the child uses none of them.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_while_the_components_are_collected_collects_its_own(site: Site) -> None:
    @site.mcp.tool
    def greet() -> str:
        return "hello"

    site.start()
    catalogue = site.app.extensions["mcp_auth0"].catalogue
    with catalogue._lock.get():
        assert in_child(lambda: [*catalogue.registry().tools]) == ["greet"]


def test_malformed_settings_are_reported_together_with_missing_ones() -> None:
    app = Flask("wrong")
    app.config.update(
        AUTH0_DOMAIN="http://tenant.example.com",
        AUTH0_LEEWAY="much",
        AUTH0_ALGORITHMS="HS256",
        AUTH0_REQUIRE="everything",
        AUTH0_CLIENT_SECRET="s3cret-of-nobody",
        MCP_ALLOWED_ORIGINS="example.com",
        MCP_STORE_URL="mysql://user:hunter2@host",
    )
    with pytest.raises(ConfigurationError) as caught:
        Auth0MCP(app)
    text = str(caught.value)
    for key in app.config.keys() & {
        "AUTH0_DOMAIN",
        "AUTH0_LEEWAY",
        "AUTH0_ALGORITHMS",
        "AUTH0_REQUIRE",
        "AUTH0_CLIENT_SECRET",
        "MCP_ALLOWED_ORIGINS",
        "MCP_STORE_URL",
    }:
        assert key in text
    assert "MCP_BASE_URL is missing" in text
    assert "hunter2" not in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("audience", "fine"),
    [
        (f"{BASE_URL}/mcp", True),
        (f"{BASE_URL}/", True),
        (BASE_URL, True),
        (f"{BASE_URL}/mc", False),
        (f"{BASE_URL}/mcp/", False),
        (f"{BASE_URL}/other", False),
        ("https://localhost:8000/mcp", False),
        ("urn:my-api", False),
        (f"{BASE_URL}/mcp?x=1", False),
    ],
)
def test_an_audience_that_clients_would_refuse_is_an_error_at_start(
    issuer: Issuer, audience: str, fine: bool
) -> None:
    site = Site(issuer, AUTH0_AUDIENCE=audience)
    if fine:
        assert site.start().app.extensions["mcp_auth0"].settings.audience == audience
    else:
        with pytest.raises(ConfigurationError, match="AUTH0_AUDIENCE"):
            site.start()


def test_settings_come_from_prefixed_environment_variables(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer
) -> None:
    monkeypatch.setenv("FLASK_AUTH0_DOMAIN", issuer.url)
    monkeypatch.setenv("FLASK_MCP_BASE_URL", BASE_URL)
    monkeypatch.setenv("FLASK_AUTH0_PERMISSIONS_TTL", "30")
    monkeypatch.setenv("FLASK_MCP_ANONYMOUS", "true")
    monkeypatch.setenv("FLASK_SECRET_KEY", "a secret of the environment")
    app = Flask("env")
    app.config.from_prefixed_env()
    Auth0MCP(app)
    settings = app.extensions["mcp_auth0"].settings
    assert (settings.permissions_ttl, settings.anonymous, settings.endpoint_url) == (
        30,
        True,
        f"{BASE_URL}/mcp",
    )


def test_secrets_are_in_no_repr(issuer: Issuer) -> None:
    site = Site(
        issuer,
        AUTH0_CLIENT_ID="id",
        AUTH0_CLIENT_SECRET="hunter2hunter2",
        AUTH0_LOG_STREAM_TOKEN="t0ken-" * 4,
    )
    state = site.start().app.extensions["mcp_auth0"]
    for text in (repr(state.settings), repr(state), repr(state.sealer)):
        assert "hunter2" not in text
        assert "t0ken" not in text
        assert "a secret of the tests" not in text


def test_the_extension_refuses_to_be_put_on_an_app_twice(site: Site) -> None:
    site.start()
    with pytest.raises(ConfigurationError, match="twice"):
        site.mcp.init_app(site.app)


def test_several_apps_in_one_process_keep_to_themselves(issuer: Issuer) -> None:
    first, second = Site(issuer, MCP_PATH="/one"), Site(issuer)

    @first.mcp.tool
    def only_first() -> str:
        return "1"

    @second.mcp.tool
    def only_second() -> str:
        return "2"

    first.start()
    second.start()
    token = issuer.token(f"{BASE_URL}/one")
    assert first.listed(token=token, path="/one") == ["only_first"]
    assert second.listed() == ["only_second"]
    assert second.post("tools/list", token=token).status_code == 401


def test_one_instance_may_serve_several_apps(issuer: Issuer) -> None:
    first, second = Site(issuer), Site(issuer)
    second.mcp = first.mcp

    @first.mcp.tool
    def shared() -> str:
        return "x"

    first.start()
    second.start()
    assert first.listed() == second.listed() == ["shared"]


def test_tools_may_come_before_or_after_init_app(site: Site) -> None:
    @site.mcp.tool
    def before() -> str:
        return ""

    site.start()

    @site.mcp.tool
    def after() -> str:
        return ""

    assert site.listed() == ["before", "after"]


def test_a_tool_that_comes_after_the_first_request_is_refused_with_the_reason(site: Site) -> None:
    @site.mcp.tool
    def early() -> str:
        return ""

    assert site.start().listed() == ["early"]
    with pytest.raises(RegistrationError, match="after the first request was served"):

        @site.mcp.tool
        def late() -> str:
            return ""


def test_blueprints_bring_their_tools_nested_and_prefixed(site: Site) -> None:
    reports = MCPBlueprint("reports", __name__, url_prefix="/reports")
    inner = MCPBlueprint("inner", __name__)
    outer = Blueprint("outer", __name__, url_prefix="/outer")

    @reports.tool
    def report() -> str:
        return f"report for {get_auth_info().user.sub}"

    @reports.get("/page")
    def page() -> str:
        return "a page"

    @inner.tool
    def deep() -> str:
        return "deep"

    outer.register_blueprint(inner, url_prefix="/inner")
    site.app.register_blueprint(reports)
    site.start()
    site.app.register_blueprint(outer)
    assert site.listed() == ["report", "deep"]
    assert site.text("report") == "report for auth0|ada"
    assert site.app.test_client().get("/reports/page").text == "a page"


def test_a_blueprint_registered_twice_brings_its_tools_once(site: Site) -> None:
    reports = MCPBlueprint("reports", __name__)

    @reports.tool
    def report() -> str:
        return ""

    site.app.register_blueprint(reports, url_prefix="/a")
    site.app.register_blueprint(reports, name="again", url_prefix="/b")
    assert site.start().listed() == ["report"]


def test_two_tools_of_one_name_on_different_blueprints_are_refused_naming_both_places(site: Site) -> None:
    first, second = MCPBlueprint("first", __name__), MCPBlueprint("second", __name__)
    for blueprint in (first, second):

        @blueprint.tool(name="same")
        def function() -> str:
            return ""

    site.app.register_blueprint(first)
    site.start()
    with pytest.raises(RegistrationError, match=r"two tools are called 'same': .*test_setup.py:\d+"):
        site.app.register_blueprint(second)


def test_a_mistake_in_a_signature_shows_when_the_app_starts(site: Site) -> None:
    @site.mcp.tool
    def bad(*values: int) -> str:
        return ""

    with pytest.raises(RegistrationError, match="cannot be filled from named arguments"):
        site.start()


def test_without_any_key_a_warning_says_what_is_missing(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(issuer, SECRET_KEY=None)
    with caplog.at_level(logging.WARNING):
        site.start()
    assert "MCP_SECRET_KEYS" in caplog.text
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    assert "Mcp-Session-Id" not in site.post("initialize", params).headers


def test_without_credentials_a_warning_says_that_protected_tools_are_refused(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(issuer, AUTH0_PERMISSIONS_SOURCE="management")

    @site.mcp.tool
    def public() -> str:
        return "fine"

    @site.mcp.protected_tool
    def secret() -> str:
        return "secret"

    with caplog.at_level(logging.WARNING):
        site.start()
    assert "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET are not set" in caplog.text
    assert site.text("public") == "fine"
    assert "no Auth0 client credentials configured" in site.text("secret")


def test_what_needs_the_app_says_so_outside_of_it(site: Site) -> None:
    with pytest.raises(OutsideRequestError, match="application context"):
        site.mcp.disable("x")
    with Flask("bare").app_context(), pytest.raises(OutsideRequestError, match="init_app"):
        site.mcp.disable("x")
    with pytest.raises(OutsideRequestError, match="no authenticated MCP request"):
        get_auth_info()


def test_a_component_can_be_switched_off_and_on_while_serving(site: Site) -> None:
    @site.mcp.tool
    def greet() -> str:
        return "hi"

    site.start()
    with site.app.app_context():
        site.mcp.disable("greet")
        assert site.listed() == []
        site.mcp.enable("greet")
        assert site.listed() == ["greet"]
        with pytest.raises(RegistrationError, match="no tool called 'other'"):
            site.mcp.disable("other")


def test_the_package_says_that_it_is_typed() -> None:
    import flask_mcp_auth0

    assert (Path(flask_mcp_auth0.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize("key", ["dev", "a key of sixteen characters or more"])
def test_a_short_key_seals_nothing_in_the_cache(key: str, caplog: pytest.LogCaptureFixture) -> None:
    class Unguessed(SimpleCache):
        held: ClassVar[dict[str, str]] = {}

        def set(self, key: str, value: Any, timeout: float | None = None) -> bool | None:
            self.held[key] = value
            return super().set(key, value, timeout)

    with Auth0Tenant() as tenant:
        app = Flask("shared")
        app.config.update(tenant.config, SECRET_KEY=key)
        app.config.pop("MCP_SECRET_KEYS", None)
        app.extensions["cache"] = {object(): Unguessed()}
        mcp = Auth0MCP(app)

        @mcp.protected_tool
        def secret() -> str:
            """A secret."""
            return "42"

        tenant.user("ada", permissions=["tool:secret"])
        client = MCPClient.for_app(app, tenant).use_token(tenant.token("ada"))
        assert client.call("secret").text == "42"
    kept = [name for name in Unguessed.held if name.startswith("mcp_auth0:management-token:")]
    assert bool(kept) is (key != "dev")
    assert ("is shorter than 16 characters" in caplog.text) is (key == "dev")
