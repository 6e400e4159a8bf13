"""APIs: ``/resource-servers``. Looked up by id or by identifier; a PATCH of ``scopes`` replaces the whole
list.
"""

from __future__ import annotations

from typing import Any

from ..model import TOKEN_DIALECTS, ResourceServer
from ..state import new_id
from .bodies import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NULLABLE_OBJECT,
    NULLABLE_STRING,
    OBJECT,
    REQUIRED_STRING,
    STRING,
    Field,
    checked,
    json_type,
    too_many,
)
from .call import NO_CONTENT, Answer, Call, created, without_none
from .errors import ManagementError, inexistent, invalid_body
from .paging import by_offset, selected
from .routing import Routes

routes = Routes()

MOST_SCOPES = 1000
LONGEST_SCOPE = 280

_STORED = {
    "name": STRING,
    "signing_alg": Field("string", ("HS256", "RS256", "RS512", "PS256")),
    "token_dialect": Field("string", TOKEN_DIALECTS),
    "enforce_policies": BOOLEAN,
    "allow_offline_access": BOOLEAN,
    "token_lifetime": INTEGER,
    "token_lifetime_for_web": INTEGER,
    "skip_consent_for_verifiable_first_party_clients": BOOLEAN,
    "subject_type_authorization": OBJECT,
    "proof_of_possession": NULLABLE_OBJECT,
    "token_encryption": NULLABLE_OBJECT,
    "consent_policy": NULLABLE_STRING,
}
# Taken and given back, not acted upon.
_KEPT = dict.fromkeys(
    (
        "signing_secret",
        "allow_online_access",
        "allow_online_access_with_ephemeral_sessions",
        "token_lifetime_for_anonymous_access_tokens",
        "access_token",
        "require_consent_non_repudiation",
        "authorization_details",
        "authorization_policy",
        "agent_subject_claims",
    ),
    ANYTHING,
)
_CHANGEABLE = {**_STORED, **_KEPT, "scopes": Field("array", items="object")}


@routes.get("/resource-servers", "read:resource_servers")
def list_resource_servers(call: Call) -> Any:
    wanted = set(call.repeated.get("identifiers", ()))
    apis = [
        selected(call.query, as_json(api))
        for api in call.state.resource_servers.values()
        if not wanted or api.identifier in wanted
    ]
    return by_offset(call.query, "resource_servers", apis)


@routes.post("/resource-servers", "create:resource_servers", description="Create a resource server")
def create_resource_server(call: Call) -> Answer:
    body = checked(call.body, {**_CHANGEABLE, "identifier": REQUIRED_STRING})
    identifier = body["identifier"]
    if identifier in call.state.resource_servers:
        raise ManagementError(
            409, "A resource server with the same identifier already exists", "resource_server_conflict"
        )
    # What Auth0 presets for an API made through its API; a seeded one is set up for MCP already.
    api = ResourceServer(
        new_id("", 24).lower(),
        identifier,
        body.get("name") or identifier,
        token_dialect="access_token",  # noqa: S106
        enforce_policies=False,
        allow_offline_access=False,
        skip_consent_for_verifiable_first_party_clients=False,
    )
    _change(api, body)
    call.state.resource_servers[identifier] = api
    return created(as_json(api))


@routes.get("/resource-servers/{id}", "read:resource_servers")
def get_resource_server(call: Call, id: str) -> Any:
    return selected(call.query, as_json(_found(call, id)))


@routes.patch("/resource-servers/{id}", "update:resource_servers", description="Update a resource server")
def update_resource_server(call: Call, id: str) -> Any:
    body = checked(call.body, _CHANGEABLE)
    api = _found(call, id)
    if api.is_system:
        raise ManagementError(
            400, "You are not allowed to update a system resource server.", "operation_not_supported"
        )
    before = list(api.scopes)
    _change(api, body)
    for gone in (value for value in before if value not in api.scopes):
        call.state.drop_scope(api.identifier, gone)
    return as_json(api)


@routes.delete("/resource-servers/{id}", "delete:resource_servers", description="Delete a resource server")
def delete_resource_server(call: Call, id: str) -> Answer:
    state = call.state
    api = state.find_api(id)
    if api is None:
        return NO_CONTENT
    if api.is_system:
        raise ManagementError(
            400, "You are not allowed to delete a system resource server.", "operation_not_supported"
        )
    for value in list(api.scopes):
        state.drop_scope(api.identifier, value)
    del state.resource_servers[api.identifier]
    for grant in [g for g in state.client_grants.values() if g.audience == api.identifier]:
        del state.client_grants[grant.id]
    return NO_CONTENT


def as_json(api: ResourceServer) -> dict[str, Any]:
    """The API as the Management API shows it."""
    return without_none(
        {
            "id": api.id,
            "name": api.name,
            "identifier": api.identifier,
            "is_system": api.is_system,
            "scopes": [
                {"value": value, "description": text} if text else {"value": value}
                for value, text in api.scopes.items()
            ],
            **{name: getattr(api, name) for name in _STORED if name != "name"},
            **api.extra,
        }
    )


def _found(call: Call, id: str) -> ResourceServer:
    api = call.state.find_api(id)
    if api is None:
        raise inexistent("resource_server", "The resource server does not exist.")
    return api


def _change(api: ResourceServer, body: dict[str, Any]) -> None:
    scopes = _scopes(body["scopes"]) if "scopes" in body else None
    for name in _STORED.keys() & body.keys():
        if name.startswith("token_lifetime") and not 0 < body[name] <= 2_592_000:
            raise invalid_body(f"'Value {body[name]} is out of range' on property {name}.")
        setattr(api, name, body[name])
    api.extra.update({name: body[name] for name in _KEPT.keys() & body.keys()})
    if scopes is not None:
        api.scopes = scopes


def _scopes(given: list[dict[str, Any]]) -> dict[str, str]:
    if len(given) > MOST_SCOPES:
        raise too_many("scopes", MOST_SCOPES)
    scopes: dict[str, str] = {}
    for index, scope in enumerate(given):
        scope = checked(scope, {"value": REQUIRED_STRING, "description": NULLABLE_STRING})
        value = scope["value"]
        if len(value) > LONGEST_SCOPE or any(c.isspace() or not 0x21 <= ord(c) <= 0x7E for c in value):
            raise invalid_body(f"'{json_type(value)} is no scope' on property scopes[{index}].value.")
        if value in scopes:
            raise ManagementError(400, f"Duplicated scope: {value}", "invalid_body")
        scopes[value] = scope.get("description") or ""
    return scopes
