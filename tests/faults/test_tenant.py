"""Auth0 down, slow, lying, rotating its keys."""

from __future__ import annotations

import json
import threading

import pytest
from joserfc.jwk import RSAKey

from flask_mcp_auth0.auth.remote_document import FRESH_FOR, PAUSE_WITHOUT, REFETCH_PAUSE, STALE_FOR
from flask_mcp_auth0.local_tenant.tenant import tenant_of
from flask_mcp_auth0.testing import Auth0Tenant

from .conftest import Place
from .rows import fault, sees

UNAVAILABLE = (
    "Authorization is unavailable for now, so it cannot be checked whether you may use the 'ledger' tool. "
    "Please try again later."
)
KEYS = "GET /.well-known/jwks.json"
DISCOVERY = "GET /.well-known/*"
MANAGEMENT = "* /api/v2/*"


@fault(
    "The tenant is down when the app starts",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="The app starts. Once the tenant answers: within 5 s, the wait that is told.",
)
def test_a_tenant_that_is_down_at_start_is_503_until_it_comes_back(tenant: Auth0Tenant) -> None:
    tenant.state.faults.add("*", drop=True)
    place = Place(tenant)
    sees(test_a_tenant_that_is_down_at_start_is_503_until_it_comes_back, place.call())
    tenant.state.faults.clear()
    assert place.call().status_code == 503
    place.clock.advance(PAUSE_WITHOUT + 1)
    assert place.call().status_code == 200


@fault(
    "Nothing listens where the tenant should be",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="As above.",
)
def test_a_tenant_that_refuses_connections_is_503(tenant: Auth0Tenant) -> None:
    place = Place(tenant, AUTH0_DOMAIN="http://127.0.0.1:9/")
    sees(test_a_tenant_that_refuses_connections_is_503, place.call())


@fault(
    "The tenant goes down; keys and discovery are in hand",
    sees="200, the answer",
    recovers="Nothing has to: the last documents are used for 24 hours, and asked for every 30 s.",
)
def test_a_tenant_that_goes_down_leaves_its_keys_in_use_for_a_day(place: Place) -> None:
    place.warm()
    place.tenant.state.faults.add(DISCOVERY, drop=True)
    place.clock.advance(FRESH_FOR + 1)
    sees(test_a_tenant_that_goes_down_leaves_its_keys_in_use_for_a_day, place.call())
    place.clock.advance(STALE_FOR)
    assert place.call().status_code == 503


@fault(
    "The Management API goes down; the permission is not cached",
    sees=f"200, `isError`: {UNAVAILABLE}",
    recovers="Denied until it answers. It is left alone for 1 s, then 2, 4 … 30 s, then asked again.",
)
def test_a_permission_that_cannot_be_asked_for_is_denied_as_unavailable(place: Place) -> None:
    assert place.call().status_code == 200
    place.state.lookup.forget()
    place.tenant.state.faults.add(MANAGEMENT, drop=True)
    sees(test_a_permission_that_cannot_be_asked_for_is_denied_as_unavailable, place.call("ledger"))
    place.tenant.state.faults.clear()
    place.clock.advance(31)
    assert place.call("ledger").get_json()["result"]["isError"] is False


@fault(
    "The Management API goes down; the permission is cached",
    sees="200, the answer",
    recovers="Used until its time to live is over (60 s), then denied as unavailable.",
)
def test_a_kept_permission_is_used_until_its_time_is_over(place: Place) -> None:
    place.warm()
    place.tenant.state.faults.add(MANAGEMENT, status=503)
    sees(test_a_kept_permission_is_used_until_its_time_is_over, place.call("ledger"))
    place.clock.advance(61)
    assert UNAVAILABLE in place.call("ledger").get_data(as_text=True)


@fault(
    "The Management API is down for longer than the API's permissions are kept (300 s); a tool without protection",
    sees=f"200, `isError`: {UNAVAILABLE.replace('ledger', 'greet')}",
    recovers="Within 30 s of its return. With `AUTH0_PROTECT` `decorated` such tools depend on nobody.",
)
def test_a_plain_tool_needs_to_know_which_permissions_are_defined(place: Place) -> None:
    place.warm()
    place.tenant.state.faults.add(MANAGEMENT, drop=True)
    assert place.call().get_json()["result"]["isError"] is False
    place.clock.advance(301)
    sees(test_a_plain_tool_needs_to_know_which_permissions_are_defined, place.call())
    place.tenant.state.faults.clear()
    place.clock.advance(31)
    assert place.call().get_json()["result"]["isError"] is False
    decorated = Place(place.tenant, AUTH0_PROTECT="decorated")
    place.tenant.state.faults.add(MANAGEMENT, drop=True)
    assert decorated.call().get_json()["result"]["isError"] is False


@fault(
    "The Management API answers 429",
    sees=f"200, `isError`: {UNAVAILABLE}",
    recovers="It is left alone for as long as it says (120 s at most), by every worker that shares the cache.",
)
def test_a_rate_limit_is_kept_to(place: Place) -> None:
    place.warm()
    place.state.lookup.forget()
    place.tenant.state.faults.add(MANAGEMENT, status=429, retry_after=20)
    sees(test_a_rate_limit_is_kept_to, place.call("ledger"))
    place.tenant.state.faults.clear()
    before = dict(place.tenant.state.counts)
    assert UNAVAILABLE in place.call("ledger").get_data(as_text=True)
    assert dict(place.tenant.state.counts) == before
    place.clock.advance(21)
    assert place.call("ledger").get_json()["result"]["isError"] is False


@fault(
    "The tenant takes longer to answer than anybody should wait",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="Given up after 3 s to connect and 5 s to answer; asked again 5 s later. With keys in hand nobody waits.",
)
def test_a_tenant_that_does_not_answer_in_time_is_503(place: Place) -> None:
    place.hurry()
    place.tenant.state.faults.add(DISCOVERY, latency=60)
    sees(test_a_tenant_that_does_not_answer_in_time_is_503, place.call())


@fault(
    "The Management API takes longer to answer than anybody should wait",
    sees=f"200, `isError`: {UNAVAILABLE}",
    recovers="Given up after 3 s, without a retry; everybody else is told at once for the next seconds.",
)
def test_a_management_api_that_does_not_answer_in_time_is_unavailable(place: Place) -> None:
    place.warm()
    place.state.lookup.forget()
    place.hurry()
    place.tenant.state.faults.add(MANAGEMENT, latency=60)
    sees(test_a_management_api_that_does_not_answer_in_time_is_unavailable, place.call("ledger"))


@fault(
    "The discovery document is another issuer's",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="No token is accepted until the document is right; the log names both issuers.",
)
def test_a_discovery_document_of_another_issuer_is_not_believed(place: Place) -> None:
    lie = {"issuer": "https://evil.example/", "jwks_uri": "https://evil.example/jwks.json"}
    place.tenant.state.faults.add(DISCOVERY, content=json.dumps(lie), content_type="application/json")
    sees(test_a_discovery_document_of_another_issuer_is_not_believed, place.call())
    place.tenant.state.faults.clear()
    place.clock.advance(PAUSE_WITHOUT + 1)
    assert place.call().status_code == 200


@fault(
    "The tenant's tokens name another issuer than its discovery document",
    sees="401 `invalid_token`",
    recovers="Nothing: such a token is never accepted.",
)
def test_a_token_of_another_issuer_is_refused(place: Place) -> None:
    sees(test_a_token_of_another_issuer_is_refused, place.call(iss="https://evil.example/"))


@fault(
    "The key set lacks the key that tokens are signed with",
    sees="401 `invalid_token`",
    recovers="The key set is asked for again when such a token comes, every 30 s at most; meanwhile 503.",
)
def test_a_key_set_without_the_key_refuses_until_it_is_right(place: Place) -> None:
    other = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True).as_dict(private=False)
    wrong = json.dumps({"keys": [other]})
    place.tenant.state.faults.add(KEYS, content=wrong, content_type="application/json")
    sees(test_a_key_set_without_the_key_refuses_until_it_is_right, place.call())
    place.tenant.state.faults.clear()
    place.clock.advance(REFETCH_PAUSE + 1)
    assert place.call().status_code == 200


@pytest.mark.parametrize(
    "content", ["<html>", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}', ""]
)
@fault(
    "The key set is no key set, or holds no usable key",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="Within 5 s of the key set being right again.",
)
def test_a_key_set_that_is_none_is_503(place: Place, content: str) -> None:
    place.tenant.state.faults.add(KEYS, content=content or " ", content_type="application/json")
    sees(test_a_key_set_that_is_none_is_503, place.call())
    place.tenant.state.faults.clear()
    place.clock.advance(PAUSE_WITHOUT + 1)
    assert place.call().status_code == 200


@fault(
    "An answer breaks off in the middle",
    sees="503 `temporarily_unavailable`, `Retry-After`",
    recovers="Within 5 s.",
)
def test_an_answer_that_breaks_off_is_no_answer(place: Place) -> None:
    place.tenant.state.faults.add(DISCOVERY, truncate=True)
    sees(test_an_answer_that_breaks_off_is_no_answer, place.call())
    place.tenant.state.faults.clear()
    place.clock.advance(PAUSE_WITHOUT + 1)
    assert place.call().status_code == 200


@fault(
    "The tenant rotates its keys under load",
    sees="200, the answer",
    recovers="At once: tokens of either key are accepted, no call fails.",
)
def test_keys_that_are_rotated_under_load_fail_nobody(place: Place) -> None:
    place.warm()
    failures: list[str] = []
    rotated = threading.Barrier(5)

    def work() -> None:
        old = place.token()
        for step in range(20):
            if step == 10:
                rotated.wait(30)
                rotated.wait(30)
            for token in (old, place.token()):
                response = place.call("ledger", token=token)
                if response.status_code != 200:
                    failures.append(response.get_data(as_text=True))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    rotated.wait(30)
    tenant_of(place.tenant._server.app).keys.rotate()
    rotated.wait(30)
    for thread in threads:
        thread.join(60)
    assert failures == []
    sees(test_keys_that_are_rotated_under_load_fail_nobody, place.call("ledger"))


@fault(
    "A signing key is withdrawn",
    sees="401 `invalid_token`",
    recovers="Its tokens end when the key set is fetched next: within 10 minutes, or at the first token of a new key.",
)
def test_a_withdrawn_key_takes_its_tokens_with_it(place: Place) -> None:
    place.warm()
    old = place.token()
    assert place.call(token=old).status_code == 200
    keys = tenant_of(place.tenant._server.app).keys
    keys.revoke(keys.kid)
    place.clock.advance(FRESH_FOR + 1)
    assert place.call().status_code == 200
    place.clock.advance(REFETCH_PAUSE + 1)
    sees(test_a_withdrawn_key_takes_its_tokens_with_it, place.call(token=old))
