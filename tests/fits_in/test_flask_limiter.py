"""Rate limits by Flask-Limiter: for each user, and for each user and tool."""

from __future__ import annotations

import pytest
from flask_limiter import Limiter

from flask_mcp_auth0 import mcp_rate_limit_key

from ..extension.conftest import Site


def limited(site: Site, **options: object) -> Limiter:
    """A limiter in memory, whose windows no test outlasts."""
    limiter = Limiter(mcp_rate_limit_key, storage_uri="memory://", **options)  # type: ignore[arg-type]

    @site.mcp.tool
    def search() -> str:
        with limiter.limit("2 per day"):
            return "found"

    @site.mcp.tool
    def other() -> str:
        with limiter.limit("2 per day"):
            return "other"

    @site.mcp.tool
    def free() -> str:
        return "free"

    site.start()
    limiter.init_app(site.app)
    return limiter


def test_a_tool_has_a_budget_for_each_user(site: Site) -> None:
    limited(site)
    assert [site.text("search"), site.text("search")] == ["found", "found"]
    result = site.call("search")
    assert result["isError"] is True
    assert result["content"][0]["text"] == "Too Many Requests: 2 per 1 day"
    assert site.text("search", token=site.token(subject="auth0|bob")) == "found"


def test_another_tool_has_a_budget_of_its_own(site: Site) -> None:
    limited(site)
    for _ in range(3):
        site.call("search")
    assert site.text("other") == "other"


def test_other_clients_of_a_user_share_the_budget(site: Site) -> None:
    limited(site)
    for _ in range(2):
        site.call("search")
    assert site.call("search", token=site.token(client_id="another"))["isError"] is True


def test_a_limit_of_the_whole_endpoint_counts_per_user_and_answers_429(site: Site) -> None:
    limited(site, default_limits=["3 per day"], headers_enabled=True)
    assert [site.post("tools/list").status_code for _ in range(3)] == [200] * 3
    refused = site.post("tools/list")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert site.post("tools/list", token=site.token(subject="auth0|bob")).status_code == 200


def test_who_has_no_token_is_refused_by_the_guard_before_any_limit_counts(site: Site) -> None:
    limited(site, default_limits=["1 per day"])
    assert [site.post("tools/list", token="").status_code for _ in range(3)] == [401] * 3


def test_the_key_hides_who_it_is_about(site: Site) -> None:
    site.start()
    keys: list[str] = []

    @site.mcp.tool
    def look() -> str:
        keys.append(mcp_rate_limit_key())
        return ""

    site.call("look")
    site.call("look", token=site.token(subject="auth0|bob"))
    with site.app.test_request_context("/", environ_base={"REMOTE_ADDR": "10.0.0.1"}):
        keys.append(mcp_rate_limit_key())
    assert len(set(keys)) == 3
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


def test_outside_a_request_there_is_no_key() -> None:
    with pytest.raises(RuntimeError):
        mcp_rate_limit_key()
