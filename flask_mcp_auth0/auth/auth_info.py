"""Who is calling: what a verified access token says, for the length of one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flask import current_app, g
from werkzeug.local import LocalProxy

from .. import request_state
from ..errors import OutsideRequestError

_KEY = "_mcp_auth0_info"

_UNBOUND = (
    "There is no authenticated MCP request here. get_auth_info() works inside a tool, resource or prompt while "
    "it is being called through the MCP endpoint: not at import time, not in a background thread, and not in "
    "an ordinary view. In tests, use flask_mcp_auth0.testing to call the tool as somebody."
)


@dataclass(frozen=True, slots=True)
class User:
    """The subject of the token. Claims that have no field of their own are read as ``user["claim"]``.

    :param sub: the Auth0 user id (RFC 7519 §4.1.2), for a machine the client's.
    :param name: the ``name`` claim, where the token carries one (strict third-party clients get none).
    :param email: the ``email`` claim, likewise.
    :param claims: every claim of the token, read only.
    """

    sub: str
    name: str | None = None
    email: str | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def __getitem__(self, claim: str) -> Any:
        return self.claims[claim]

    def get(self, claim: str, default: Any = None) -> Any:
        """Return a claim of the token, or ``default`` where it has none of that name."""
        return self.claims.get(claim, default)


@dataclass(frozen=True, slots=True)
class AuthInfo:
    """What a verified access token says (RFC 9068 §2.2). Its ``repr`` never shows the token.

    ``scopes`` is what the user let this client do; ``permissions`` is what the user may do at all
    (RBAC). They are kept apart on purpose: only ``scope`` speaks of the user's consent.

    :param token: the raw access token. Never send it to another API: exchange it.
    :param client_id: the OAuth client that asked (``client_id`` or ``azp``).
    :param scopes: the token's ``scope``, in its order.
    :param permissions: the token's ``permissions`` claim, empty where there is none.
    :param has_permissions_claim: whether the token carries the claim at all.
    :param expires_at: ``exp``, Unix time in seconds.
    :param issuer: ``iss``.
    :param organization: ``org_id``, where the user logged in to an organisation.
    :param is_machine: no person is behind the token (client credentials).
    :param user: the subject and its claims.
    """

    token: str = field(repr=False)
    client_id: str
    scopes: tuple[str, ...]
    permissions: tuple[str, ...]
    expires_at: int
    user: User
    issuer: str
    organization: str | None = None
    is_machine: bool = False
    has_permissions_claim: bool = False

    @property
    def actor(self) -> Mapping[str, Any] | None:
        """The ``act`` claim: who acts for the user (RFC 8693 §4.1), ``None`` where nobody does."""
        act = self.user.claims.get("act")
        return act if isinstance(act, Mapping) else None


def set_auth_info(info: AuthInfo | None) -> None:
    """Keep who sends the current request, ``None`` for nobody that is known.

    ``flask.g`` may be shared with other requests, so what lies there is no caller but :data:`auth_info`, which
    finds that of the request in which it is read.
    """
    request_state.keep(_KEY, (current_app._get_current_object(), info))  # type: ignore[attr-defined]
    if info is not None:
        setattr(g, _KEY, auth_info)


def find_auth_info() -> AuthInfo | None:
    """Return the caller of the current request, ``None`` where it carries no verified token."""
    app, info = request_state.kept(_KEY) or (None, None)
    # Within the context of another app that caller is unknown: the other app has verified no token.
    if info is None or app is not current_app._get_current_object():  # type: ignore[attr-defined]
        return None
    found: AuthInfo = info
    return found


def get_auth_info() -> AuthInfo:
    """Return the caller of the current MCP request.

    :raises OutsideRequestError: outside an authenticated MCP request.
    """
    info = find_auth_info()
    if info is None:
        raise OutsideRequestError(_UNBOUND)
    return info


#: The caller of the current MCP request, as :func:`get_auth_info` returns it.
auth_info: AuthInfo = LocalProxy(get_auth_info)  # type: ignore[assignment]
