from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth0_api.ciba import Ticker, check_binding_message
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.errors import Auth0APIError

from .doubles import SECRET, Clock
from .fake_auth0 import DROP, Answer, FakeAuth0, refusal, token

PENDING = refusal("authorization_pending", "The end-user authorization is pending", 400)
DENIED = refusal("access_denied", "The end-user denied the authorization request or it has been expired", 403)


def started(expires_in: Any = 300, interval: Any = 5) -> Answer:
    return Answer(200, {"auth_req_id": "request-1", "expires_in": expires_in, "interval": interval})


def id_token(sub: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps({"sub": sub}).encode()).decode().rstrip("=")
    return f"header.{part}.signature"


@pytest.fixture(autouse=True)
def bc_authorize(auth0: FakeAuth0) -> None:
    auth0.on("/bc-authorize", started())


def failure_of(client: Auth0Client, **more: Any) -> Auth0APIError:
    with pytest.raises(Auth0APIError) as caught:
        client.backchannel_login("Pay 10", **more)
    return caught.value


def test_the_user_s_device_is_asked_and_the_answer_awaited(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", PENDING, PENDING, token("approved", id_token=id_token("auth0|ada")))

    approved = client.backchannel_login("Pay 10")

    assert approved.access_token == "approved"
    (asked,) = auth0.to("/bc-authorize")
    assert {name: asked[name] for name in asked.form if name != "login_hint"} == {
        "client_id": "our-client",
        "client_secret": SECRET,
        "scope": "openid",
        "binding_message": "Pay 10",
    }
    assert json.loads(asked["login_hint"] or "") == {
        "format": "iss_sub",
        "iss": auth0.url + "/",
        "sub": "auth0|ada",
    }
    polls = auth0.to("/oauth/token")
    assert len(polls) == 3
    assert polls[0]["grant_type"] == "urn:openid:params:grant-type:ciba"
    assert polls[0]["auth_req_id"] == "request-1"
    assert polls[0]["client_secret"] == SECRET
    assert sum(clock.waited) == 15
    assert max(clock.waited) <= 1


def test_more_can_be_asked_of_another_user(auth0: FakeAuth0, client: Auth0Client) -> None:
    auth0.on("/oauth/token", token())

    client.backchannel_login(
        "Pay 10",
        user_id="auth0|bob",
        scope=["openid", "pay"],
        audience="https://pay.example.com/",
        requested_expiry=60,
        authorization_details=[{"type": "payment", "amount": 10}],
    )

    (asked,) = auth0.to("/bc-authorize")
    assert json.loads(asked["login_hint"] or "")["sub"] == "auth0|bob"
    assert asked["scope"] == "openid pay"
    assert asked["audience"] == "https://pay.example.com/"
    assert asked["requested_expiry"] == "60"
    assert json.loads(asked["authorization_details"] or "") == [{"type": "payment", "amount": 10}]


def test_the_endpoint_of_the_discovery_document_is_used(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    named = auth0.metadata(backchannel_authentication_endpoint=auth0.url + "/elsewhere")
    auth0.on("/.well-known/openid-configuration", Answer(body=named))
    auth0.on("/elsewhere", started())
    auth0.on("/oauth/token", token())

    client.backchannel_login("Pay 10")

    assert len(auth0.to("/elsewhere")) == 1
    assert auth0.to("/bc-authorize") == []


def test_an_approval_is_asked_for_each_time(auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", token())

    client.backchannel_login("Pay 10")
    client.backchannel_login("Pay 10")

    assert len(auth0.to("/bc-authorize")) == 2


def test_a_refusal_on_the_device_ends_it(auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", PENDING, DENIED)

    assert failure_of(client).error == "access_denied"
    assert len(auth0.to("/oauth/token")) == 2


def test_waiting_ends_with_the_question_s_own_life(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/bc-authorize", started(expires_in=12))
    auth0.on("/oauth/token", PENDING)

    assert failure_of(client).error == "expired_token"
    assert sum(clock.waited) == 12
    assert len(auth0.to("/oauth/token")) == 2


def test_waiting_ends_when_the_caller_says(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", PENDING)

    assert failure_of(client, timeout=7).error == "expired_token"
    assert sum(clock.waited) == 7


def test_waiting_ends_within_a_second_of_the_client_s_leaving(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", PENDING)

    error = failure_of(client, should_stop=lambda: sum(clock.waited) >= 7)

    assert error.error == "request_cancelled"
    assert sum(clock.waited) == 7
    assert len(auth0.to("/oauth/token")) == 1


def test_the_app_tells_by_default_whether_the_client_left(
    auth0: FakeAuth0, make_client: Callable[..., Auth0Client], as_ada: AuthInfo
) -> None:
    client = make_client(should_stop=lambda: True)

    assert failure_of(client).error == "request_cancelled"
    assert auth0.to("/oauth/token") == []


def test_slow_down_means_five_seconds_more_or_what_auth0_says(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    times: list[float] = []

    def note(answer: Answer) -> Callable[[Any], Answer]:
        def at(received: Any) -> Answer:
            times.append(sum(clock.waited))
            return answer

        return at

    slow = refusal("slow_down", "", 400)
    slower = refusal("slow_down", "", 429, Retry_After="20")
    auth0.on("/oauth/token", note(slow), note(slower), note(token()))

    client.backchannel_login("Pay 10")

    assert times == [5, 15, 35]


@pytest.mark.parametrize("answer", [DROP, Answer(503, raw=b"<html>")], ids=["dropped", "503"])
def test_an_answer_that_got_lost_is_asked_for_again_less_often(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock, answer: Answer
) -> None:
    auth0.on("/oauth/token", answer, token("approved"))

    assert client.backchannel_login("Pay 10").access_token == "approved"
    assert sum(clock.waited) == 15


def test_a_tenant_that_stays_away_ends_it_in_time(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", DROP)

    assert failure_of(client).error == "expired_token"
    assert sum(clock.waited) == 120
    assert len(auth0.to("/oauth/token")) < 6


@pytest.mark.parametrize(
    ("expires_in", "interval", "first"),
    [
        (None, None, 5),
        ("soon", "often", 5),
        (0, 0, 5),
        (-1, -1, 5),
        (True, True, 5),
        (300, 1e9, 60),
        (300, 0.5, 0.5),
    ],
)
def test_odd_times_are_replaced_by_sensible_ones(
    auth0: FakeAuth0,
    client: Auth0Client,
    as_ada: AuthInfo,
    clock: Clock,
    expires_in: Any,
    interval: Any,
    first: float,
) -> None:
    auth0.on("/bc-authorize", started(expires_in, interval))
    auth0.on("/oauth/token", token())

    client.backchannel_login("Pay 10")

    assert sum(clock.waited) == first


@pytest.mark.parametrize(
    "given", [id_token("auth0|mallory"), id_token(None), "nonsense", "a.b.c", "a.!!!.c", 5, ["x"]]
)
def test_an_approval_by_somebody_else_is_none(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, given: object
) -> None:
    auth0.on("/oauth/token", token("approved", id_token=given))

    assert failure_of(client).error == "access_denied"


@pytest.mark.parametrize(
    "answer", [Answer(200, {}), Answer(200, {"auth_req_id": 5}), Answer(200, []), refusal("invalid_request")]
)
def test_a_question_that_is_not_accepted_is_not_polled_for(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, answer: Answer
) -> None:
    auth0.on("/bc-authorize", answer)

    assert "was refused by Auth0" in str(failure_of(client))
    assert auth0.to("/oauth/token") == []


def test_a_question_that_gets_no_answer_is_an_error(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/bc-authorize", DROP)

    assert "got no answer" in str(failure_of(client))


def test_an_approval_without_a_token_is_none(auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", Answer(200, {"scope": "openid"}))

    assert "without a token" in str(failure_of(client))


@pytest.mark.parametrize("message", ["Pay 10", "a", "Order #5: +1-2_3.4,x", "x" * 64])
def test_a_message_that_a_device_can_show_is_sent_as_it_is(message: str) -> None:
    assert check_binding_message(message) == message


@pytest.mark.parametrize(
    "message", ["", "x" * 65, "10 €", "a\nb", "a\x00", "<b>", "ada@example.com", "é", "\u202e", "a\n"]
)
def test_any_other_message_is_refused_and_nobody_is_asked(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, message: str
) -> None:
    with pytest.raises(ValueError, match="64 characters"):
        client.backchannel_login(message)

    assert auth0.to("/bc-authorize") == []


def test_time_is_real_unless_somebody_says_otherwise() -> None:
    ticker = Ticker()
    before = ticker.monotonic()
    ticker.wait(0)

    assert ticker.monotonic() >= before


def test_a_tenant_that_cannot_be_discovered_is_an_error(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/.well-known/openid-configuration", Answer(503))

    assert "got no answer" in str(failure_of(client))
