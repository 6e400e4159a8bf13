"""Applications: ``/clients``.

A secret is shown when the application is made, and later only to callers with ``read:client_keys``. A
third-party application made here is strict, as in tenants since April 2026, unless the body says otherwise.
"""

from __future__ import annotations

import secrets
from typing import Any

from ..model import Client
from ..state import TenantState, new_id
from .bodies import checked, merged_metadata
from .call import NO_CONTENT, Answer, Call, created
from .client_json import CHANGEABLE, CREATABLE, KEPT, STORED, as_json
from .errors import inexistent, invalid_body, invalid_query
from .paging import boolean, by_offset, selected
from .routing import Routes

routes = Routes()

_SECRET_SCOPES = frozenset({"read:client_keys", "read:client_credentials"})


@routes.get("/clients", "read:clients", "read:client_summary")
def list_clients(call: Call) -> Any:
    if "q" in call.query:
        raise invalid_query("'The local tenant does not search applications' on property q.")
    first_party = boolean(call.query, "is_first_party")
    if boolean(call.query, "is_global"):
        return by_offset(call.query, "clients", [])
    app_types = {name for text in call.repeated.get("app_type", ()) for name in text.split(",")}
    external = call.query.get("external_client_id")
    clients = [
        client
        for client in call.state.clients.values()
        if first_party in (None, client.is_first_party)
        and (not app_types or client.app_type in app_types)
        and external in (None, client.external_client_id)
    ]
    clients.sort(key=lambda client: (client.name, client.client_id))
    return by_offset(call.query, "clients", [_shown(call, client) for client in clients])


@routes.post("/clients", "create:clients", description="Create a client")
def create_client(call: Call) -> Answer:
    body = checked(call.body, CREATABLE)
    now = call.state.now()
    first_party = body.get("is_first_party", True)
    client = Client(new_id("", 32) if first_party else new_id("tpc", 22), body["name"])
    client.is_first_party = first_party
    client.created_at = client.updated_at = now
    if not first_party:
        client.third_party_security_mode = "strict"
    change(client, body)
    if "resource_server_identifier" in body:  # the API that it is; it cannot be changed later
        if body["resource_server_identifier"] not in call.state.resource_servers:
            raise inexistent("resource_server", "The resource server does not exist.")
        client.resource_server_identifier = body["resource_server_identifier"]
        client.app_type = "resource_server"
    if client.token_endpoint_auth_method in ("client_secret_post", "client_secret_basic"):
        client.client_secret = secrets.token_urlsafe(48)
    call.state.clients[client.client_id] = client
    return created(as_json(client, with_secret=True))


@routes.get("/clients/{id}", "read:clients", "read:client_keys", "read:client_summary")
def get_client(call: Call, id: str) -> Any:
    return _shown(call, found_client(call, id))


@routes.patch("/clients/{id}", "update:clients", "update:client_keys", description="Update a client")
def update_client(call: Call, id: str) -> Any:
    body = checked(call.body, CHANGEABLE)
    client = found_client(call, id)
    change(client, body)
    client.updated_at = call.state.now()
    return _shown(call, client)


@routes.post("/clients/{id}/rotate-secret", "update:client_keys", description="Rotate a client secret")
def rotate_secret(call: Call, id: str) -> Any:
    client = found_client(call, id)
    if client.client_secret is None:
        raise invalid_body("'The client has no secret'.")
    client.client_secret = secrets.token_urlsafe(48)
    return as_json(client, with_secret=True)


@routes.delete("/clients/{id}", "delete:clients", description="Delete a client")
def delete_client(call: Call, id: str) -> Answer:
    forget_client(call.state, id)
    return NO_CONTENT


def forget_client(state: TenantState, client_id: str) -> None:
    """Remove an application with its grants, its users' consents and their refresh tokens."""
    if state.clients.pop(client_id, None) is None:
        return
    for grant in [g for g in state.client_grants.values() if g.client_id == client_id]:
        del state.client_grants[grant.id]
    for consent in [g for g in state.user_grants.values() if g.client_id == client_id]:
        state.withdraw_consent(consent.id)
    for token in [t for t in state.refresh_tokens.values() if t.client_id == client_id]:
        del state.refresh_tokens[token.id]
    for connection in state.connections.values():
        connection.enabled_clients = [other for other in connection.enabled_clients if other != client_id]


def found_client(call: Call, client_id: str) -> Client:
    """The application of an id. :raises ManagementError: 404."""
    client = call.state.clients.get(client_id)
    if client is None:
        raise inexistent("client", "The client does not exist.")
    return client


def change(client: Client, body: dict[str, Any]) -> None:
    """Take over a checked body; metadata is merged, everything else replaced."""
    for name in STORED.keys() & body.keys():
        setattr(client, name, body[name])
    if "client_metadata" in body:
        client.client_metadata = merged_metadata(client.client_metadata, body["client_metadata"])
    if client.is_first_party:
        client.third_party_security_mode = None
    elif client.third_party_security_mode is None:
        client.third_party_security_mode = "strict"
    client.extra.update({name: body[name] for name in KEPT.keys() & body.keys()})


def _shown(call: Call, client: Client) -> dict[str, Any]:
    with_secret = bool(call.caller.scopes & _SECRET_SCOPES)
    return selected(call.query, as_json(client, with_secret=with_secret))
