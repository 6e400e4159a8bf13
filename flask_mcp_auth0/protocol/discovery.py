"""What a client learns first: ``server/discover`` and ``initialize``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .apps import EXTENSION_ID
from .era import negotiated
from .errors import invalid_params
from .server import Exchange
from .versions import MODERN_VERSIONS

#: Milliseconds for which what the server says of itself may be kept: it changes with a deployment only.
_DISCOVERY_TTL = 300_000


def discover(exchange: Exchange) -> dict[str, Any]:
    """Answer ``server/discover`` (server/discover): the same for every caller."""
    result: dict[str, Any] = {
        "supportedVersions": list(MODERN_VERSIONS),
        "capabilities": capabilities(exchange),
        "ttlMs": _DISCOVERY_TTL,
        "cacheScope": "public",
    }
    if exchange.server.info.instructions:
        result["instructions"] = exchange.server.info.instructions
    return exchange.complete(result)


def initialize(exchange: Exchange) -> tuple[dict[str, Any], str | None]:
    """Answer ``initialize`` (2025-11-25 basic/lifecycle); return the result and the session id.

    :raises ProtocolError: -32602 if the client does not say what it speaks and can do.
    """
    params = exchange.params
    client_capabilities, client_info = params.get("capabilities"), params.get("clientInfo")
    if not isinstance(params.get("protocolVersion"), str):
        raise invalid_params("Invalid params: protocolVersion must be a string")
    if not isinstance(client_capabilities, Mapping) or not isinstance(client_info, Mapping):
        raise invalid_params("Invalid params: capabilities and clientInfo must be objects")
    version = negotiated(params["protocolVersion"])
    result: dict[str, Any] = {
        "protocolVersion": version,
        "capabilities": capabilities(exchange),
        "serverInfo": exchange.server.info.implementation(),
    }
    if exchange.server.info.instructions:
        result["instructions"] = exchange.server.info.instructions
    session_id = exchange.server.sessions.issue(exchange.caller, version, client_capabilities, client_info)
    return result, session_id


def capabilities(exchange: Exchange) -> dict[str, Any]:
    """Return the server's capabilities: what is registered, and of notifications only what can be kept."""
    registry, changes = exchange.server.registry, exchange.keeps_subscriptions
    offered: dict[str, Any] = {}
    if registry.tools:
        offered["tools"] = {"listChanged": True} if changes else {}
    if registry.resources or registry.templates:
        offered["resources"] = {"subscribe": True, "listChanged": True} if changes else {}
    if registry.prompts:
        offered["prompts"] = {"listChanged": True} if changes else {}
    if registry.prompts or registry.templates:
        offered["completions"] = {}
    if registry.tools:
        offered["logging"] = {}
    if registry.has_pages:
        offered["extensions"] = {EXTENSION_ID: {}}
    return offered
