"""Reading the tenant's discovery documents, and living through its outages."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

import pytest

from flask_mcp_auth0.auth.discovery import AuthorizationServer, discovery_urls
from flask_mcp_auth0.auth.remote_document import DocumentError
from flask_mcp_auth0.errors import AuthorizationUnavailable
from flask_mcp_auth0.outbound import OutboundError

from .doubles import ISSUER, JWKS, OIDC, Clock, Tenant

OAUTH = "https://tenant.example.com/.well-known/oauth-authorization-server"


def test_the_issuer_is_spelled_as_the_document_spells_it(tenant: Tenant) -> None:
    assert tenant.server("https://tenant.example.com").issuer() == ISSUER
    tenant.backend.clear()
    assert tenant.server("https://tenant.example.com/").issuer() == ISSUER


def test_an_issuer_without_a_trailing_slash_keeps_it_that_way(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC]["issuer"] = "https://tenant.example.com"
    assert tenant.server("https://tenant.example.com/").issuer() == "https://tenant.example.com"


def test_endpoints_are_those_of_the_document(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC]["token_endpoint"] = "https://tenant.example.com/some/other/path"
    assert tenant.server().endpoint("token_endpoint") == "https://tenant.example.com/some/other/path"


def test_an_endpoint_that_is_not_named_is_an_error_that_says_which(tenant: Tenant) -> None:
    with pytest.raises(DocumentError, match="registration_endpoint"):
        tenant.server().endpoint("registration_endpoint")


def test_the_document_is_passed_on_whole_and_read_only(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC]["x_extra"] = [1]
    metadata = tenant.server().metadata()
    assert metadata["x_extra"] == [1]
    with pytest.raises(TypeError):
        metadata["issuer"] = "https://evil.example.com/"  # type: ignore[index]


def test_the_rfc_8414_document_does_as_well(tenant: Tenant) -> None:
    tenant.outbound.documents[OAUTH] = tenant.outbound.documents.pop(OIDC)
    assert tenant.server().issuer() == ISSUER


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.com/realms/a/.well-known/openid-configuration",
        "https://id.example.com/.well-known/oauth-authorization-server/realms/a",
        "https://id.example.com/.well-known/openid-configuration/realms/a",
        "https://id.example.com/realms/a/.well-known/oauth-authorization-server",
    ],
)
def test_an_issuer_with_a_path_is_found_in_every_form(tenant: Tenant, url: str) -> None:
    issuer = "https://id.example.com/realms/a"
    tenant.outbound.documents[url] = {"issuer": issuer, "jwks_uri": "https://id.example.com/keys"}
    assert tenant.server(issuer).issuer() == issuer


def test_the_oidc_document_is_asked_for_first() -> None:
    assert discovery_urls("https://tenant.example.com/") == [OIDC, OAUTH]


def test_with_no_document_at_all_the_reason_says_so(tenant: Tenant) -> None:
    del tenant.outbound.documents[OIDC]
    with pytest.raises(DocumentError, match="no discovery document"):
        tenant.server().metadata()


@pytest.mark.parametrize("status", [500, 503, 429, None])
def test_a_tenant_that_is_down_is_not_asked_for_the_other_form(tenant: Tenant, status: int | None) -> None:
    tenant.outbound.documents[OIDC] = OutboundError("down", status=status)
    with pytest.raises(AuthorizationUnavailable):
        tenant.server().metadata()
    assert OAUTH not in tenant.outbound.asked


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example.com/",
        "https://tenant.example.com//",
        "https://tenant.example.com/x",
        "http://tenant.example.com/",
        "https://TENANT.example.com/",
        None,
        7,
        "",
    ],
)
def test_the_document_of_another_issuer_is_refused(tenant: Tenant, issuer: Any) -> None:
    tenant.outbound.documents[OIDC]["issuer"] = issuer
    with pytest.raises(DocumentError, match="issuer"):
        tenant.server().metadata()


@pytest.mark.parametrize("document", [[], "text", 7, True])
def test_a_document_that_is_no_object_is_refused(tenant: Tenant, document: Any) -> None:
    tenant.outbound.documents[OIDC] = document
    with pytest.raises(DocumentError, match="object"):
        tenant.server().metadata()


@pytest.mark.parametrize(
    "url",
    [
        "http://tenant.example.com/keys",
        "http://127.0.0.1:9/keys",
        "ftp://tenant.example.com/keys",
        "file:///etc/passwd",
        "https://user:pass@tenant.example.com/keys",
        "https://tenant.example.com/keys#x",
        "https://tenant.example.com/ke ys",
        "https://tenant.example.com/k\r\nX: y",
        "https://[::1/keys",
        "//tenant.example.com/keys",
        "/keys",
        "",
        None,
        ["https://tenant.example.com/keys"],
    ],
)
def test_a_key_set_url_that_must_not_be_called_is_refused(tenant: Tenant, url: Any) -> None:
    tenant.outbound.documents[OIDC]["jwks_uri"] = url
    with pytest.raises(DocumentError, match="jwks_uri"):
        tenant.server().metadata()


def test_keys_may_be_on_another_host_since_the_document_is_the_issuers(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC]["jwks_uri"] = "https://keys.example.net/certs"
    assert tenant.server().endpoint("jwks_uri") == "https://keys.example.net/certs"


def test_an_issuer_on_loopback_may_use_http(tenant: Tenant) -> None:
    base = "http://127.0.0.1:8400"
    tenant.outbound.documents[f"{base}/.well-known/openid-configuration"] = {
        "issuer": f"{base}/",
        "jwks_uri": f"{base}/.well-known/jwks.json",
    }
    assert tenant.server(base).issuer() == f"{base}/"


# --- keeping -------------------------------------------------------------------------------------------------


def test_the_document_is_fetched_once_while_it_is_fresh(tenant: Tenant, clock: Clock) -> None:
    server = tenant.server()
    for _ in range(5):
        server.issuer()
    clock.advance(599)
    server.issuer()
    assert tenant.outbound.asked[OIDC] == 1
    clock.advance(1)
    server.issuer()
    assert tenant.outbound.asked[OIDC] == 2


def test_another_worker_takes_it_from_the_shared_cache(tenant: Tenant) -> None:
    tenant.server().issuer()
    tenant.server().issuer()
    assert tenant.outbound.asked[OIDC] == 1


def test_what_the_shared_cache_holds_is_checked_like_an_answer(tenant: Tenant, clock: Clock) -> None:
    class Poisoned:
        def get(self, key: str) -> Any:
            return {
                "fetched_at": clock(),
                "document": {"issuer": "https://evil.example.com/", "jwks_uri": JWKS},
            }

        def set(self, key: str, value: Any, ttl: float) -> None:
            pass

    server = AuthorizationServer(ISSUER, tenant.outbound, Poisoned(), clock=clock)  # type: ignore[arg-type]
    assert server.issuer() == ISSUER


@pytest.mark.parametrize(
    "entry", [7, [], {}, {"fetched_at": "x"}, {"fetched_at": float("nan"), "document": {}}]
)
def test_rubbish_in_the_shared_cache_is_a_miss(tenant: Tenant, clock: Clock, entry: Any) -> None:
    class Rubbish:
        def get(self, key: str) -> Any:
            return entry

        def set(self, key: str, value: Any, ttl: float) -> None:
            pass

    server = AuthorizationServer(ISSUER, tenant.outbound, Rubbish(), clock=clock)  # type: ignore[arg-type]
    assert server.issuer() == ISSUER


def test_a_stale_document_is_used_on_while_the_tenant_is_down(
    tenant: Tenant, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server = tenant.server()
    server.issuer()
    tenant.outbound.down = True
    clock.advance(3600)
    with caplog.at_level(logging.WARNING):
        assert server.issuer() == ISSUER
    assert "used on" in caplog.text
    assert tenant.outbound.asked[OIDC] == 2
    clock.advance(29)
    assert server.issuer() == ISSUER
    assert tenant.outbound.asked[OIDC] == 2
    clock.advance(1)
    tenant.outbound.down = False
    assert server.issuer() == ISSUER
    assert tenant.outbound.asked[OIDC] == 3


def test_a_worker_that_starts_during_an_outage_takes_the_stale_one_from_the_cache(
    tenant: Tenant, clock: Clock
) -> None:
    tenant.server().issuer()
    tenant.outbound.down = True
    clock.advance(3600)
    assert tenant.server().issuer() == ISSUER


def test_a_clock_that_is_put_back_makes_no_pause_longer_than_a_pause_can_be(
    tenant: Tenant, clock: Clock
) -> None:
    server = tenant.server()
    tenant.outbound.down = True
    with pytest.raises(AuthorizationUnavailable):
        server.issuer()
    clock.advance(-86_400)
    with pytest.raises(AuthorizationUnavailable) as caught:
        server.issuer()
    assert (caught.value.retry_after or 0) <= 60
    asked = tenant.outbound.asked[OIDC]
    with pytest.raises(AuthorizationUnavailable):
        server.issuer()
    assert tenant.outbound.asked[OIDC] == asked == 2
    tenant.outbound.down = False
    clock.advance(5)
    assert server.issuer() == ISSUER


def test_a_stale_document_is_not_used_for_ever(tenant: Tenant, clock: Clock) -> None:
    server = tenant.server()
    server.issuer()
    tenant.outbound.down = True
    clock.advance(86_401)
    with pytest.raises(AuthorizationUnavailable):
        server.issuer()


def test_a_lying_tenant_does_not_replace_a_good_document(tenant: Tenant, clock: Clock) -> None:
    server = tenant.server()
    server.issuer()
    tenant.outbound.documents[OIDC] = {"issuer": "https://evil.example.com/", "jwks_uri": JWKS}
    clock.advance(600)
    assert server.issuer() == ISSUER


def test_a_dead_tenant_is_asked_again_only_after_a_pause(tenant: Tenant, clock: Clock) -> None:
    tenant.outbound.down = True
    server = tenant.server()
    for _ in range(4):
        with pytest.raises(AuthorizationUnavailable) as caught:
            server.issuer()
        assert caught.value.retry_after == 5
    assert tenant.outbound.asked[OIDC] == 1
    clock.advance(5)
    tenant.outbound.down = False
    assert server.issuer() == ISSUER


def test_a_tenant_that_says_when_to_come_back_is_heard(tenant: Tenant, clock: Clock) -> None:
    tenant.outbound.documents[OIDC] = OutboundError("slow down", status=429, retry_after=40)
    server = tenant.server()
    with pytest.raises(AuthorizationUnavailable) as caught:
        server.issuer()
    assert caught.value.retry_after == 40
    clock.advance(39)
    with pytest.raises(AuthorizationUnavailable):
        server.issuer()
    assert tenant.outbound.asked[OIDC] == 1


def test_why_a_document_was_refused_is_still_said_during_the_pause(tenant: Tenant) -> None:
    tenant.outbound.documents[OIDC] = {"issuer": "https://evil.example.com/", "jwks_uri": JWKS}
    server = tenant.server()
    for _ in range(2):
        with pytest.raises(DocumentError, match="evil"):
            server.issuer()


def test_threads_that_ask_at_once_share_one_fetch(tenant: Tenant) -> None:
    entered, proceed = threading.Event(), threading.Event()
    fetch = tenant.outbound.get_json

    def slow(url: str, **how: Any) -> Any:
        entered.set()
        assert proceed.wait(10)
        return fetch(url, **how)

    tenant.outbound.get_json = slow  # type: ignore[method-assign]
    server = tenant.server()
    issuers: list[str] = []
    threads = [threading.Thread(target=lambda: issuers.append(server.issuer())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    proceed.set()
    for thread in threads:
        thread.join(10)
    assert issuers == [ISSUER] * 8
    assert tenant.outbound.asked[OIDC] == 1


def test_with_a_stale_document_nobody_waits_for_the_thread_that_fetches(tenant: Tenant, clock: Clock) -> None:
    server = tenant.server()
    server.issuer()
    clock.advance(600)
    entered, proceed = threading.Event(), threading.Event()

    def stuck(url: str, **how: Any) -> Any:
        entered.set()
        assert proceed.wait(10)
        raise OutboundError("down")

    tenant.outbound.get_json = stuck  # type: ignore[method-assign]
    thread = threading.Thread(target=server.issuer)
    thread.start()
    assert entered.wait(10)
    assert server.issuer() == ISSUER
    proceed.set()
    thread.join(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_during_a_fetch_leaves_the_child_able_to_fetch(tenant: Tenant) -> None:
    server = tenant.server()
    entered, proceed = threading.Event(), threading.Event()
    fetch = tenant.outbound.get_json

    def stuck(url: str, **how: Any) -> Any:
        entered.set()
        assert proceed.wait(10)
        return fetch(url, **how)

    tenant.outbound.get_json = stuck  # type: ignore[method-assign]
    thread = threading.Thread(target=server.issuer)
    thread.start()
    assert entered.wait(10)
    pid = os.fork()
    if pid == 0:  # pragma: no cover (the child's coverage is not collected)
        tenant.outbound.get_json = fetch  # type: ignore[method-assign]
        os._exit(0 if server.issuer() == ISSUER else 1)
    _, status = os.waitpid(pid, 0)
    proceed.set()
    thread.join(10)
    assert os.waitstatus_to_exitcode(status) == 0
