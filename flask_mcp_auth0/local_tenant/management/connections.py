"""Connections, the ways in which users log in: ``/connections``. A PATCH of ``options`` replaces them."""

from __future__ import annotations

from typing import Any

from ..model import Connection
from .bodies import BOOLEAN, OBJECT, STRING, STRINGS, checked
from .call import Call, without_none
from .errors import inexistent
from .paging import either, selected
from .routing import Routes

routes = Routes()

_CHANGEABLE = {
    "display_name": STRING,
    "is_domain_connection": BOOLEAN,
    "enabled_clients": STRINGS,
    "options": OBJECT,
}


@routes.get("/connections", "read:connections")
def list_connections(call: Call) -> Any:
    name, strategies = call.query.get("name"), call.repeated.get("strategy")
    connections = [
        connection
        for connection in call.state.connections.values()
        if name in (None, connection.name) and (not strategies or connection.strategy in strategies)
    ]
    return either(
        call.query, "connections", connections, lambda c: c.id, lambda c: selected(call.query, as_json(c))
    )


@routes.get("/connections/{id}", "read:connections")
def get_connection(call: Call, id: str) -> Any:
    return selected(call.query, as_json(_found(call, id)))


@routes.patch("/connections/{id}", "update:connections", description="Update a connection")
def update_connection(call: Call, id: str) -> Any:
    body = checked(call.body, _CHANGEABLE)
    connection = _found(call, id)
    for name, value in body.items():
        setattr(connection, name, value)
    return as_json(connection)


def as_json(connection: Connection) -> dict[str, Any]:
    """The connection as the Management API shows it."""
    return without_none(
        {
            "id": connection.id,
            "name": connection.name,
            "strategy": connection.strategy,
            "display_name": connection.display_name,
            "options": connection.options,
            "is_domain_connection": connection.is_domain_connection,
            "realms": [connection.name],
            "enabled_clients": connection.enabled_clients,
        }
    )


def _found(call: Call, id: str) -> Connection:
    connection = call.state.connections.get(id)
    if connection is None:
        raise inexistent("connection", "The connection does not exist.")
    return connection
