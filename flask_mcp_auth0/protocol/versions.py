"""Which revisions of MCP are spoken, and the names of the ``_meta`` keys that carry them."""

from __future__ import annotations

from typing import Final

from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)

#: Every request carries its own version and capabilities.
MODERN_VERSIONS: Final = ("2026-07-28",)
#: Negotiated by ``initialize``; newest first.
HANDSHAKE_VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
#: Assumed where a request names no version (2025-06-18 basic/transports, Protocol Version Header).
ASSUMED_VERSION: Final = "2025-03-26"
#: The only revision that has JSON-RPC batches.
BATCH_VERSION: Final = "2025-03-26"

SUBSCRIPTION_ID_META_KEY: Final = "io.modelcontextprotocol/subscriptionId"

__all__ = [
    "ASSUMED_VERSION",
    "BATCH_VERSION",
    "CLIENT_CAPABILITIES_META_KEY",
    "CLIENT_INFO_META_KEY",
    "HANDSHAKE_VERSIONS",
    "LOG_LEVEL_META_KEY",
    "MODERN_VERSIONS",
    "PROTOCOL_VERSION_META_KEY",
    "SERVER_INFO_META_KEY",
    "SUBSCRIPTION_ID_META_KEY",
]
