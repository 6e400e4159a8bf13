"""What applications may ask of APIs: ``/client-grants``.

A grant is of one application (``client_id``) or of every third-party one (``default_for``), and for machines
(``subject_type`` ``client``) or for users.
"""

from __future__ import annotations

from typing import Any

from ..model import ClientGrant, ResourceServer
from ..state import new_id
from .bodies import BOOLEAN, REQUIRED_STRING, STRING, STRINGS, Field, checked
from .call import NO_CONTENT, Answer, Call, created, without_none
from .errors import ManagementError, inexistent, invalid_body
from .paging import boolean, either
from .routing import Routes

routes = Routes()

_CHANGEABLE = {
    "scope": STRINGS,
    "allow_all_scopes": BOOLEAN,
    "organization_usage": Field("string", ("deny", "allow", "require"), nullable=True),
    "allow_any_organization": Field("boolean", nullable=True),
}
_FILTERS = ("audience", "client_id", "default_for", "subject_type")


@routes.get("/client-grants", "read:client_grants")
def list_client_grants(call: Call) -> Any:
    wanted = {name: call.query[name] for name in _FILTERS if name in call.query}
    any_organization = boolean(call.query, "allow_any_organization")
    grants = [
        grant
        for grant in call.state.client_grants.values()
        if all(getattr(grant, name) == value for name, value in wanted.items())
        and any_organization in (None, bool(grant.allow_any_organization))
    ]
    return either(call.query, "client_grants", grants, lambda grant: grant.id, as_json)


@routes.post("/client-grants", "create:client_grants", description="Create a client grant")
def create_client_grant(call: Call) -> Answer:
    fields = {
        **_CHANGEABLE,
        "audience": REQUIRED_STRING,
        "client_id": STRING,
        "default_for": Field("string", ("third_party_clients",)),
        "subject_type": Field("string", ("client", "user")),
    }
    body = checked(call.body, fields)
    if ("client_id" in body) == ("default_for" in body):
        raise invalid_body("'Exactly one of client_id and default_for is required'.")
    api = call.state.resource_servers.get(body["audience"])
    if api is None:
        raise inexistent("resource_server", "The resource server does not exist.")
    if "client_id" in body and body["client_id"] not in call.state.clients:
        raise inexistent("client", "The client does not exist.")
    grant = ClientGrant(new_id("cgr"), body["audience"], body.get("client_id"), body.get("default_for"))
    grant.subject_type = body.get("subject_type", "client")
    for other in call.state.client_grants.values():
        if _who(other) == _who(grant):
            raise ManagementError(
                409,
                "A client grant for this client, audience and subject type exists.",
                "client_grant_conflict",
            )
    _change(grant, body, api)
    call.state.client_grants[grant.id] = grant
    return created(as_json(grant))


@routes.get("/client-grants/{id}", "read:client_grants")
def get_client_grant(call: Call, id: str) -> Any:
    return as_json(_found(call, id))


@routes.patch("/client-grants/{id}", "update:client_grants", description="Update a client grant")
def update_client_grant(call: Call, id: str) -> Any:
    body = checked(call.body, _CHANGEABLE)
    grant = _found(call, id)
    _change(grant, body, call.state.resource_servers.get(grant.audience))
    return as_json(grant)


@routes.delete("/client-grants/{id}", "delete:client_grants", description="Delete a client grant")
def delete_client_grant(call: Call, id: str) -> Answer:
    call.state.client_grants.pop(id, None)
    return NO_CONTENT


def as_json(grant: ClientGrant) -> dict[str, Any]:
    """The grant as the Management API shows it."""
    return without_none(
        {
            "id": grant.id,
            "client_id": grant.client_id,
            "default_for": grant.default_for,
            "audience": grant.audience,
            "scope": grant.scope,
            "allow_all_scopes": grant.allow_all_scopes or None,
            "subject_type": grant.subject_type,
            "organization_usage": grant.organization_usage,
            "allow_any_organization": grant.allow_any_organization,
            "is_system": grant.is_system or None,
        }
    )


def _who(grant: ClientGrant) -> tuple[str | None, str | None, str, str]:
    return grant.client_id, grant.default_for, grant.audience, grant.subject_type


def _found(call: Call, id: str) -> ClientGrant:
    grant = call.state.client_grants.get(id)
    if grant is None:
        raise inexistent("client_grant", "The client grant does not exist.")
    return grant


def _change(grant: ClientGrant, body: dict[str, Any], api: ResourceServer | None) -> None:
    scope = list(dict.fromkeys(body.get("scope", grant.scope)))
    if api is None or not set(scope) <= set(api.scopes):
        raise ManagementError(
            400,
            "Payload validation error: scope must be a subset of resource server scopes",
            "invalid_body",
        )
    if body.get("allow_all_scopes") and body.get("scope"):
        raise invalid_body("'scope and allow_all_scopes exclude each other'.")
    grant.scope = [] if body.get("allow_all_scopes") else scope
    for name in ("allow_all_scopes", "organization_usage", "allow_any_organization"):
        if name in body:
            setattr(grant, name, body[name])
