from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.auth0_api.parameters import RESERVED_PARAMETERS
from flask_mcp_auth0.errors import (
    Auth0APIError,
    ConfigurationError,
    OutsideRequestError,
    PermissionDenied,
    ToolError,
)

from .doubles import SECRET, USER_TOKEN, Clock, make_settings, person
from .fake_auth0 import Answer, FakeAuth0, Received, refusal, token

API = "https://orders.example.com/"


def sent(auth0: FakeAuth0) -> dict[str, str | None]:
    (received,) = auth0.to("/oauth/token")
    fields = {name: received[name] for name in received.form}
    assert fields.pop("client_id") == "our-client"
    assert fields.pop("client_secret") == SECRET
    return fields


def test_on_behalf_of_exchanges_the_current_token(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", token("for-orders", scope="read:orders"))

    given = client.get_token_on_behalf_of(API, ["read:orders", "write:orders"])

    assert given.access_token == "for-orders"
    assert given.scope == "read:orders"
    assert sent(auth0) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": USER_TOKEN,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": API,
        "scope": "read:orders write:orders",
    }


def test_on_behalf_of_takes_another_token_outside_a_request(auth0: FakeAuth0, client: Auth0Client) -> None:
    auth0.on("/oauth/token", token())

    client.get_token_on_behalf_of(API, access_token="a-token-of-this-api")

    assert sent(auth0)["subject_token"] == "a-token-of-this-api"
    assert "scope" not in sent(auth0)


def test_a_profile_exchange_sends_everything_that_it_is_given(auth0: FakeAuth0, client: Auth0Client) -> None:
    auth0.on("/oauth/token", token())

    client.get_token_by_exchange_profile(
        "legacy-token",
        subject_token_type="https://example.com/legacy",
        audience=API,
        scope="read:orders",
        organization="org_1",
        requested_token_type="urn:ietf:params:oauth:token-type:access_token",
        extra={"device": "phone"},
    )

    assert sent(auth0) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "legacy-token",
        "subject_token_type": "https://example.com/legacy",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": API,
        "scope": "read:orders",
        "organization": "org_1",
        "device": "phone",
    }


def test_a_profile_exchange_never_falls_back_on_the_current_token(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    with pytest.raises(ValueError, match="subject_token"):
        client.get_token_by_exchange_profile("", subject_token_type="https://example.com/x", audience=API)

    assert auth0.to("/oauth/token") == []


def test_a_token_for_a_connection_comes_from_the_token_vault(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", token("ya29.google", issued_token_type="urn:x"))

    given = client.get_access_token_for_connection("google-oauth2", login_hint="ada@example.com")

    assert given.access_token == "ya29.google"
    assert given.issued_token_type == "urn:x"
    assert sent(auth0) == {
        "grant_type": "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
        "subject_token": USER_TOKEN,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": "http://auth0.com/oauth/token-type/federated-connection-access-token",
        "connection": "google-oauth2",
        "login_hint": "ada@example.com",
    }


def test_client_credentials_speak_for_the_application_alone(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", token())

    client.client_credentials(API, scope="read:orders", organization="org_1")

    assert sent(auth0) == {
        "grant_type": "client_credentials",
        "audience": API,
        "scope": "read:orders",
        "organization": "org_1",
    }


CALLS: dict[str, Callable[[Auth0Client], Any]] = {
    "on behalf of": lambda client: client.get_token_on_behalf_of(API),
    "connection": lambda client: client.get_access_token_for_connection("google-oauth2"),
    "approval": lambda client: client.backchannel_login("Pay"),
    "user info": lambda client: client.user_info(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_machine_is_refused_what_needs_a_user(
    auth0: FakeAuth0, client: Auth0Client, as_machine: AuthInfo, call: Callable[[Auth0Client], Any]
) -> None:
    with pytest.raises(PermissionDenied, match="machine client 'some-mcp-client'") as caught:
        call(client)

    assert "somebody logged in" in str(caught.value.message)
    assert auth0.received == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_outside_a_request_there_is_no_user_to_act_for(
    auth0: FakeAuth0, client: Auth0Client, call: Callable[[Auth0Client], Any]
) -> None:
    with pytest.raises(OutsideRequestError, match="current MCP request"):
        call(client)

    assert auth0.received == []


@pytest.mark.parametrize("call", [*list(CALLS.values())[:3], lambda client: client.client_credentials(API)])
def test_without_credentials_the_settings_are_named(
    auth0: FakeAuth0,
    make_client: Callable[..., Auth0Client],
    as_ada: AuthInfo,
    call: Callable[[Auth0Client], Any],
) -> None:
    client = make_client(make_settings(auth0, AUTH0_CLIENT_ID=None, AUTH0_CLIENT_SECRET=None))

    with pytest.raises(ConfigurationError, match="AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET") as caught:
        call(client)

    assert "Applications > Applications" in str(caught.value)
    assert auth0.to("/oauth/token") == []


def test_a_token_is_kept_until_shortly_before_it_expires(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", token("first", 600), token("second", 600))

    assert client.get_token_on_behalf_of(API).access_token == "first"
    clock.now += 569
    assert client.get_token_on_behalf_of(API).access_token == "first"
    clock.now += 1
    assert client.get_token_on_behalf_of(API).access_token == "second"


def test_a_token_that_lives_for_seconds_is_kept_for_half_of_them(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, clock: Clock
) -> None:
    auth0.on("/oauth/token", token("first", 10), token("second", 10))

    client.get_token_on_behalf_of(API)
    clock.now += 4
    assert client.get_token_on_behalf_of(API).access_token == "first"
    clock.now += 1
    assert client.get_token_on_behalf_of(API).access_token == "second"


def test_a_token_without_a_lifetime_is_not_kept(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", Answer(200, {"access_token": "one"}), Answer(200, {"access_token": "two"}))

    assert client.get_token_on_behalf_of(API).access_token == "one"
    assert client.get_token_on_behalf_of(API).access_token == "two"


def test_a_failure_is_not_kept(auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", refusal("invalid_grant"), token("after all"))

    with pytest.raises(Auth0APIError):
        client.get_token_on_behalf_of(API)

    assert client.get_token_on_behalf_of(API).access_token == "after all"


def test_whatever_goes_into_a_question_tells_it_from_others(auth0: FakeAuth0, client: Auth0Client) -> None:
    def number(received: Received) -> Answer:
        return token(f"token-{len(auth0.to('/oauth/token'))}")

    auth0.on("/oauth/token", number)
    profile: dict[str, Any] = {"subject_token_type": "https://example.com/a", "audience": API}

    def exchange(subject: str = "s", **changed: Any) -> Any:
        return client.get_token_by_exchange_profile(subject, **{**profile, **changed})

    questions: list[Callable[[], Any]] = [
        lambda: exchange(),
        lambda: exchange("t"),
        lambda: exchange(subject_token_type="https://example.com/b"),
        lambda: exchange(audience="https://other/"),
        lambda: exchange(scope="read"),
        lambda: exchange(scope="read write"),
        lambda: exchange(organization="org_1"),
        lambda: exchange(organization="org_2"),
        lambda: exchange(requested_token_type="urn:x"),
        lambda: exchange(extra={"a": "1"}),
        lambda: exchange(extra={"a": "2"}),
        lambda: exchange(extra={"a": ["1", "2"]}),
        lambda: client.get_token_on_behalf_of(API, access_token="s"),
        lambda: client.get_token_on_behalf_of(API, access_token="t"),
        lambda: client.get_token_on_behalf_of(API, "read", access_token="s"),
        lambda: client.get_access_token_for_connection("google-oauth2", access_token="s"),
        lambda: client.get_access_token_for_connection("google-oauth2", access_token="t"),
        lambda: client.get_access_token_for_connection("google-oauth2", access_token="s", login_hint="me"),
        lambda: client.get_access_token_for_connection("github", access_token="s"),
        lambda: client.client_credentials(API),
        lambda: client.client_credentials(API, scope="read"),
        lambda: client.client_credentials(API, organization="org_1"),
        lambda: client.client_credentials("https://other/"),
    ]

    first = [ask().access_token for ask in questions]
    again = [ask().access_token for ask in questions]

    assert len(set(first)) == len(questions)
    assert again == first
    assert len(auth0.to("/oauth/token")) == len(questions)


def test_two_users_never_share_a_token(auth0: FakeAuth0, client: Auth0Client) -> None:
    auth0.on("/oauth/token", lambda received: token("for-" + str(received["subject_token"])))

    given = [
        client.get_token_on_behalf_of(API, access_token=user).access_token for user in ("ada", "bob", "ada")
    ]

    assert given == ["for-ada", "for-bob", "for-ada"]


def test_nothing_kept_shows_whose_token_it_is(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", token("for-orders"))
    client.get_token_on_behalf_of(API)

    (held,) = client._cache._process._values.values()

    assert all(len(key) == 64 and int(key, 16) >= 0 for key in held.tokens)
    assert USER_TOKEN not in repr(held.tokens)
    assert "for-orders" not in repr(held.tokens)


def test_callers_that_ask_the_same_at_the_same_time_share_one_exchange(
    auth0: FakeAuth0, client: Auth0Client
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(received: Received) -> Answer:
        asked.set()
        go_on.wait(10)
        return token("shared")

    auth0.on("/oauth/token", slowly)
    given: list[str] = []

    def exchange() -> None:
        given.append(client.get_token_on_behalf_of(API, access_token="ada").access_token)

    threads = [threading.Thread(target=exchange) for _ in range(8)]
    threads[0].start()
    asked.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert given == ["shared"] * 8
    assert len(auth0.to("/oauth/token")) == 1


@pytest.mark.parametrize("name", sorted(RESERVED_PARAMETERS))
def test_extra_parameters_cannot_replace_those_of_the_exchange(
    auth0: FakeAuth0, client: Auth0Client, name: str
) -> None:
    with pytest.raises(ValueError, match=name):
        client.get_token_by_exchange_profile(
            "s", subject_token_type="https://example.com/a", audience=API, extra={name: "x"}
        )

    assert auth0.received == []


@pytest.mark.parametrize(
    "extra", [{str(number): "x" for number in range(21)}, {"a": ["x"] * 21}], ids=["names", "values"]
)
def test_extra_parameters_are_bounded(auth0: FakeAuth0, client: Auth0Client, extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="more than 20"):
        client.get_token_by_exchange_profile(
            "s", subject_token_type="https://example.com/a", audience=API, extra=extra
        )


@pytest.mark.parametrize("subject", ["", "Bearer abc", "abc\n", " abc", "x" * 16_385])
def test_a_subject_token_is_the_token_itself(auth0: FakeAuth0, client: Auth0Client, subject: str) -> None:
    with pytest.raises(ValueError, match="subject_token must be the token itself"):
        client.get_token_by_exchange_profile(
            subject, subject_token_type="https://example.com/a", audience=API
        )

    assert auth0.received == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_token_on_behalf_of(""),
        lambda client: client.client_credentials(""),
        lambda client: client.get_access_token_for_connection(""),
        lambda client: client.get_token_by_exchange_profile("s", subject_token_type="", audience=API),
    ],
)
def test_what_is_asked_for_must_be_named(
    client: Auth0Client, as_ada: AuthInfo, call: Callable[[Auth0Client], Any]
) -> None:
    with pytest.raises(ValueError, match="is missing"):
        call(client)


def test_a_token_that_is_bound_to_a_key_is_refused_since_nobody_here_holds_the_key(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", Answer(200, {"access_token": "bound", "token_type": "DPoP", "expires_in": 60}))

    with pytest.raises(Auth0APIError, match="DPoP"):
        client.get_token_on_behalf_of(API)


def test_a_tenant_without_the_grant_says_where_to_give_it(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/oauth/token", refusal("unauthorized_client", f"Client is not authorized to access {API}"))

    with pytest.raises(Auth0APIError, match="Application Access") as caught:
        client.get_token_on_behalf_of(API)

    assert caught.value.error == "unauthorized_client"
    assert "get_token_on_behalf_of()" in str(caught.value)


def test_user_info_asks_auth0_and_nobody_else(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/userinfo", Answer(200, {"sub": "auth0|ada", "name": "Ada"}))

    assert client.user_info() == {"sub": "auth0|ada", "name": "Ada"}
    (received,) = auth0.to("/userinfo")
    assert received.headers["Authorization"] == f"Bearer {USER_TOKEN}"


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [
        (Answer(401), "scope openid", 401),
        (Answer(403), "scope openid", 403),
        (Answer(429, None, {"Retry_After": "3"}), "rate limit", 429),
        (Answer(503), "in trouble", 503),
        (Answer(200, ["not claims"]), "something else", None),
        (Answer(drop=True), "got no answer", None),
    ],
)
def test_user_info_that_cannot_be_had_is_explained(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo, answer: Answer, words: str, status: int | None
) -> None:
    auth0.on("/userinfo", answer)

    with pytest.raises(Auth0APIError, match=words) as caught:
        client.user_info()

    assert caught.value.status_code == status
    assert USER_TOKEN not in str(caught.value)


def test_user_info_of_a_tenant_that_cannot_be_discovered_is_explained(
    auth0: FakeAuth0, client: Auth0Client, as_ada: AuthInfo
) -> None:
    auth0.on("/.well-known/openid-configuration", Answer(503))

    with pytest.raises(Auth0APIError, match="got no answer"):
        client.user_info()


def test_a_token_is_verified_by_the_app_s_own_rules(make_client: Callable[..., Auth0Client]) -> None:
    def verify(given: str) -> AuthInfo:
        if given != "good":
            raise ToolError("not good")
        return person(given)

    client = make_client(verify=verify)

    assert client.verify_access_token("good").user.sub == "auth0|ada"
    with pytest.raises(ToolError):
        client.verify_access_token("bad")


def test_the_client_shows_its_tenant_and_no_secret(auth0: FakeAuth0, client: Auth0Client) -> None:
    assert repr(client) == f"<Auth0Client for {auth0.url}>"
    assert SECRET not in repr(vars(client))
