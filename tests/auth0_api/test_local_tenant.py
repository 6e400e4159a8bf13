"""Each exchange against the local tenant, through a whole app and real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
from auth0.management.errors import ForbiddenError, NotFoundError, TooManyRequestsError
from flask import Flask
from joserfc import jws, jwt
from joserfc.jwk import KeySet, RSAKey

from flask_mcp_auth0 import (
    Auth0APIError,
    Auth0MCP,
    PermissionDenied,
    ToolError,
    approved_by_user,
    get_client,
    get_management,
    on_behalf_of,
    with_connection_token,
)
from flask_mcp_auth0.app_state import AppState
from flask_mcp_auth0.auth.auth_info import set_auth_info
from flask_mcp_auth0.auth0_api.ciba import Ticker
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.auth0_api.errors import from_management_error
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.tenant import tenant_of

AUDIENCE = "http://localhost:3001/mcp"
ORDERS = "https://orders.example.com/"
CLOSED = "https://closed.example.com/"
ASSERTING = RSAKey.generate_key(2048, auto_kid=True)

SEED = f"""
apis:
  - identifier: $AUDIENCE
    name: MCP server
  - identifier: {ORDERS}
    name: Orders
    scopes: {{"read:orders": Read, "write:orders": Write}}
  - identifier: {CLOSED}
    name: An API that nobody was granted
    scopes: {{"read:nothing": Read}}
users:
  - username: ada
    password: ada-password
    permissions: {{{ORDERS}: ["read:orders"]}}
    connected_accounts:
      google-oauth2: {{access_token: ya29.of-ada, scope: calendar, expires_in: 1200}}
  - username: bob
    password: bob-password
organizations:
  - name: acme
    members: {{ada: []}}
connections:
  - {{name: Username-Password-Authentication, is_domain_connection: true}}
  - {{name: google-oauth2, strategy: google-oauth2}}
clients:
  - &server
    client_id: server
    client_secret: server-secret
    name: The MCP server
    app_type: resource_server
    resource_server_identifier: $AUDIENCE
    token_exchange: {{allow_any_profile_of_type: [on_behalf_of_token_exchange, custom_authentication]}}
    grant_types:
      - client_credentials
      - urn:ietf:params:oauth:grant-type:token-exchange
      - urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token
      - urn:openid:params:grant-type:ciba
    grants:
      - {{audience: $MANAGEMENT, scope: ["read:users", "update:users", "update:users_app_metadata"]}}
      - {{audience: {ORDERS}, subject_type: user, scope: ["read:orders", "write:orders"]}}
      - {{audience: {ORDERS}, subject_type: client, scope: ["read:orders"]}}
  - client_id: plain
    client_secret: plain-secret
    name: A machine application without any set-up
    app_type: non_interactive
    grant_types: [client_credentials]
  - <<: *server
    client_id: asserting
    client_secret: null
    token_endpoint_auth_method: private_key_jwt
    jwks: {{"keys": [{ASSERTING.as_dict(private=False)}]}}
token_exchange_profiles:
  - name: Legacy
    subject_token_type: https://example.com/legacy
    users: {{legacy-token-of-ada: ada}}
"""


@pytest.fixture(scope="module")
def keys() -> KeyRing:
    return KeyRing()


@pytest.fixture
def tenant(keys: KeyRing) -> Iterator[TenantServer]:
    with TenantServer(config=SEED, audience=AUDIENCE, keys=keys) as tenant:
        yield tenant


@pytest.fixture
def make_app(tenant: TenantServer) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        app = Flask("demo")
        app.config |= {
            "AUTH0_DOMAIN": tenant.issuer,
            "AUTH0_CLIENT_ID": "server",
            "AUTH0_CLIENT_SECRET": "server-secret",
            "MCP_BASE_URL": "http://localhost:3001",
            "SECRET_KEY": "what seals",
            **config,
        }
        Auth0MCP(app)
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


def token_of(tenant: TenantServer, user: str | None, **wanted: Any) -> str:
    token: str = mint(tenant_of(tenant.app), MintRequest(user=user, audience=AUDIENCE, **wanted))[
        "access_token"
    ]
    return token


@contextmanager
def called_by(app: Flask, tenant: TenantServer, user: str | None, **wanted: Any) -> Iterator[str]:
    """A request with a token that the app itself verifies."""
    token = token_of(tenant, user, **wanted)
    with app.test_request_context("/mcp"):
        set_auth_info(get_client().verify_access_token(token))
        yield token


def verified_downstream(tenant: TenantServer, token: str, audience: str = ORDERS) -> dict[str, Any]:
    """What the other API finds in a token, having verified it by itself."""
    keys = KeySet.import_key_set(requests.get(tenant.url("/.well-known/jwks.json"), timeout=10).json())
    claims = dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)
    assert claims["iss"] == tenant.issuer
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    assert audience in audiences
    return claims


def test_on_behalf_of_a_user(app: Flask, tenant: TenantServer) -> None:
    with called_by(app, tenant, "ada") as token:
        given = get_client().get_token_on_behalf_of(ORDERS, "read:orders write:orders")

    claims = verified_downstream(tenant, given.access_token)
    assert claims["sub"].startswith("auth0|")
    assert claims["act"]["sub"] == "server"
    assert AUDIENCE not in claims["aud"]
    assert given.access_token != token
    assert given.expires_at == claims["exp"]
    assert given.issued_token_type == "urn:ietf:params:oauth:token-type:access_token"


def test_on_behalf_of_a_user_through_the_decorator(app: Flask, tenant: TenantServer) -> None:
    @on_behalf_of(audience=ORDERS, scope="read:orders")
    def orders(number: int, api_token: str) -> dict[str, Any]:
        return {"number": number, **verified_downstream(tenant, api_token)}

    with called_by(app, tenant, "ada"):
        seen = orders(number=7)  # type: ignore[call-arg]

    assert seen["number"] == 7
    assert seen["scope"] == "read:orders"


def test_a_second_exchange_asks_nobody(app: Flask, tenant: TenantServer) -> None:
    with called_by(app, tenant, "ada"):
        first = get_client().get_token_on_behalf_of(ORDERS)
        asked = tenant.state.counts["POST /oauth/token"]
        assert get_client().get_token_on_behalf_of(ORDERS) is first

    assert tenant.state.counts["POST /oauth/token"] == asked == 1


@pytest.mark.parametrize(
    ("client", "audience", "cure"),
    [
        ("server", CLOSED, f"Authorize this application for the API '{CLOSED}'"),
        ("server", "https://orders.example.com", "no API with the identifier 'https://orders.example.com'"),
        ("plain", ORDERS, "Advanced Settings > Grant Types"),
    ],
)
def test_what_the_tenant_lacks_for_an_exchange_is_named(
    make_app: Callable[..., Flask], tenant: TenantServer, client: str, audience: str, cure: str
) -> None:
    app = make_app(AUTH0_CLIENT_ID=client, AUTH0_CLIENT_SECRET=f"{client}-secret")

    with called_by(app, tenant, "ada"), pytest.raises(Auth0APIError) as caught:
        get_client().get_token_on_behalf_of(audience)

    assert cure in str(caught.value)
    assert caught.value.error
    assert caught.value.status_code in (400, 403)


def test_a_machine_s_token_is_not_exchanged_even_if_it_is_handed_over(
    app: Flask, tenant: TenantServer
) -> None:
    token = token_of(tenant, None)

    with app.app_context(), pytest.raises(Auth0APIError, match="does not accept the subject token"):
        get_client().get_token_on_behalf_of(ORDERS, access_token=token)
    with called_by(app, tenant, None), pytest.raises(PermissionDenied, match="machine client"):
        get_client().get_token_on_behalf_of(ORDERS)


def test_by_a_profile_of_one_s_own(app: Flask, tenant: TenantServer) -> None:
    with app.app_context():
        given = get_client().get_token_by_exchange_profile(
            "legacy-token-of-ada",
            subject_token_type="https://example.com/legacy",
            audience=ORDERS,
            scope="read:orders",
            organization="acme",
            extra={"device": ["a", "b"]},
        )

    claims = verified_downstream(tenant, given.access_token)
    assert claims["sub"] == next(
        user.user_id for user in tenant.state.users.values() if user.username == "ada"
    )
    assert claims["org_id"]


def test_a_profile_that_is_not_there_is_named(app: Flask) -> None:
    with app.app_context(), pytest.raises(Auth0APIError, match="Custom Token Exchange") as caught:
        get_client().get_token_by_exchange_profile(
            "x", subject_token_type="https://example.com/no", audience=ORDERS
        )

    assert caught.value.error == "invalid_request"


def test_the_access_token_type_makes_a_profile_exchange_one_on_behalf_of(
    app: Flask, tenant: TenantServer
) -> None:
    with called_by(app, tenant, "ada") as token:
        given = get_client().get_token_by_exchange_profile(
            token, subject_token_type="urn:ietf:params:oauth:token-type:access_token", audience=ORDERS
        )

    assert verified_downstream(tenant, given.access_token)["act"]["sub"] == "server"


def test_a_connected_account_s_token(app: Flask, tenant: TenantServer) -> None:
    @with_connection_token("google-oauth2", parameter="google_token")
    def calendar(google_token: str) -> str:
        return google_token

    with called_by(app, tenant, "ada"):
        given = get_client().get_access_token_for_connection("google-oauth2")
        assert calendar() == "ya29.of-ada"  # type: ignore[call-arg]
    with (
        called_by(app, tenant, "bob"),
        pytest.raises(ToolError, match="'google-oauth2' account, which is not"),
    ):
        calendar()  # type: ignore[call-arg]

    assert given.access_token == "ya29.of-ada"
    assert given.scope == "calendar"


def test_a_connection_that_is_not_there_is_named(app: Flask, tenant: TenantServer) -> None:
    with (
        called_by(app, tenant, "ada"),
        pytest.raises(Auth0APIError, match="Authentication; 'github' must be"),
    ):
        get_client().get_access_token_for_connection("github")


def test_the_application_s_own_token(app: Flask, tenant: TenantServer) -> None:
    with app.app_context():
        given = get_client().client_credentials(ORDERS)

    claims = verified_downstream(tenant, given.access_token)
    assert claims["sub"] == "server@clients"
    assert given.scope == "read:orders"


def test_an_api_that_the_application_was_not_granted_is_named(app: Flask) -> None:
    with (
        app.app_context(),
        pytest.raises(Auth0APIError, match=f"Authorize this application for the API '{CLOSED}'"),
    ):
        get_client().client_credentials(CLOSED)


def test_a_wrong_secret_names_the_settings(make_app: Callable[..., Flask]) -> None:
    app = make_app(AUTH0_CLIENT_SECRET="wrong")

    with app.app_context():
        for ask in (lambda: get_client().client_credentials(ORDERS), lambda: get_management().users.get("x")):
            with pytest.raises(
                Auth0APIError, match="does not accept AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET"
            ):
                ask()


def test_a_private_key_in_place_of_a_secret(make_app: Callable[..., Flask], tenant: TenantServer) -> None:
    app = make_app(
        AUTH0_CLIENT_ID="asserting",
        AUTH0_CLIENT_SECRET=None,
        AUTH0_CLIENT_ASSERTION_KEY=ASSERTING.as_pem(private=True).decode(),
    )

    with called_by(app, tenant, "ada"):
        given = get_client().get_token_on_behalf_of(ORDERS)
        assert get_management().users.list().items is not None
        by_the_sdk = get_client().authentication.get_token.client_credentials(ORDERS)

    assert verified_downstream(tenant, given.access_token)["act"]["sub"] == "asserting"
    assert verified_downstream(tenant, by_the_sdk["access_token"])["sub"] == "asserting@clients"


@pytest.mark.parametrize("approve", [True, False])
def test_the_user_s_device_decides(app: Flask, tenant: TenantServer, approve: bool) -> None:
    state: AppState = app.extensions["mcp_auth0"]
    seen: list[str] = []
    time = SimpleNamespace(now=0.0)

    def wait(seconds: float) -> None:
        time.now += seconds
        tenant.state.clock_skew += seconds
        if time.now >= 7:
            with tenant.app.app_context():
                from flask_mcp_auth0.local_tenant.ciba import answer, approvals

                for approval in approvals().values():
                    seen.append(approval.binding_message)
                    answer(approval.id, approve)

    client = Auth0Client(
        state.settings,
        state.authorization_server,
        state.outbound,
        state.verifier.verify,
        ticker=Ticker(lambda: time.now, wait),
    )
    state.client_provider = SimpleNamespace(client=lambda: client)  # type: ignore[assignment]

    @approved_by_user("Refund order #{number}")
    def refund(number: int) -> str:
        return f"refunded {number}"

    with called_by(app, tenant, "ada"):
        if approve:
            assert refund(5) == "refunded 5"
        else:
            with pytest.raises(PermissionDenied, match="did not approve"):
                refund(5)

    assert set(seen) == {"Refund order #5"}
    assert time.now == 10
    assert tenant.state.counts["POST /oauth/token"] == 2


def test_user_info(app: Flask, tenant: TenantServer) -> None:
    with called_by(app, tenant, "ada", scope=["openid", "profile"]):
        assert get_client().user_info()["sub"].startswith("auth0|")
    with called_by(app, tenant, "ada", scope=[]), pytest.raises(Auth0APIError, match="scope openid"):
        get_client().user_info()


def test_a_user_s_metadata_is_updated(app: Flask, tenant: TenantServer) -> None:
    with called_by(app, tenant, "ada"):
        management = get_management()
        user_id = next(user.user_id for user in tenant.state.users.values() if user.username == "ada")
        management.users.update(user_id, user_metadata={"theme": "dark"})
        assert management.users.get(user_id).user_metadata == {"theme": "dark"}

    assert tenant.state.users[user_id].user_metadata == {"theme": "dark"}
    assert tenant.state.counts["POST /oauth/token"] == 1


def test_a_machine_has_no_user_in_the_tenant(app: Flask, tenant: TenantServer) -> None:
    with called_by(app, tenant, None), pytest.raises((NotFoundError, Exception)) as caught:
        get_management().users.update("server@clients", user_metadata={})

    assert from_management_error(caught.value).status_code in (400, 404)


def test_a_scope_that_was_not_granted_is_named(app: Flask) -> None:
    with app.app_context(), pytest.raises(ForbiddenError) as caught:
        get_management().roles.list()

    told = from_management_error(caught.value, "roles.list()")
    assert told.error == "insufficient_scope"
    assert "read:roles" in str(told)


def test_after_a_key_was_revoked_the_token_is_renewed(
    app: Flask, tenant: TenantServer, keys: KeyRing
) -> None:
    state: AppState = app.extensions["mcp_auth0"]
    with app.app_context():
        get_management().users.list()
        held = state.management_provider._supply()._process.get()
        assert held.entry is not None
        held.entry = type(held.entry)(held.entry.token, held.entry.expires_at, held.entry.fetched_at - 60)
        old = keys.kid
        keys.rotate()
        keys.revoke(old)

        get_management().users.list()

    kid = jws.extract_compact(held.entry.token.encode()).headers()["kid"]
    assert kid == keys.kid != old
    assert tenant.state.counts["POST /oauth/token"] == 2


def test_a_rate_limited_management_api_is_told_at_once(app: Flask, tenant: TenantServer) -> None:
    tenant.state.faults.add("GET /api/v2/users", status=429, ratelimit_reset=600)

    with app.app_context(), pytest.raises(TooManyRequestsError) as caught:
        get_management().users.list()

    assert from_management_error(caught.value).error == "too_many_requests"
    assert tenant.state.counts["GET /api/v2/users"] == 1


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"drop": True}, {"truncate": True}, {"content": "<html>"}]
)
def test_a_tenant_in_trouble_is_told_and_passes(
    app: Flask, tenant: TenantServer, fault: dict[str, Any]
) -> None:
    tenant.state.faults.add("POST /oauth/token", times=1, **fault)

    with called_by(app, tenant, "ada"):
        with pytest.raises(Auth0APIError):
            get_client().get_token_on_behalf_of(ORDERS)
        assert get_client().get_token_on_behalf_of(ORDERS).access_token


def test_a_management_answer_that_breaks_off_is_an_error(app: Flask, tenant: TenantServer) -> None:
    with app.app_context():
        get_management().users.list()
        tenant.state.faults.add("GET /api/v2/users", truncate=True)
        with pytest.raises(httpx.RemoteProtocolError):
            get_management().users.list()
