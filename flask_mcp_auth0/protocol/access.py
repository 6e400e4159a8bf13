"""The one door between the protocol and whoever decides who may do what.

The protocol room asks through :class:`Access`; the extension provides it. Nothing here knows tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .components import Component


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a component may not be used now.

    ``denied`` and ``unavailable`` are answered in-band with ``message``; ``challenge`` asks the client to
    step up (RFC 6750 §3.1) with the header value ``www_authenticate``; ``hidden`` is answered exactly as an
    unknown component would be; ``unauthenticated`` is the 401 of a call that came without a token.
    """

    kind: Literal["denied", "unavailable", "challenge", "hidden", "unauthenticated"]
    message: str
    www_authenticate: str | None = None
    #: where a challenge goes: the HTTP status 403, or the result's ``_meta["mcp/www_authenticate"]``
    challenge_as: Literal["http", "result"] = "http"
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which of the components asked about the caller may see, in the order asked.

    :param visible: one flag a component.
    :param uniform: whether every caller would get the same answer (``cacheScope: public`` is allowed).
    :param ttl_ms: how long the answer holds, in milliseconds; 0 where it was made while nobody could be asked.
    """

    visible: Sequence[bool]
    uniform: bool
    ttl_ms: int


class Access(Protocol):
    """What the protocol asks about the caller of the current request."""

    def caller(self) -> str:
        """Return a stable, opaque name of the caller; session ids and request states are bound to it."""
        ...

    def authenticated(self) -> bool:
        """Tell whether the request carries a verified token."""
        ...

    def expires_at(self) -> float | None:
        """Return when the caller's token ends (Unix time, seconds); streams end with it."""
        ...

    def unauthenticated(self) -> Refusal:
        """Return the refusal of whatever needs a token, for a request that came without one."""
        ...

    def check(self, component: Component, arguments: Callable[[], Mapping[str, Any]]) -> Refusal | None:
        """Tell why the caller may not use the component.

        :param arguments: returns them as the function will get them, or raises because they do not fit, which
            is passed on. To be called only where the decision turns on them, and after all else is granted:
            whoever is refused learns nothing of what would have fitted.
        """
        ...

    def unknown(self, kind: str, name: str) -> Refusal | None:
        """Take note of a name that nothing has; a refusal only where a concealed component would get it too."""
        ...

    def listing(self, components: Sequence[Component]) -> Listing:
        """Tell which of the components the caller may see."""
        ...

    def refusal_of(self, error: Exception, component: Component) -> Refusal | None:
        """Turn an authorization error that a running function raised into a refusal; else ``None``."""
        ...
