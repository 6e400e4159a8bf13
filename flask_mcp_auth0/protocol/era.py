"""Which of the two eras a request belongs to, and under which terms it is served.

A request that carries its own version is modern (2026-07-28 on); everything else lives by a handshake
(``initialize``, 2025-03-26 to 2025-11-25). The method never decides (basic/versioning, Backward
Compatibility).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import Headers

from .errors import (
    UNSUPPORTED_PROTOCOL_VERSION,
    ProtocolError,
    header_mismatch,
    invalid_params,
    printable,
)
from .jsonrpc import Request
from .mirrored_headers import check_standard_headers, single
from .session import Sessions
from .terms import LOG_LEVELS, Terms
from .versions import (
    ASSUMED_VERSION,
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    HANDSHAKE_VERSIONS,
    LOG_LEVEL_META_KEY,
    MODERN_VERSIONS,
    PROTOCOL_VERSION_META_KEY,
)

VERSION_HEADER = "MCP-Protocol-Version"
SESSION_HEADER = "Mcp-Session-Id"


def is_modern(headers: Headers, body: Any) -> bool:
    """Tell whether a decoded body, with its headers, speaks for itself.

    So it does where its ``_meta`` names a version, or where the version header names one that no handshake
    could have agreed on. A batch never does: only 2025-03-26 has batches.
    """
    if isinstance(body, list):
        return False
    if isinstance(body, dict):
        params = body.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        if isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta:
            return True
    version = headers.get(VERSION_HEADER)
    return version is not None and version not in HANDSHAKE_VERSIONS


def modern_terms(headers: Headers, request: Request) -> Terms:
    """Return the terms that a modern request carries.

    :raises ProtocolError: -32020, -32022 or -32602 with HTTP 400, as basic/index ``_meta`` and
        streamable-http, Server Validation, say.
    """
    header_version = single(headers, VERSION_HEADER)
    meta = request.params.get("_meta")
    version = meta.get(PROTOCOL_VERSION_META_KEY) if isinstance(meta, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(version, str):
        if header_version not in MODERN_VERSIONS:
            raise unsupported_version(header_version)
        raise invalid_params(f"Invalid params: _meta must hold {PROTOCOL_VERSION_META_KEY}")
    if version != header_version:
        raise header_mismatch(f"{VERSION_HEADER} does not match {PROTOCOL_VERSION_META_KEY} in the body")
    if version not in MODERN_VERSIONS:
        raise unsupported_version(version)
    capabilities = meta.get(CLIENT_CAPABILITIES_META_KEY)
    if not isinstance(capabilities, Mapping):
        raise invalid_params(f"Invalid params: _meta must hold {CLIENT_CAPABILITIES_META_KEY}")
    client_info = meta.get(CLIENT_INFO_META_KEY)
    level = meta.get(LOG_LEVEL_META_KEY)
    if level is not None and level not in LOG_LEVELS:
        raise invalid_params("Invalid params: unknown log level")
    check_standard_headers(headers, request.method, request.params)
    return Terms(
        version=version,
        modern=True,
        capabilities=capabilities,
        client_info=client_info if isinstance(client_info, Mapping) else None,
        log_level=level,
    )


def handshake_terms(headers: Headers, sessions: Sessions, caller: str, *, initializing: bool) -> Terms:
    """Return the terms of a request that lives by an earlier handshake.

    :param caller: whom the session id must have been issued to.
    :param initializing: the request is the handshake itself, so whatever session it names is not looked at.
    :raises ProtocolError: HTTP 400 where the version header names no such revision, HTTP 404 where the
        session id is not the caller's.
    """
    version = headers.get(VERSION_HEADER)
    if version is not None and version not in HANDSHAKE_VERSIONS:
        raise unsupported_version(version)
    session_id = headers.get(SESSION_HEADER)
    if initializing or session_id is None:
        return Terms(version=version or ASSUMED_VERSION, modern=False)
    session = sessions.open(session_id, caller)
    # A client should repeat what was agreed, but only an unsupported version is an error (2025-11-25
    # basic/transports, Protocol Version Header).
    return Terms(
        version=session.version,
        modern=False,
        capabilities=session.capabilities,
        client_info=session.client_info,
        session=session.key,
    )


def negotiated(requested: Any) -> str:
    """Return the version to answer ``initialize`` with: the requested one, else the newest there is.

    (2025-11-25 basic/lifecycle, Version Negotiation.)
    """
    return requested if requested in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0]


def unsupported_version(version: str) -> ProtocolError:
    """The revision is not spoken here (basic/versioning, UnsupportedProtocolVersionError)."""
    return ProtocolError(
        UNSUPPORTED_PROTOCOL_VERSION,
        "Unsupported protocol version",
        data={"supported": list(MODERN_VERSIONS), "requested": printable(version)},
    )
