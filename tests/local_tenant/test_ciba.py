"""Approval on another device."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_mcp_auth0.local_tenant.model import GRANT_CIBA
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, ISSUER, Clock, Party, claims_of, refused

SERVER = {"client_id": "server", "client_secret": "server-secret"}
HINT = json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": "auth0|alice"})


@pytest.fixture
def device(app: Flask) -> Party:
    return Party(app)


def begin(party: Party, **fields: Any) -> TestResponse:
    body = {
        "login_hint": HINT,
        "scope": "openid tool:report",
        "binding_message": "Pay invoice 7",
        "audience": AUDIENCE,
        **SERVER,
    } | fields
    return party.call("/bc-authorize", {k: v for k, v in body.items() if v is not None})


def poll(party: Party, request_id: str, **fields: Any) -> TestResponse:
    body = {"grant_type": GRANT_CIBA, "auth_req_id": request_id, **SERVER} | fields
    return party.call("/oauth/token", {k: v for k, v in body.items() if v is not None})


def press(party: Party, request_id: str, action: str) -> TestResponse:
    page = party.get("/ciba")
    return party.submit(page, "/ciba", id=request_id, action=action)


def begun(party: Party) -> str:
    answer = begin(party).json
    assert answer is not None
    assert answer["interval"] == 5
    assert answer["expires_in"] == 300
    return str(answer["auth_req_id"])


def test_the_user_approves_on_the_page_and_the_application_gets_its_tokens(device: Party) -> None:
    request_id = begun(device)
    assert refused(poll(device, request_id))[:2] == (400, "authorization_pending")
    page = device.get("/ciba").text
    assert "Pay invoice 7" in page
    assert "Alice Archer" in page
    assert press(device, request_id, "approve").status_code == 302
    assert "Nothing waits" in device.get("/ciba").text
    answer = poll(device, request_id)
    assert answer.json is not None
    assert claims_of(answer.json["access_token"])["sub"] == "auth0|alice"
    assert claims_of(answer.json["id_token"])["aud"] == "server"
    assert refused(poll(device, request_id))[1] == "invalid_grant", "tokens are given once"


def test_the_user_denies(device: Party) -> None:
    request_id = begun(device)
    press(device, request_id, "deny")
    assert refused(poll(device, request_id))[:2] == (400, "access_denied")


def test_polling_too_fast_is_slowed_down(device: Party, clock: Clock) -> None:
    request_id = begun(device)
    assert refused(poll(device, request_id))[1] == "authorization_pending"
    assert refused(poll(device, request_id))[1] == "slow_down"
    clock.pass_(5)
    assert refused(poll(device, request_id))[1] == "authorization_pending"


def test_a_request_nobody_answers_expires(device: Party, clock: Clock) -> None:
    request_id = begun(device)
    clock.pass_(301)
    assert "Nothing waits" in device.get("/ciba").text
    assert refused(poll(device, request_id))[1] == "expired_token"


def test_a_request_may_expire_sooner(device: Party, clock: Clock) -> None:
    answer = begin(device, requested_expiry="30").json
    assert answer is not None
    assert answer["expires_in"] == 30
    assert refused(begin(device, requested_expiry="forever"))[1] == "invalid_request"
    assert refused(begin(device, requested_expiry="0"))[1] == "invalid_request"


def test_a_test_may_answer_by_program(device: Party) -> None:
    request_id = begun(device)
    headers = {"X-Local-Tenant-Control": "1"}
    body = {"id": request_id, "approve": True}
    assert device.call("/_control/ciba", json=body, headers=headers).status_code == 200
    assert device.call("/_control/ciba", json=body, headers=headers).status_code == 400
    assert poll(device, request_id).status_code == 200


def test_the_form_needs_its_token(device: Party) -> None:
    request_id = begun(device)
    assert device.post("/ciba", data={"id": request_id, "action": "approve"}).status_code == 403
    assert refused(poll(device, request_id))[1] == "authorization_pending"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"scope": "tool:report"}, "invalid_scope"),
        ({"binding_message": None}, "invalid_binding_message"),
        ({"binding_message": "x" * 65}, "invalid_binding_message"),
        ({"binding_message": "<b>"}, "invalid_binding_message"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "auth0|alice"}, "invalid_request"),
        ({"login_hint": json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": "x"})}, "unknown_user_id"),
        ({"login_hint": HINT.replace("8400", "1")}, "unknown_user_id"),
        ({"login_hint": HINT.replace("alice", "mallory")}, "unknown_user_id"),
        ({"audience": "https://unknown.example"}, "access_denied"),
        ({"client_id": "web", "client_secret": "web-secret"}, "unauthorized_client"),
        ({"client_secret": "wrong"}, "access_denied"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(device: Party, fields: dict[str, Any], error: str) -> None:
    assert refused(begin(device, **fields))[1] == error


def test_another_application_cannot_collect_the_answer(device: Party, state: TenantState) -> None:
    request_id = begun(device)
    state.clients["web"].grant_types.append(GRANT_CIBA)
    press(device, request_id, "approve")
    other = {"client_id": "web", "client_secret": "web-secret"}
    assert refused(poll(device, request_id, **other))[1] == "invalid_grant"


def test_the_page_only_looks_again_by_itself_while_nothing_waits(device: Party) -> None:
    assert re.search("http-equiv=.refresh", device.get("/ciba").text)
    begun(device)
    assert not re.search("http-equiv=.refresh", device.get("/ciba").text)
