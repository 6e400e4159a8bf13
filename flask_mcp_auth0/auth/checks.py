"""What a programmer writes to ask something of the caller: a decorator, and two checks inside a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, overload

from flask import current_app, has_app_context, has_request_context

from ..errors import OutsideRequestError, PermissionDenied
from .auth_info import find_auth_info, get_auth_info
from .decisions import Decider
from .protection import protect, protection_of
from .requirement import Condition, Requirement, make_requirement

__all__ = ["protected_tool", "protection_of", "require_permission", "require_scopes"]

F = TypeVar("F", bound=Callable[..., Any])


@overload
def protected_tool(function: F, /) -> F: ...


@overload
def protected_tool(
    *,
    permission: str | None = None,
    permissions: Iterable[str] = (),
    match: Literal["all", "any"] = "all",
    scopes: Iterable[str] = (),
    when: Condition | Iterable[Condition] | None = None,
) -> Callable[[F], F]: ...


def protected_tool(
    function: F | None = None,
    /,
    *,
    permission: str | None = None,
    permissions: Iterable[str] = (),
    match: Literal["all", "any"] = "all",
    scopes: Iterable[str] = (),
    when: Condition | Iterable[Condition] | None = None,
) -> F | Callable[[F], F]:
    """Protect a tool, resource or prompt: its caller must hold a permission. Registers nothing.

    Stands above or below the decorator that registers the function, and of any others between them::

        @mcp.tool
        @protected_tool(permission="refunds:write")
        def refund(order: str) -> str: ...

    Where several apply (this one, the registrar's own arguments, the blueprint's), all of them must be met.

    :param permission: what the caller must hold; without any, the component's own: ``tool:<name>``.
    :param permissions: several of them.
    :param match: whether ``all`` of them are needed or ``any`` one.
    :param scopes: scopes that the token must carry besides (RFC 6750 §3.1); a client can ask for them.
    :param when: a function of ``(auth_info, arguments)`` that must return true, or several. The arguments are
        what the function will get: validated, converted, with defaults. Whatever it raises refuses the call.
    :return: the very function that was given.
    :raises RegistrationError: if a name cannot be a scope (RFC 6749 §3.3), or this is no function.
    """
    requirement = make_requirement(
        protected=True, permission=permission, permissions=permissions, match=match, scopes=scopes, when=when
    )

    def decorate(decorated: F) -> F:
        protect(decorated, requirement)
        return decorated

    return decorate if function is None else decorate(function)


def require_permission(*permissions: str, match: Literal["all", "any"] = "all") -> None:
    """Go on only if the caller of the running tool, resource or prompt holds the permissions.

    For what only shows in the middle of a function::

        if amount > 100:
            require_permission("refunds:large")

    :param permissions: permission names on the API.
    :param match: whether ``all`` of them are needed or ``any`` one.
    :raises PermissionDenied: if the caller lacks one; the caller is told so, not what.
    :raises AuthorizationUnavailable: if Auth0 cannot be asked.
    :raises InsufficientScopeError: if ``AUTH0_REQUIRE`` wants the user's consent too, and it is not given.
    :raises OutsideRequestError: outside an authenticated MCP request.
    """
    if not permissions:
        raise TypeError("require_permission() needs the name of at least one permission")
    _require(make_requirement(protected=True, permissions=permissions, match=match))


def require_scopes(*scopes: str) -> None:
    """Go on only if the token of the running call carries the scopes.

    :param scopes: OAuth scopes.
    :raises InsufficientScopeError: if one lacks; the client is told to ask for all of them (RFC 6750 §3.1).
    :raises PermissionDenied: if one lacks that the user is known not to be able to get.
    :raises OutsideRequestError: outside an authenticated MCP request.
    """
    if not scopes:
        raise TypeError("require_scopes() needs the name of at least one scope")
    _require(make_requirement(protected=False, scopes=scopes))


def _require(requirement: Requirement) -> None:
    decider = _decider()
    caller = find_auth_info()
    if caller is None and decider.settings.anonymous and has_request_context():
        # An anonymous tool went on to what is not for everybody.
        raise PermissionDenied("Log in to do this.")
    decider.require(caller or get_auth_info(), requirement)


def _decider() -> Decider:
    state = current_app.extensions.get("mcp_auth0") if has_app_context() else None
    decider = getattr(state, "decider", None)
    if not isinstance(decider, Decider):
        raise OutsideRequestError(
            "No app with Auth0MCP is active here: permissions are checked while a tool, resource or prompt "
            "is being called through the MCP endpoint. Was init_app() forgotten?"
        )
    return decider
