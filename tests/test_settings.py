"""Every key of the configuration: what it takes, and what is said of a value that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from flask_mcp_auth0 import ConfigurationError
from flask_mcp_auth0.settings import Settings, is_resource_of

NEEDED = {"AUTH0_DOMAIN": "tenant.eu.auth0.com", "MCP_BASE_URL": "https://app.example.com"}


def read(**config: Any) -> Settings:
    return Settings.from_config({**NEEDED, **config})


def problem_with(**config: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(**config)
    first: str = caught.value.problems[0]
    return first


def test_two_settings_are_enough() -> None:
    settings = read()
    assert settings.issuer_url == "https://tenant.eu.auth0.com"
    assert settings.audience == settings.endpoint_url == "https://app.example.com/mcp"
    assert settings.management_audience == "https://tenant.eu.auth0.com/api/v2/"
    assert not settings.has_client_credentials
    assert settings.secret_keys == ()


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("tenant.auth0.com", "https://tenant.auth0.com"),
        ("https://login.example.com/", "https://login.example.com"),
        ("https://issuer.example.com/realms/one/", "https://issuer.example.com/realms/one"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://localhost:8400", "http://localhost:8400"),
        ("http://[::1]:8400", "http://[::1]:8400"),
    ],
)
def test_a_domain_may_be_a_name_or_a_url(domain: str, url: str) -> None:
    assert read(AUTH0_DOMAIN=domain).issuer_url == url


@pytest.mark.parametrize(
    "domain",
    [
        "http://tenant.auth0.com",
        "ftp://tenant.auth0.com",
        "https://",
        "https://a:b@tenant.auth0.com",
        "https://tenant.auth0.com/?x=1",
        "https://tenant.auth0.com:port",
        "https://[bad",
        7.5j,
        "a\x00b",
    ],
)
def test_a_domain_that_is_none_is_refused(domain: Any) -> None:
    assert "AUTH0_DOMAIN" in problem_with(AUTH0_DOMAIN=domain)


@pytest.mark.parametrize("path", ["/", "/a//b", "/a?b", "/a/../b", "/%61", "a b", "/<x>"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    assert "MCP_PATH" in problem_with(MCP_PATH=path)


def test_a_path_may_be_written_with_and_without_slashes() -> None:
    assert read(MCP_PATH="api/mcp/").endpoint_url == "https://app.example.com/api/mcp"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("AUTH0_LEEWAY", "-1"),
        ("AUTH0_LEEWAY", 1000),
        ("AUTH0_PERMISSIONS_TTL", "0"),
        ("AUTH0_PERMISSIONS_TTL", True),
        ("AUTH0_API_SCOPES_TTL", "soon"),
        ("MCP_MAX_BODY", 10),
        ("MCP_MAX_STREAMS", -5),
        ("MCP_ANONYMOUS", "perhaps"),
        ("AUTH0_PROTECT", "all"),
        ("AUTH0_PERMISSIONS_SOURCE", "claims"),
        ("AUTH0_UNDEFINED_PERMISSION", "ask"),
        ("AUTH0_DPOP", "on"),
        ("AUTH0_STEP_UP", "maybe"),
        ("MCP_TOOL_LISTING", "some"),
        ("AUTH0_SCOPES_SUPPORTED", [1]),
        ("AUTH0_ALGORITHMS", ["none"]),
        ("MCP_ALLOWED_ORIGINS", "https://a.example.com/path"),
        ("MCP_STORE_URL", "sqlite://x"),
        ("MCP_SECRET_KEYS", "short"),
        ("MCP_SECRET_KEYS", 7),
        ("AUTH0_LOG_STREAM_TOKEN", "short"),
    ],
)
def test_a_malformed_value_is_named_with_its_key(key: str, value: Any) -> None:
    assert key in problem_with(**{key: value})


@pytest.mark.parametrize(
    ("key", "field", "value", "read_as"),
    [
        ("MCP_ANONYMOUS", "anonymous", "yes", True),
        ("MCP_ANONYMOUS", "anonymous", "off", False),
        ("MCP_ANONYMOUS", "anonymous", "", False),
        ("MCP_PAGE", "page", False, False),
        ("AUTH0_LEEWAY", "leeway", "5", 5),
        ("AUTH0_SCOPES_SUPPORTED", "scopes_supported", "a,b c", ("a", "b", "c")),
        ("AUTH0_ALGORITHMS", "algorithms", ["ES256"], ("ES256",)),
        ("AUTH0_ORGANIZATION", "organizations", "org_1 org_2", ("org_1", "org_2")),
        ("MCP_ALLOWED_ORIGINS", "allowed_origins", "https://a.example.com", ("https://a.example.com",)),
        ("MCP_ALLOWED_ORIGINS", "allowed_origins", "*", ("*",)),
        ("MCP_STORE_URL", "store_url", "memory://", None),
        ("MCP_STORE_URL", "store_url", "redis://127.0.0.1/0", "redis://127.0.0.1/0"),
        ("MCP_SECRET_KEYS", "secret_keys", b"sixteen bytes are enough", ("sixteen bytes are enough",)),
        ("MCP_SERVER_NAME", "server_name", 7, "7"),
        ("SECRET_KEY", "secret_keys", b"\xff of the app", ("\xff of the app",)),
        ("MCP_INSTRUCTIONS", "instructions", "two\nlines", "two\nlines"),
    ],
)
def test_values_are_read_as_they_are_meant(key: str, field: str, value: Any, read_as: Any) -> None:
    assert getattr(read(**{key: value}), field) == read_as


def test_keys_of_flask_that_were_in_use_before_still_open() -> None:
    settings = read(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"])
    assert settings.secret_keys == ("new", "old")


@pytest.mark.parametrize("value", ["", " ", " , ", [], (), ["", " "]])
def test_a_list_that_restricts_cannot_be_empty(value: Any) -> None:
    assert "AUTH0_ORGANIZATION is set and names nothing" in problem_with(AUTH0_ORGANIZATION=value)


@pytest.mark.parametrize("key", ["AUTH0_ALGORITHMS", "MCP_ALLOWED_ORIGINS", "AUTH0_SCOPES_SUPPORTED"])
def test_a_list_of_nothing_but_commas_is_refused_and_one_that_is_unset_in_the_environment_is_none(
    key: str,
) -> None:
    assert f"{key} is set and names nothing" in problem_with(**{key: " , "})
    assert read(**{key: ""}) == read(**{key: " "}) == read()


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("AUTH0_ORGANIZATIONS", "AUTH0_ORGANIZATION"),
        ("AUTH0_ORGANISATION", "AUTH0_ORGANIZATION"),
        ("AUTH0_ORGANIZATION_ID", "AUTH0_ORGANIZATION"),
        ("MCP_ORGANIZATION", "AUTH0_ORGANIZATION"),
        ("AUTH0_REQUIRED", "AUTH0_REQUIRE"),
        ("AUTH0_PERMISSION_SOURCE", "AUTH0_PERMISSIONS_SOURCE"),
        ("MCP_SECRET_KEY", "MCP_SECRET_KEYS"),
        ("MCP_ALLOWED_ORIGIN", "MCP_ALLOWED_ORIGINS"),
        ("MCP_REQUIRE", "AUTH0_REQUIRE"),
    ],
)
def test_a_key_that_looks_like_one_of_ours_is_warned_of(
    key: str, meant: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(**{key: "a-secret-value"}) == read()
    assert f"{key} is set and does nothing: there is no such setting. Was {meant} meant?" in caplog.text
    assert "a-secret-value" not in caplog.text


@pytest.mark.parametrize(
    "key",
    [
        *(
            "AUTH0_ACCESS_TOKEN_URL",
            "AUTH0_ACCESS_TOKEN_PARAMS",
            "AUTH0_REQUEST_TOKEN_URL",
            "AUTH0_AUTHORIZE_URL",
        ),
        *("AUTH0_AUTHORIZE_PARAMS", "AUTH0_API_BASE_URL", "AUTH0_CLIENT_KWARGS", "AUTH0_SERVER_METADATA_URL"),
        *(
            "AUTH0_USERINFO_ENDPOINT",
            "AUTH0_CALLBACK_URL",
            "AUTH0_BASE_URL",
            "AUTH0_SECRET",
            "AUTH0_API_AUDIENCE",
        ),
        *("AUTH0_ISSUER_BASE_URL", "AUTH0_REDIRECT_URI", "AUTH0_JWKS_URI", "AUTH0_MANAGEMENT_TOKEN"),
        *("MCP_", "MCP", "AUTH0", "SECRET", "MCPS_PATH", "mcp_path"),
    ],
)
def test_keys_of_others_are_left_alone(key: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read(**{key: "x"}) == read()
    assert caplog.text == ""


def test_a_key_beside_the_one_that_it_looks_like_is_on_purpose(caplog: pytest.LogCaptureFixture) -> None:
    assert read(AUTH0_ORGANIZATION="org_1", AUTH0_ORGANIZATIONS="x").organizations == ("org_1",)
    assert caplog.text == ""


def test_a_short_key_does_not_seal_what_is_in_a_shared_store() -> None:
    store = "redis://127.0.0.1:6379/1"
    long = "a key of sixteen characters or more"
    for keys in ({"SECRET_KEY": "dev"}, {"SECRET_KEY": long, "SECRET_KEY_FALLBACKS": ["dev"]}):
        problem = problem_with(MCP_STORE_URL=store, **keys)
        assert "too short" in problem
        assert "dev" not in problem
    assert read(MCP_STORE_URL=store, SECRET_KEY=long).store_url == store
    assert read(MCP_STORE_URL=store, SECRET_KEY="dev", MCP_SECRET_KEYS=long).secret_keys == (long,)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"AUTH0_CLIENT_ID": "id"}, "AUTH0_CLIENT_ID"),
        ({"AUTH0_CLIENT_SECRET": "a secret value"}, "AUTH0_CLIENT_SECRET"),
        ({"AUTH0_MANAGEMENT_CLIENT_ID": "id"}, "AUTH0_MANAGEMENT_CLIENT_ID"),
        ({"AUTH0_MANAGEMENT_CLIENT_SECRET": "a secret value"}, "AUTH0_MANAGEMENT_CLIENT_ID"),
    ],
)
def test_half_of_a_pair_of_credentials_is_refused(config: dict[str, str], named: str) -> None:
    problem = problem_with(**config)
    assert named in problem
    assert "a secret value" not in problem


def test_the_management_api_may_have_credentials_of_its_own() -> None:
    settings = read(
        AUTH0_CLIENT_ID="a",
        AUTH0_CLIENT_SECRET="b",
        AUTH0_MANAGEMENT_CLIENT_ID="c",
        AUTH0_MANAGEMENT_CLIENT_ASSERTION_KEY="d",
        AUTH0_MANAGEMENT_DOMAIN="canonical.auth0.com",
    )
    assert (settings.client_id, settings.management_client_id) == ("a", "c")
    assert settings.management_client_secret is None
    assert settings.management_audience == "https://canonical.auth0.com/api/v2/"
    assert settings.has_client_credentials


@pytest.mark.parametrize(
    ("resource", "endpoint", "fits"),
    [
        ("https://a/mcp", "https://a/mcp", True),
        ("https://a/", "https://a/mcp", True),
        ("https://a", "https://a/mcp", True),
        ("https://a/mcp/", "https://a/mcp", False),
        ("https://a/m", "https://a/mcp", False),
        ("https://b/mcp", "https://a/mcp", False),
        ("http://a/mcp", "https://a/mcp", False),
        ("https://a/mcp#x", "https://a/mcp", False),
    ],
)
def test_a_resource_must_lead_to_its_endpoint(resource: str, endpoint: str, fits: bool) -> None:
    assert is_resource_of(resource, endpoint) is fits
