"""What a tool, resource or prompt asks of its caller."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..errors import RegistrationError

if TYPE_CHECKING:
    from .auth_info import AuthInfo

#: RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

#: Auth0 refuses longer scope values on an API.
MAX_SCOPE_LENGTH = 280


def check_scope_token(value: str, what: str) -> str:
    """Return ``value`` if it can be an OAuth scope or an Auth0 permission name (RFC 6749 §3.3).

    :raises RegistrationError: if it holds a space, a quote, a backslash or a character outside ASCII, is
        empty, or has more than 280 characters.
    """
    if len(value) > MAX_SCOPE_LENGTH:
        raise RegistrationError(
            f"{what} {value[:40]!r}… has {len(value)} characters; at most {MAX_SCOPE_LENGTH} can be a scope"
        )
    if not _SCOPE_TOKEN.fullmatch(value):
        raise RegistrationError(
            f"{what} {value!r} cannot be an OAuth scope: spaces, quotes, backslashes and characters outside "
            "ASCII are not allowed (RFC 6749 §3.3)"
        )
    return value


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the caller of one component must hold. The default asks for nothing but a verified token.

    :param protected: the permissions are always demanded. Where false, they are demanded only if the
        tenant defines them on the API (the administrator decides).
    :param permissions: permission names; for a tool without any of its own, ``tool:<name>``.
    :param match: whether ``all`` of them or ``any`` one of them is needed.
    :param scopes: scopes that the token itself must carry.
    :param conditions: functions of ``(auth_info, arguments)``; each must return true.
    :param anonymous: may be used without a token where the application allows that.
    """

    protected: bool = False
    permissions: tuple[str, ...] = ()
    match: Literal["all", "any"] = "all"
    scopes: tuple[str, ...] = ()
    conditions: tuple[Callable[[AuthInfo, Mapping[str, Any]], bool], ...] = field(default=())
    anonymous: bool = False
