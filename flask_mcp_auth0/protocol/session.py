"""Session ids of the handshake revisions: sealed, self-contained, bound to the caller who got them.

Any worker on any machine can open one, so nothing has to be remembered and nothing has to be sticky.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..sealing import Sealer, SealError
from .errors import ProtocolError
from .versions import HANDSHAKE_VERSIONS

#: Seconds after which a client has to shake hands again.
SESSION_LIFETIME = 7 * 24 * 3600
_MAX_LENGTH = 4096
_PURPOSE = "session"
#: What of a client's capabilities changes how it is served; the rest need not travel.
_CAPABILITIES = {"elicitation": ("form", "url"), "sampling": ("context", "tools"), "roots": ()}


@dataclass(frozen=True, slots=True)
class Session:
    """What was agreed in a handshake.

    :param key: an opaque name under which a store may keep more about the session.
    """

    key: str
    version: str
    capabilities: Mapping[str, Any]
    client_info: Mapping[str, Any]


class Sessions:
    """Issues and reads session ids. Stateless, so safe to share between threads."""

    def __init__(self, sealer: Sealer, *, clock: Callable[[], float] = time.time) -> None:
        self._sealer = sealer
        self._clock = clock

    def issue(
        self, caller: str, version: str, capabilities: Mapping[str, Any], client_info: Mapping[str, Any]
    ) -> str | None:
        """Return a new session id (visible ASCII), ``None`` where there is no key to seal it with.

        :param caller: who may use it; nobody else can.
        """
        if not self._sealer.available:
            return None
        value = {
            "k": secrets.token_urlsafe(16),
            "v": version,
            "c": _essential(capabilities),
            "i": {name: str(client_info.get(name, ""))[:64] for name in ("name", "version")},
            "t": int(self._clock()),
        }
        return self._sealer.seal(_PURPOSE, value, context=caller)

    def open(self, session_id: str, caller: str) -> Session:
        """Return the session that an id stands for.

        :raises ProtocolError: with HTTP status 404 if it was not issued here, not to this caller, or too long
            ago; the client then starts anew (2025-11-25 basic/transports, Session Management).
        """
        try:
            if len(session_id) > _MAX_LENGTH:
                raise SealError("too long")
            value = self._sealer.open(_PURPOSE, session_id, context=caller)
        except SealError as error:
            raise _not_found() from error
        if (
            not 0 <= self._clock() - value["t"] + 60 <= SESSION_LIFETIME
            or value["v"] not in HANDSHAKE_VERSIONS
        ):
            raise _not_found()
        return Session(value["k"], value["v"], value["c"], value["i"])


def _not_found() -> ProtocolError:
    return ProtocolError(-32600, "Session not found: initialize again", status=404)


def _essential(capabilities: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    essential: dict[str, dict[str, Any]] = {}
    for name, parts in _CAPABILITIES.items():
        value = capabilities.get(name)
        if isinstance(value, Mapping):
            essential[name] = {part: {} for part in parts if isinstance(value.get(part), Mapping)}
    return essential
