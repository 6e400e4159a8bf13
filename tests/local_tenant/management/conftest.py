"""A tenant on a socket, and auth0-python's own client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from auth0.management import Auth0

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.scopes import MANAGEMENT_SCOPES
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState

AUDIENCE = "http://localhost:3001/"
CALENDAR = "https://calendar.example.com"

SEED = """
apis:
  - identifier: $AUDIENCE
    name: Shop
    scopes:
      tool:report: Read the report
      tool:refund: Refund an order
      tool:close: Close the shop
  - identifier: https://calendar.example.com
    name: Calendar
    scopes: {read:calendar: Read the calendar}
roles:
  - name: Clerk
    description: Sells
    permissions: {$AUDIENCE: [tool:report]}
  - name: Manager
    description: Decides
    permissions: {$AUDIENCE: [tool:report, tool:refund]}
  - name: Owner
    description: Owns
    permissions: {$AUDIENCE: [tool:close]}
users:
  - username: alice
    password: alice-password
    name: Alice Archer
    user_metadata: {color: blue, address: {city: Bern}}
    app_metadata: {plan: gold}
    roles: [Clerk]
    permissions: {https://calendar.example.com: [read:calendar], $AUDIENCE: [tool:report]}
  - username: bob
    password: bob-password
    email: bob@shop.example
groups:
  - name: Night shift
    members: [bob, alice]
    roles: [Manager]
organizations:
  - name: acme
    display_name: Acme
    members: {alice: [Owner]}
connections:
  - name: Username-Password-Authentication
    is_domain_connection: true
    enabled_clients: [backend]
  - name: google
    strategy: google-oauth2
clients:
  - client_id: backend
    name: Backend
    client_secret: backend-secret
    app_type: non_interactive
    grants:
      - {audience: $MANAGEMENT, allow_all_scopes: true}
  - client_id: tpc_inspector
    name: Inspector
    is_first_party: false
    token_endpoint_auth_method: none
client_grants:
  - {default_for: third_party_clients, audience: $AUDIENCE, subject_type: user, allow_all_scopes: true}
token_exchange_profiles:
  - {name: legacy, subject_token_type: "urn:shop:legacy"}
"""

Client = Callable[..., Auth0]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def ring() -> KeyRing:
    """Keys for tests that only read them: making them takes long."""
    return KeyRing()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> TenantState:
    return TenantState.from_yaml(SEED, audience=AUDIENCE, clock=clock)


@pytest.fixture
def tenant(state: TenantState, ring: KeyRing) -> Iterator[TenantServer]:
    with TenantServer(state, keys=ring) as server:
        yield server


def management_token(tenant: TenantServer, *scopes: str, **claims: object) -> str:
    """A token for the Management API, with every scope unless some are named."""
    now = int(tenant.state.now())
    return tenant.keys.sign(
        {
            "iss": tenant.issuer,
            "aud": tenant.state.management_audience,
            "sub": "backend@clients",
            "azp": "backend",
            "gty": "client-credentials",
            "iat": now,
            "exp": now + 86400,
            "scope": " ".join(scopes or MANAGEMENT_SCOPES),
            **claims,
        }
    )


@pytest.fixture
def client(tenant: TenantServer) -> Iterator[Client]:
    """Builds auth0-python's client for the tenant: ``client()`` may do everything, ``client("read:users")``
    only that.
    """
    import httpx

    opened: list[httpx.Client] = []

    def build(*scopes: str, **claims: object) -> Auth0:
        http = httpx.Client(timeout=5, verify=False)  # plain HTTP: no certificates to load
        opened.append(http)
        return Auth0(
            base_url=f"{tenant.issuer}api/v2",
            token=management_token(tenant, *scopes, **claims),
            httpx_client=http,
            max_retries=0,
        )

    yield build
    for http in opened:
        http.close()


@pytest.fixture
def auth0(client: Client) -> Auth0:
    return client()
