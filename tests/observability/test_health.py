"""The health endpoint: what is known without asking, nothing secret, and no way to stay unready for ever."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.condition import Condition
from flask_mcp_auth0.observability.health import Health
from flask_mcp_auth0.protocol.store import StoreUnavailable
from flask_mcp_auth0.protocol.store_redis import RedisStore
from flask_mcp_auth0.sealing import Sealer

from ..extension.conftest import Site
from ..issuer import Issuer

DOWN = "http://127.0.0.1:1/"


def health(site: Site, query: str = "") -> tuple[int, dict[str, Any]]:
    response = site.app.test_client().get(f"/mcp/health{query}")
    return response.status_code, response.get_json()


def statuses(site: Site) -> dict[str, str]:
    return {name: check["status"] for name, check in health(site)[1]["checks"].items()}


def test_a_fresh_process_is_well_and_ready_and_has_asked_nobody(issuer: Issuer) -> None:
    site = Site(issuer, AUTH0_DOMAIN=DOWN).start()
    assert health(site, "?ready=1")[0] == 200
    assert statuses(site) == {
        "jwks": "unknown",
        "discovery": "unknown",
        "management": "not configured",
        "cache": "ok",
        "store": "ok",
    }
    assert health(site)[1]["status"] == "ok"


def test_after_a_request_it_tells_when_the_keys_were_fetched(site: Site) -> None:
    site.start().post("tools/list")
    _, told = health(site)
    assert told["checks"]["jwks"]["status"] == "ok"
    assert told["checks"]["jwks"]["last_success"].endswith("Z")
    assert told["checks"]["jwks"]["last_failure"] is None


def test_without_keys_it_is_alive_but_not_ready(issuer: Issuer) -> None:
    site = Site(issuer, AUTH0_DOMAIN=DOWN).start()
    assert site.post("tools/list").status_code == 503
    code, told = health(site)
    assert (code, told["status"], told["ready"]) == (200, "degraded", False)
    assert told["checks"]["discovery"]["last_failure"].endswith("Z")
    assert health(site, "?ready=1")[0] == 503
    assert health(site, "?ready=0")[0] == 200


def test_it_becomes_ready_again_after_a_while_so_that_somebody_can_find_out(app: Flask) -> None:
    now = [1000.0]
    failing = Condition(failing=True, usable=False, failed_at=1000.0)
    checked = Health({"jwks": lambda: failing}, clock=lambda: now[0])
    with app.test_request_context("/?ready=1"):
        assert checked.view().status_code == 503
        now[0] = 1030.0
        assert checked.view().status_code == 200


@pytest.mark.parametrize(
    ("condition", "status", "shown"),
    [
        (Condition(failing=True, usable=True, succeeded_at=1.0, failed_at=1000.0), "degraded", "stale"),
        (Condition(failing=True, usable=False, failed_at=1000.0), "degraded", "failing"),
        (Condition(failing=False, usable=True, succeeded_at=2.0, failed_at=1.0), "ok", "ok"),
    ],
)
def test_an_outage_that_can_be_lived_with_degrades_but_keeps_nobody_out(
    app: Flask, condition: Condition, status: str, shown: str
) -> None:
    checked = Health({"management": lambda: condition}, clock=lambda: 1000.0)
    with app.test_request_context("/?ready=1"):
        response = checked.view()
    assert response.status_code == 200
    assert response.get_json()["status"] == status
    assert response.get_json()["checks"]["management"]["status"] == shown


def test_keys_in_hand_keep_a_process_ready_while_the_tenant_is_down(app: Flask) -> None:
    stale = Condition(failing=True, usable=True, succeeded_at=900.0, failed_at=1000.0)
    with app.test_request_context("/?ready=1"):
        response = Health({"jwks": lambda: stale}, clock=lambda: 1000.0).view()
    assert response.status_code == 200
    assert response.get_json()["checks"]["jwks"] == {
        "status": "stale",
        "last_success": "1970-01-01T00:15:00Z",
        "last_failure": "1970-01-01T00:16:40Z",
    }


def test_the_management_api_is_failing_until_it_answers(issuer: Issuer) -> None:
    site = Site(
        issuer,
        AUTH0_CLIENT_ID="id",
        AUTH0_CLIENT_SECRET="hunter2hunter2",
        AUTH0_PERMISSIONS_SOURCE="management",
        AUTH0_MANAGEMENT_DOMAIN=DOWN,
    )

    @site.mcp.protected_tool
    def secret() -> str:
        return "x"

    site.start()
    assert statuses(site)["management"] == "unknown"
    site.call("secret")
    assert statuses(site)["management"] == "failing"
    assert "hunter2" not in str(health(site))


def test_a_cache_is_failing_until_it_answers() -> None:
    class Backend:
        broken = True

        def get(self, key: str) -> None:
            if self.broken:
                raise ConnectionError("redis://user:hunter2@host")

    backend = Backend()
    cache = LookupCache(backend, clock=lambda: 7.0)
    assert not cache.condition().failing
    cache.get("x")
    assert cache.condition() == Condition(failing=True, usable=False, failed_at=7.0)
    backend.broken = False
    cache.get("x")
    assert cache.condition() == Condition(failing=False, usable=True, failed_at=7.0)


def test_a_shared_store_is_failing_until_it_answers() -> None:
    store = RedisStore("redis://127.0.0.1:1/0", Sealer(("a key of these tests",)))
    assert not store.condition().failing
    with pytest.raises(StoreUnavailable):
        store.get("x")
    condition = store.condition()
    assert (condition.failing, condition.usable) == (True, False)
    assert condition.failed_at is not None


def test_a_shared_store_that_answers_is_well(valkey_url: str) -> None:
    store = RedisStore(valkey_url, Sealer(("a key of these tests",)))
    store.set("x", 1, 60)
    assert store.condition() == Condition(failing=False, usable=True)
    store.close()


def test_it_is_not_kept_by_caches_and_needs_no_token(site: Site) -> None:
    response = site.start().app.test_client().get("/mcp/health")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.fixture
def app() -> Flask:
    return Flask("app")
