"""The state as plain JSON-able data, and back: what the store on disk writes and reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from .model import (
    Client,
    ClientGrant,
    Connection,
    Group,
    Organization,
    Permission,
    RefreshToken,
    ResourceServer,
    Role,
    TenantSettings,
    TokenExchangeProfile,
    User,
    UserGrant,
)

if TYPE_CHECKING:
    from .state import TenantState

FORMAT = 1

# Codes, logs and recent requests do not outlive the process.
COLLECTIONS: dict[str, type[Any]] = {
    "users": User,
    "roles": Role,
    "groups": Group,
    "organizations": Organization,
    "resource_servers": ResourceServer,
    "clients": Client,
    "client_grants": ClientGrant,
    "connections": Connection,
    "user_grants": UserGrant,
    "token_exchange_profiles": TokenExchangeProfile,
    "refresh_tokens": RefreshToken,
}


def dump(state: TenantState) -> dict[str, Any]:
    """The data of ``state``; the caller holds its lock."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "issuer": state.issuer,
        "settings": asdict(state.settings),
    }
    for name in COLLECTIONS:
        collection: dict[str, Any] = getattr(state, name)
        data[name] = {key: _plain(value) for key, value in collection.items()}
    return data


def load(state: TenantState, data: Mapping[str, Any]) -> None:
    """Replace the data of ``state``; the caller holds its lock. :raises ValueError: when ``data`` is of
    another form.
    """
    if data.get("format") != FORMAT:
        raise ValueError(f"This is not a saved tenant of format {FORMAT}.")
    try:
        settings = TenantSettings(**data["settings"])
        loaded = {
            name: {key: _object(kind, value) for key, value in data[name].items()}
            for name, kind in COLLECTIONS.items()
        }
        issuer = str(data["issuer"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"The saved tenant is damaged: {error}.") from error
    state.settings = settings
    for name, collection in loaded.items():
        setattr(state, name, collection)
    # Data saved under one issuer may be opened under another: the Management API follows.
    wanted, state.issuer = state.issuer, issuer
    state.move_to(wanted)


def _plain(value: Any) -> dict[str, Any]:
    plain = asdict(value)
    if "permissions" in plain:
        plain["permissions"] = sorted(list(permission) for permission in value.permissions)
    return plain


def _object(kind: type[Any], value: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    arguments = {key: item for key, item in value.items() if key in known}
    if "permissions" in arguments:
        arguments["permissions"] = {Permission(*pair) for pair in arguments["permissions"]}
    return kind(**arguments)
