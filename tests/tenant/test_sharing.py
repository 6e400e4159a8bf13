"""What workers share: that it is shared, answers, has room, and keeps what was spent."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from flask import Flask
from flask_caching import Cache

from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.tenant.doctor import examine
from flask_mcp_auth0.tenant.findings import Finding

from ..fixtures_valkey import Valkey
from .site import diagnosis, examination, make_app, named


def examined(app: Flask) -> Finding:
    (finding,) = examine(examination(app, workers=4), only=["S6"])
    return finding


@pytest.fixture
def app(tenant: TenantServer, valkey: Valkey) -> Flask:
    """An app whose workers share a cache and a store."""
    app = make_app(tenant.issuer, MCP_STORE_URL=valkey.url)
    Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": valkey.url})
    return app


def test_several_workers_need_something_shared(tenant: TenantServer) -> None:
    findings = diagnosis(make_app(tenant.issuer), workers=4)

    assert named(findings) == {"S6"}
    assert "MCP_STORE_URL" in str(findings["S6"].cure.dashboard)
    assert "CACHE_TYPE" in str(findings["S6"].cure.dashboard)


def test_a_shared_cache_is_recognised(tenant: TenantServer, tmp_path: Any) -> None:
    app = make_app(tenant.issuer)
    Cache(app, config={"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path)})

    findings = diagnosis(app, workers=4)

    assert "FileSystemCache" in findings["S6"].reason
    assert "CACHE_TYPE" not in str(findings["S6"].cure.dashboard)
    assert "MCP_STORE_URL" in str(findings["S6"].cure.dashboard)


def test_a_cache_and_a_store_that_work_are_well(app: Flask) -> None:
    finding = examined(app)
    assert finding.status == "ok"
    assert "RedisCache" in finding.reason


def test_a_store_that_is_down_is_a_failure_that_names_its_setting(app: Flask, valkey: Valkey) -> None:
    valkey.stop()
    finding = examined(app)
    assert finding.status == "failure"
    assert "cannot be reached" in finding.reason
    assert "MCP_STORE_URL" in str(finding.cure.dashboard)
    assert str(valkey.port) not in str(finding), "an address may hold a password"


def test_a_store_that_is_full_is_a_failure(app: Flask, valkey: Valkey) -> None:
    with valkey.full():
        finding = examined(app)
    assert finding.status == "failure"
    assert "refused" in finding.reason
    assert examined(app).status == "ok"


def test_a_store_that_may_evict_is_warned_of(app: Flask, valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as server:
        server.config_set("maxmemory-policy", "allkeys-lru")
        assert examined(app).status == "ok", "without a limit nothing is evicted"
        server.config_set("maxmemory", "100mb")
        finding = examined(app)
        assert finding.status == "warning"
        assert "could be used again" in finding.reason
        assert "noeviction" in str(finding.cure.dashboard)
        server.config_set("maxmemory-policy", "noeviction")
        assert examined(app).status == "ok"


def test_a_store_that_does_not_say_whether_it_evicts_is_left_open(app: Flask, valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as server:
        server.acl_setuser("default", enabled=True, nopass=True, categories=["+@all"], commands=["-info"])
        finding = examined(app)
    assert finding.status == "skipped"
    assert finding.incomplete
    assert "cannot be told" in finding.reason


def test_a_cache_that_takes_nothing_is_warned_of(tenant: TenantServer, valkey: Valkey) -> None:
    app = make_app(tenant.issuer)
    Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": valkey.url})
    with valkey.full():
        finding = examined(app)
    assert finding.status == "warning"
    assert "does not take what is written" in finding.reason
    assert "CACHE_REDIS_URL" in str(finding.cure.dashboard)


def test_a_cache_that_loses_everything_at_once_is_warned_of(
    tenant: TenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(tenant.issuer)
    cache: Any = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    monkeypatch.setattr(type(app.extensions["cache"][cache]), "get", lambda self, key: None)
    finding = examined(app)
    assert finding.status == "warning"
    assert "does not return what was written" in finding.reason
