from __future__ import annotations

import gc
import inspect
import logging
import socket
import time
from collections.abc import Callable

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import ForbiddenError, NotFoundError, TooManyRequestsError, UnauthorizedError

from flask_mcp_auth0.auth0_api.errors import from_management_error
from flask_mcp_auth0.auth0_api.management import ManagementProvider
from flask_mcp_auth0.errors import Auth0APIError, ConfigurationError
from flask_mcp_auth0.settings import Settings

from .doubles import SECRET, Clock, make_settings
from .fake_auth0 import DROP, STALL, Answer, FakeAuth0, refusal, token

ADA = "/api/v2/users/auth0%7Cada"
USER = Answer(200, {"user_id": "auth0|ada", "name": "Ada"})


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Count what would have been slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture(autouse=True)
def answers(auth0: FakeAuth0) -> None:
    auth0.on("/oauth/token", token("m-1", 86_400), token("m-2", 86_400), token("m-3", 86_400))
    auth0.on(ADA, USER)


def bearers(auth0: FakeAuth0, path: str = ADA) -> list[str]:
    return [received.headers["Authorization"] for received in auth0.to(path)]


def test_the_client_is_the_sdk_s_own_and_whole(provider: ManagementProvider, auth0: FakeAuth0) -> None:
    management = provider.client()

    assert isinstance(management, ManagementClient)
    properties = {
        name for name, _ in inspect.getmembers(ManagementClient, lambda member: isinstance(member, property))
    }
    assert len(properties) > 30
    # What it hands everything on to is the one attribute of the SDK's that is not public.
    assert properties <= {name for name in dir(management._api) if not name.startswith("_")}
    assert management.roles is not None


def test_it_asks_the_tenant_with_a_token_for_the_management_api(
    provider: ManagementProvider, auth0: FakeAuth0
) -> None:
    user = provider.client().users.get("auth0|ada")

    assert user.name == "Ada"
    assert bearers(auth0) == ["Bearer m-1"]
    (asked,) = auth0.to("/oauth/token")
    assert asked["grant_type"] == "client_credentials"
    assert asked["audience"] == f"{auth0.url}/api/v2/"
    assert asked["client_id"] == "our-client"


def test_it_writes_too(provider: ManagementProvider, auth0: FakeAuth0) -> None:
    provider.client().users.update("auth0|ada", user_metadata={"theme": "dark"})

    (received,) = auth0.to(ADA)
    assert received.method == "PATCH"
    assert received.body == b'{"user_metadata":{"theme":"dark"}}'


def test_it_is_built_once_and_nothing_is_asked_before_it_is_used(
    provider: ManagementProvider, auth0: FakeAuth0
) -> None:
    assert provider.client() is provider.client() is provider.client_for_request()
    assert provider.client(patient=True) is provider.client(patient=True) is not provider.client()
    assert auth0.received == []


def test_its_credentials_and_its_tenant_may_be_its_own(
    auth0: FakeAuth0, make_provider: Callable[..., ManagementProvider]
) -> None:
    with FakeAuth0().running() as canonical:
        canonical.on("/oauth/token", token("m-own"))
        canonical.on(ADA, USER)
        settings = make_settings(
            auth0,
            AUTH0_MANAGEMENT_DOMAIN=canonical.url,
            AUTH0_MANAGEMENT_AUDIENCE="https://tenant.eu.auth0.com/api/v2/",
            AUTH0_MANAGEMENT_CLIENT_ID="manager",
            AUTH0_MANAGEMENT_CLIENT_SECRET="its-secret",
        )
        make_provider(settings).client().users.get("auth0|ada")

        (asked,) = canonical.to("/oauth/token")
        assert asked["client_id"] == "manager"
        assert asked["client_secret"] == "its-secret"
        assert asked["audience"] == "https://tenant.eu.auth0.com/api/v2/"
        assert bearers(canonical) == ["Bearer m-own"]
    assert auth0.received == []


def test_without_credentials_every_setting_that_would_do_is_named(
    auth0: FakeAuth0, make_provider: Callable[..., ManagementProvider]
) -> None:
    provider = make_provider(make_settings(auth0, AUTH0_CLIENT_ID=None, AUTH0_CLIENT_SECRET=None))

    for ask in (provider.client, provider.client_for_request, provider.token):
        with pytest.raises(ConfigurationError, match="AUTH0_MANAGEMENT_CLIENT_ID") as caught:
            ask()
        assert "AUTH0_CLIENT_SECRET" in str(caught.value)
        assert "Auth0 Management API > Application Access" in str(caught.value)


def test_a_401_renews_the_token_and_asks_once_more(
    provider: ManagementProvider, auth0: FakeAuth0, clock: Clock
) -> None:
    management = provider.client()
    management.users.get("auth0|ada")
    clock.now += 3600
    auth0.on(ADA, Answer(401, {"message": "Expired token"}), USER)

    assert management.users.get("auth0|ada").name == "Ada"
    assert bearers(auth0) == ["Bearer m-1", "Bearer m-1", "Bearer m-2"]


def test_what_is_written_is_written_again_after_a_401(
    provider: ManagementProvider, auth0: FakeAuth0, clock: Clock
) -> None:
    management = provider.client()
    management.users.get("auth0|ada")
    clock.now += 3600
    auth0.on(ADA, Answer(401), USER)

    management.users.update("auth0|ada", user_metadata={"theme": "dark"})

    assert [received.body for received in auth0.to(ADA)[1:]] == [b'{"user_metadata":{"theme":"dark"}}'] * 2


def test_a_second_401_is_told(provider: ManagementProvider, auth0: FakeAuth0, clock: Clock) -> None:
    management = provider.client()
    management.users.get("auth0|ada")
    clock.now += 3600
    auth0.on(ADA, Answer(401, {"message": "Invalid token"}))

    with pytest.raises(UnauthorizedError):
        management.users.get("auth0|ada")
    assert len(auth0.to("/oauth/token")) == 2

    with pytest.raises(UnauthorizedError):
        management.users.get("auth0|ada")
    assert len(auth0.to("/oauth/token")) == 2


def test_a_rate_limit_is_told_at_once(
    provider: ManagementProvider, auth0: FakeAuth0, no_sleep: list[float]
) -> None:
    limited = Answer(429, {"errorCode": "too_many_requests"}, {"x-ratelimit-reset": "4000000000"})
    auth0.on(ADA, limited)

    with pytest.raises(TooManyRequestsError) as caught:
        provider.client().users.get("auth0|ada")

    assert len(auth0.to(ADA)) == 1
    assert no_sleep == []
    assert from_management_error(caught.value).error == "too_many_requests"


def test_the_sdk_s_own_policy_tries_again_where_the_caller_asks_for_it(
    provider: ManagementProvider, auth0: FakeAuth0, no_sleep: list[float]
) -> None:
    auth0.on(ADA, Answer(429), Answer(503), USER)

    assert provider.client(patient=True).users.get("auth0|ada").name == "Ada"
    assert len(auth0.to(ADA)) == 3
    assert len(no_sleep) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_told_at_once(
    provider: ManagementProvider, auth0: FakeAuth0, no_sleep: list[float], status: int
) -> None:
    auth0.on(ADA, Answer(status, raw=b"<html>"))

    with pytest.raises(Exception, match=str(status)) as caught:
        provider.client().users.get("auth0|ada")

    assert from_management_error(caught.value).status_code == status
    assert len(auth0.to(ADA)) == 1
    assert no_sleep == []


def test_a_slow_answer_is_given_up(provider: ManagementProvider, auth0: FakeAuth0) -> None:
    auth0.on(ADA, STALL)

    with pytest.raises(httpx.ReadTimeout):
        provider.client().users.get("auth0|ada")

    assert len(auth0.to(ADA)) == 1


def test_a_dropped_connection_is_tried_once_more_when_reading(
    provider: ManagementProvider, auth0: FakeAuth0, no_sleep: list[float]
) -> None:
    auth0.on(ADA, DROP, USER, DROP)

    assert provider.client().users.get("auth0|ada").name == "Ada"
    with pytest.raises(httpx.RemoteProtocolError):
        provider.client().users.get("auth0|ada")
    assert len(auth0.to(ADA)) == 4
    assert no_sleep == []


def test_a_dropped_connection_is_not_tried_again_when_writing(
    provider: ManagementProvider, auth0: FakeAuth0
) -> None:
    auth0.on(ADA, DROP, USER)

    with pytest.raises(httpx.RemoteProtocolError):
        provider.client().users.update("auth0|ada", user_metadata={})

    assert len(auth0.to(ADA)) == 1


def test_a_redirect_is_not_followed(provider: ManagementProvider, auth0: FakeAuth0) -> None:
    auth0.on(ADA, Answer(302, {}, {"Location": f"{auth0.url}/elsewhere"}))
    auth0.on("/elsewhere", USER)

    with pytest.raises(Exception, match="302"):
        provider.client().users.get("auth0|ada")

    assert auth0.to("/elsewhere") == []


def test_a_missing_scope_stays_the_sdk_s_error_and_the_cure_is_in_the_log(
    provider: ManagementProvider, auth0: FakeAuth0, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"errorCode": "insufficient_scope", "message": "Insufficient scope, expected any of: read:users"}
    auth0.on(ADA, Answer(403, body))

    with caplog.at_level(logging.WARNING, "flask_mcp_auth0"), pytest.raises(ForbiddenError):
        provider.client().users.get("auth0|ada")

    (record,) = caplog.records
    assert "refused GET users" in record.getMessage()
    assert "Application Access" in record.getMessage()
    assert "ada" not in record.getMessage()


def test_other_errors_are_the_sdk_s(provider: ManagementProvider, auth0: FakeAuth0) -> None:
    auth0.on(ADA, Answer(404, {"errorCode": "inexistent_user"}))

    with pytest.raises(NotFoundError):
        provider.client().users.get("auth0|ada")


def test_a_token_that_cannot_be_had_is_our_error_with_the_cure(
    provider: ManagementProvider, auth0: FakeAuth0
) -> None:
    auth0.on("/oauth/token", refusal("access_denied", "Unauthorized", 401))

    with pytest.raises(Auth0APIError, match="does not accept AUTH0_CLIENT_ID") as caught:
        provider.client().users.get("auth0|ada")

    assert caught.value.error == "access_denied"
    assert SECRET not in str(caught.value)
    assert auth0.to(ADA) == []


def test_a_tenant_that_is_not_there_is_told(
    auth0: FakeAuth0, make_provider: Callable[..., ManagementProvider]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = make_settings(auth0, AUTH0_MANAGEMENT_DOMAIN=f"http://127.0.0.1:{port}")

    with pytest.raises(Auth0APIError, match="got no answer"):
        make_provider(settings).client().users.get("auth0|ada")


def test_the_token_can_be_had_by_itself(provider: ManagementProvider) -> None:
    assert provider.token() == "m-1"
    assert "m-1" not in repr(vars(provider))


def test_connections_are_closed_when_nobody_holds_the_client_any_more(
    auth0: FakeAuth0, make_provider: Callable[..., ManagementProvider], settings: Settings
) -> None:
    management = make_provider(settings).client()
    management.users.get("auth0|ada")
    http = management._api._client_wrapper.httpx_client.httpx_client
    pool = http._transport._pool  # type: ignore[attr-defined]
    assert pool.connections
    users = management.users
    del management, http
    gc.collect()
    users.get("auth0|ada")

    del users
    gc.collect()

    assert pool.connections == []


def test_a_proxy_of_the_environment_is_used(
    auth0: FakeAuth0,
    make_provider: Callable[..., ManagementProvider],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeAuth0().running() as proxy:
        proxy.on("/oauth/token", token("through-a-proxy"))
        proxy.on("/.well-known/openid-configuration", Answer(body=auth0.metadata()))
        proxy.on(ADA, USER)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        make_provider(settings).client().users.get("auth0|ada")

        assert len(proxy.to(ADA)) == 1
    assert auth0.to(ADA) == []
