"""What holds for one request: which revision, what the client can do, which session it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_types import LoggingLevel

#: RFC 5424 §6.2.1, least severe first (server/utilities/logging, Log Levels).
LOG_LEVELS: tuple[LoggingLevel, ...] = (
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms under which one request is served; made anew for each (basic/index, Statelessness).

    :param version: the protocol revision.
    :param modern: whether the request carries its own terms (2026-07-28 on) rather than a handshake's.
    :param capabilities: the client's, as it declared them; ``None`` where nobody knows.
    :param client_info: name and version of the client, where it told.
    :param log_level: the least severe level that the client wants to hear; ``None`` for no messages at all.
    :param session: an opaque key of the handshake's session; ``None`` without one.
    """

    version: str
    modern: bool
    capabilities: Mapping[str, Any] | None = None
    client_info: Mapping[str, Any] | None = field(default=None)
    log_level: str | None = None
    session: str | None = None

    def supports(self, *path: str) -> bool:
        """Tell whether the client declared a capability, as in ``supports("elicitation", "form")``."""
        value: Any = self.capabilities
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return isinstance(value, Mapping)
