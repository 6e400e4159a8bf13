from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from flask_mcp_auth0.auth.cache import LookupCache
from flask_mcp_auth0.auth.discovery import AuthorizationServer
from flask_mcp_auth0.auth0_api.access_token import AccessToken
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.auth0_api.credentials import ClientCredentials
from flask_mcp_auth0.auth0_api.errors import Wanted
from flask_mcp_auth0.auth0_api.token_endpoint import TokenEndpoint
from flask_mcp_auth0.errors import Auth0APIError, ConfigurationError
from flask_mcp_auth0.outbound import Outbound

from .doubles import SECRET, Clock, make_settings
from .fake_auth0 import DROP, STALL, Answer, FakeAuth0, Received, refusal, token

WANTED = Wanted("call()", audience="https://api.example.com/")
GRANT = "client_credentials"


@pytest.fixture
def endpoint(server: AuthorizationServer, outbound: Outbound, clock: Clock) -> TokenEndpoint:
    credentials = ClientCredentials("our-client", SECRET)
    return TokenEndpoint(
        lambda: server.endpoint("token_endpoint"), server.issuer, credentials, outbound, clock=clock
    )


def failure_of(endpoint: TokenEndpoint, grant: str = GRANT) -> Auth0APIError:
    with pytest.raises(Auth0APIError) as caught:
        endpoint.token(WANTED, grant, {"subject_token": "somebody.elses.token"})
    return caught.value


def test_a_token_request_carries_the_grant_and_the_secret_in_its_body(
    auth0: FakeAuth0, endpoint: TokenEndpoint, clock: Clock
) -> None:
    auth0.on("/oauth/token", token("the-token", 600, scope="read:things", issued_token_type="urn:x"))

    given = endpoint.token(WANTED, GRANT, {"audience": "https://api.example.com/", "scope": None})

    assert given == AccessToken("the-token", int(clock.now) + 600, "read:things", "Bearer", "urn:x")
    (received,) = auth0.to("/oauth/token")
    assert received.method == "POST"
    assert {name: received[name] for name in received.form} == {
        "grant_type": GRANT,
        "audience": "https://api.example.com/",
        "client_id": "our-client",
        "client_secret": SECRET,
    }
    assert "Authorization" not in received.headers


def test_parameters_that_no_form_can_hold_as_they_are_arrive_unchanged(
    auth0: FakeAuth0, endpoint: TokenEndpoint
) -> None:
    auth0.on("/oauth/token", token())
    odd = 'a&b=c%20+d é 日本 "{}"\n\''

    endpoint.token(WANTED, GRANT, {"login_hint": odd}, {"reason": odd, "many": ["1", "2", odd]})

    (received,) = auth0.to("/oauth/token")
    assert received["login_hint"] == odd
    assert received["reason"] == odd
    assert received.form["many"] == ["1", "2", odd]


def test_extra_parameters_may_bear_names_that_authlib_uses_itself(
    auth0: FakeAuth0, endpoint: TokenEndpoint
) -> None:
    auth0.on("/oauth/token", token())
    extra = {
        "state": "s",
        "json": "j",
        "url": "u",
        "code": "c",
        "authorization_response": "https://x/#access_token=1",
    }

    endpoint.token(WANTED, GRANT, {}, extra)

    (received,) = auth0.to("/oauth/token")
    assert {name: received[name] for name in extra} == extra


def test_what_the_grant_sets_wins_over_extra_parameters(auth0: FakeAuth0, endpoint: TokenEndpoint) -> None:
    auth0.on("/oauth/token", token())

    endpoint.token(
        WANTED, GRANT, {"audience": "https://right/"}, {"audience": "https://wrong/", "client_id": "x"}
    )

    (received,) = auth0.to("/oauth/token")
    assert received["audience"] == "https://right/"
    assert "our-client" in received.form["client_id"]


@pytest.mark.parametrize("escape", [False, True], ids=["PEM", "PEM with escaped line breaks"])
def test_a_private_key_signs_an_assertion_for_the_issuer_that_lives_a_minute(
    auth0: FakeAuth0, server: AuthorizationServer, outbound: Outbound, escape: bool
) -> None:
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=True).decode()
    credentials = ClientCredentials("our-client", None, pem.replace("\n", "\\n") if escape else pem)
    endpoint = TokenEndpoint(lambda: server.endpoint("token_endpoint"), server.issuer, credentials, outbound)
    auth0.on("/oauth/token", token())
    before = int(time.time())

    endpoint.token(WANTED, GRANT, {"audience": "https://api.example.com/"})
    endpoint.token(WANTED, GRANT, {"audience": "https://api.example.com/"})

    first, second = auth0.to("/oauth/token")
    assert first["client_id"] == "our-client"
    assert first["client_secret"] is None
    assert first["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    claims = jwt.decode(first["client_assertion"] or "", key, algorithms=["RS256"]).claims
    assert claims["iss"] == claims["sub"] == "our-client"
    assert claims["aud"] == auth0.url + "/"
    assert before <= claims["iat"]
    assert claims["exp"] - claims["iat"] == 60
    again = jwt.decode(second["client_assertion"] or "", key, algorithms=["RS256"]).claims
    assert again["jti"] != claims["jti"]
    assert len(claims["jti"]) <= 64


@pytest.mark.parametrize(
    "key",
    [
        "not a key",
        ECKey.generate_key("P-256").as_pem(private=True).decode(),
        RSAKey.generate_key(2048).as_pem(private=False).decode(),
    ],
    ids=["nonsense", "an EC key", "a public key"],
)
def test_an_assertion_key_that_cannot_sign_is_a_configuration_error(
    auth0: FakeAuth0, make_client: Callable[..., Auth0Client], key: str
) -> None:
    settings = make_settings(auth0, AUTH0_CLIENT_SECRET=None, AUTH0_CLIENT_ASSERTION_KEY=key)

    with pytest.raises(ConfigurationError, match="AUTH0_CLIENT_ASSERTION_KEY") as caught:
        make_client(settings).client_credentials("https://api.example.com/")

    assert key not in str(caught.value)
    assert auth0.to("/oauth/token") == []


def test_a_redirect_is_not_followed(auth0: FakeAuth0, endpoint: TokenEndpoint) -> None:
    auth0.on("/oauth/token", Answer(307, {}, {"Location": auth0.url + "/elsewhere"}))
    auth0.on("/elsewhere", token())

    assert failure_of(endpoint).status_code == 307
    assert auth0.to("/elsewhere") == []


def test_the_server_s_cookies_are_not_sent_back(auth0: FakeAuth0, endpoint: TokenEndpoint) -> None:
    auth0.on("/oauth/token", Answer(200, {"access_token": "t"}, {"Set-Cookie": "did=of-somebody; Path=/"}))

    endpoint.token(WANTED, GRANT, {})
    endpoint.token(WANTED, GRANT, {})

    assert [received.headers.get("Cookie") for received in auth0.to("/oauth/token")] == [None, None]


def test_a_token_request_never_carries_the_token_that_came_before(
    auth0: FakeAuth0, endpoint: TokenEndpoint
) -> None:
    auth0.on("/oauth/token", token("somebody-s-token"))

    endpoint.token(WANTED, GRANT, {})
    endpoint.token(WANTED, GRANT, {})

    assert "somebody-s-token" not in repr(auth0.to("/oauth/token")[1])
    session = endpoint._session
    assert session is not None
    assert not session.token


def test_connections_are_pooled_and_one_that_was_closed_meanwhile_is_replaced(
    auth0: FakeAuth0, endpoint: TokenEndpoint
) -> None:
    auth0.on("/oauth/token", token(), token(), Answer(200, {"access_token": "t"}, close=True), token())

    for _ in range(3):
        endpoint.token(WANTED, GRANT, {})
    ports = [received.port for received in auth0.to("/oauth/token")]
    assert ports[0] == ports[1] == ports[2]
    # A request on its way while the connection is being closed is another matter: it cannot be sent again.
    auth0.await_closed(ports[2])
    endpoint.token(WANTED, GRANT, {})

    assert len(auth0.to("/oauth/token")) == 4


def test_auth0_s_error_code_is_kept(auth0: FakeAuth0, endpoint: TokenEndpoint) -> None:
    auth0.on(
        "/oauth/token",
        refusal("access_denied", "Service not enabled within domain: https://api.example.com/"),
    )

    error = failure_of(endpoint)

    assert error.error == "access_denied"
    assert error.status_code == 403
    assert "Applications > APIs" in str(error)
    assert "'https://api.example.com/'" in str(error)


@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [
        (refusal("too_many_requests", "Global limit has been reached", 429, Retry_After="7"), 7),
        (refusal("access_denied", "slow down", 429, Retry_After="7"), 7),
        (Answer(429, raw=b"<html>rate limited</html>"), None),
    ],
)
def test_a_rate_limit_is_said_to_be_one(
    auth0: FakeAuth0, endpoint: TokenEndpoint, answer: Answer, retry_after: int | None
) -> None:
    auth0.on("/oauth/token", answer)

    error = failure_of(endpoint)

    assert error.status_code == 429
    assert error.retry_after == retry_after
    assert "rate limit" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, raw=b"<html>unavailable</html>"),
        refusal("server_error", "oops", 500),
        Answer(502, raw=b""),
    ],
)
def test_a_server_error_says_to_try_again(auth0: FakeAuth0, endpoint: TokenEndpoint, answer: Answer) -> None:
    auth0.on("/oauth/token", answer)

    error = failure_of(endpoint)

    assert error.status_code == answer.status
    assert "Try again later" in str(error)


@pytest.mark.parametrize("answer", [DROP, STALL], ids=["dropped", "slow"])
def test_no_answer_is_an_error_that_shows_nothing_of_the_request(
    auth0: FakeAuth0, endpoint: TokenEndpoint, answer: Answer
) -> None:
    auth0.on("/oauth/token", answer)

    error = failure_of(endpoint)

    assert error.status_code is None
    assert error.error is None
    assert "got no answer" in str(error)
    chain: BaseException | None = error
    while chain is not None:
        assert SECRET not in repr(chain)
        assert "somebody.elses.token" not in repr(chain)
        assert not hasattr(chain, "request")
        chain = chain.__cause__ or chain.__context__


def test_a_tenant_that_cannot_be_reached_is_the_same_error(
    outbound: Outbound, cache: LookupCache, clock: Clock
) -> None:
    with FakeAuth0().running() as gone:
        url = gone.url
    server = AuthorizationServer(url, outbound, cache, clock=clock)
    endpoint = TokenEndpoint(
        lambda: server.endpoint("token_endpoint"), server.issuer, ClientCredentials("c", SECRET), outbound
    )

    assert "got no answer" in str(failure_of(endpoint))


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        None,
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": None, "expires_in": 5},
    ],
)
def test_a_success_without_a_token_is_an_error(
    auth0: FakeAuth0, endpoint: TokenEndpoint, body: object
) -> None:
    auth0.on("/oauth/token", Answer(200, body))

    assert "without a token" in str(failure_of(endpoint))


@pytest.mark.parametrize(
    ("lifetime", "left"),
    [
        (60, 60),
        ("60", 60),
        (60.9, 60),
        (0, 0),
        (None, None),
        ("soon", None),
        (True, None),
        (-5, None),
        ([], None),
    ],
)
def test_the_lifetime_is_read_as_seconds_or_not_at_all(lifetime: object, left: int | None) -> None:
    read = AccessToken.from_answer({"access_token": "t", "expires_in": lifetime}, 1000.0)

    assert read is not None
    assert read.expires_at == (None if left is None else 1000 + left)


def test_neither_a_token_nor_a_secret_is_shown(endpoint: TokenEndpoint) -> None:
    assert "hush" not in f"{AccessToken('hush')!r} {AccessToken('hush')!s}"
    assert "hush" not in repr(ClientCredentials("client", "hush", "hush"))
    assert SECRET not in repr(endpoint) + repr(vars(endpoint))


def test_a_description_that_holds_a_token_is_shown_without_it(
    auth0: FakeAuth0, endpoint: TokenEndpoint
) -> None:
    def quote(received: Received) -> Answer:
        part = base64.urlsafe_b64encode(json.dumps({"sub": "auth0|ada"}).encode()).decode()
        return refusal("invalid_grant", f"bad\ntoken {part}.{part}.{part}\x1b[31m " + "x" * 900)

    auth0.on("/oauth/token", quote)

    text = str(failure_of(endpoint))

    assert "eyJ" not in text
    assert text.isprintable()
    assert len(text) < 700
