"""A tenant in the process, with a clock of its own."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.app import create_tenant
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, Clock, Party

SEED = """
apis:
  - identifier: $AUDIENCE
    name: Shop
    token_dialect: rfc9068_profile_authz
    token_lifetime: 3600
    scopes:
      "tool:report": Read the report
      "tool:refund": Refund an order
  - identifier: https://downstream.example.com
    name: Downstream
    scopes: {"read:stock": Read the stock}
roles:
  - name: Clerk
    permissions: {$AUDIENCE: ["tool:report"]}
  - name: Manager
    permissions: {$AUDIENCE: ["tool:report", "tool:refund"]}
users:
  - username: alice
    password: alice-password
    name: Alice Archer
    roles: [Clerk]
    permissions: {https://downstream.example.com: ["read:stock"]}
    connected_accounts:
      google-oauth2: {access_token: a-google-token, scope: drive.readonly, expires_in: 1200}
  - username: bob
    password: bob-password
  - username: mallory
    password: mallory-password
    blocked: true
organizations:
  - name: acme
    display_name: Acme
    third_party_client_access: allow
    members: {alice: [Manager]}
  - name: closed
    members: {alice: []}
connections:
  - {name: Username-Password-Authentication, is_domain_connection: true}
  - {name: google-oauth2, strategy: google-oauth2}
clients:
  - client_id: web
    client_secret: web-secret
    name: Our web app
    callbacks: ["http://localhost:1234/callback"]
  - client_id: native
    name: Our command line
    app_type: native
    token_endpoint_auth_method: none
    callbacks: ["http://127.0.0.1/callback"]
  - client_id: server
    client_secret: server-secret
    name: The MCP server
    app_type: resource_server
    resource_server_identifier: $AUDIENCE
    token_exchange: {allow_any_profile_of_type: [on_behalf_of_token_exchange, custom_authentication]}
    grant_types:
      - client_credentials
      - refresh_token
      - urn:ietf:params:oauth:grant-type:token-exchange
      - urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token
      - urn:openid:params:grant-type:ciba
    grants:
      - {audience: $MANAGEMENT, scope: ["read:users", "read:resource_servers"]}
      - {audience: https://downstream.example.com, subject_type: user, scope: ["read:stock"]}
client_grants:
  - {default_for: third_party_clients, audience: $AUDIENCE, subject_type: user, allow_all_scopes: true}
token_exchange_profiles:
  - name: Legacy
    subject_token_type: https://shop.example.com/legacy
    users: {legacy-token-of-alice: alice}
"""


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    """Keys are slow to make; who rotates them makes its own."""
    return KeyRing()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> TenantState:
    return TenantState.from_yaml(SEED, audience=AUDIENCE, clock=clock)


@pytest.fixture
def app(state: TenantState, keys: KeyRing) -> Flask:
    return create_tenant(state, keys=keys)


@pytest.fixture
def party(app: Flask) -> Party:
    """A registered third-party client under the strict rules, and its user's browser."""
    party = Party(app)
    assert party.register().status_code == 201
    return party


@pytest.fixture
def web(app: Flask) -> Party:
    """A first-party application with a secret."""
    return Party(app, client_id="web", client_secret="web-secret")
