"""Decorators for what tools most often ask of Auth0.

They go below ``@mcp.tool``, so that what is registered is the decorated function::

    @mcp.tool
    @with_connection_token("google-oauth2", parameter="google_token")
    def next_meeting(google_token: str) -> str: ...
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..errors import Auth0APIError, PermissionDenied, RegistrationError, ToolError
from .accessors import get_client
from .ciba import check_binding_message
from .errors import CONNECTION_MISSING
from .injection import before, inject, place_of

F = TypeVar("F", bound=Callable[..., Any])


def with_connection_token(
    connection: str,
    *,
    parameter: str = "connection_token",
    login_hint: str | None = None,
    how: str | None = None,
) -> Callable[[F], F]:
    """Pass the caller's token for a connected account (Token Vault) to a function, as text.

    A caller who has not connected the account is told how; nobody is signed in by this package.

    :param connection: its name in the tenant, as in ``google-oauth2``.
    :param parameter: the function's parameter for the token; the tool's schema does not show it.
    :param login_hint: the user's id there, for users who connected several accounts.
    :param how: a sentence that says where users of your app connect accounts.
    """
    where = how or (
        "Log in to the application with that account, or connect it in your profile there (Connected "
        "Accounts), and then call the tool again."
    )

    def token() -> str:
        try:
            return (
                get_client().get_access_token_for_connection(connection, login_hint=login_hint).access_token
            )
        except Auth0APIError as error:
            if error.error not in CONNECTION_MISSING:
                raise
        raise ToolError(f"This needs your {connection!r} account, which is not connected yet. {where}")

    return lambda function: inject(function, parameter, token, f"@with_connection_token({connection!r})")


def on_behalf_of(
    *, audience: str, scope: str | Iterable[str] | None = None, parameter: str = "api_token"
) -> Callable[[F], F]:
    """Pass a token for another API, exchanged for the caller's own, to a function, as text.

    :param audience: the identifier of the other API.
    :param scope: what is asked for there.
    :param parameter: the function's parameter for the token; the tool's schema does not show it.
    """
    scopes = scope if scope is None or isinstance(scope, str) else " ".join(scope)

    def token() -> str:
        return get_client().get_token_on_behalf_of(audience, scopes).access_token

    return lambda function: inject(function, parameter, token, f"@on_behalf_of(audience={audience!r})")


def approved_by_user(
    message: str,
    *,
    timeout: float = 120.0,
    audience: str | None = None,
    scope: str | Iterable[str] = "openid",
) -> Callable[[F], F]:
    """Ask the user's own device before each call, through Auth0 (CIBA), and call only what was approved.

    An answer that the MCP client gives for its user is no approval: the client, or its model, can give it
    alone.

    :param message: what the user reads on the device; ``{name}`` stands for an argument of the function. 64
        characters at most, arguments included: letters, digits, spaces and ``+-_.,:#``. A call whose
        arguments do not fit is refused, since a message that was cut or changed would ask for something
        else.
    :param timeout: seconds to wait for the answer.
    :param audience: the API that the approval is for, where the tenant's consent page shows it.
    :param scope: what is approved.
    """
    fields = [name for _, name, _, _ in string.Formatter().parse(message) if name is not None]
    scopes = scope if isinstance(scope, str) else " ".join(scope)

    def decorate(function: F) -> F:
        parameters = inspect.signature(function).parameters
        rest = [name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD]
        unknown = [name for name in fields if name not in parameters]
        if unknown and not (rest and all(map(str.isidentifier, unknown))):
            raise RegistrationError(
                f"@approved_by_user of {place_of(function)} names {', '.join(map(repr, unknown))} in its "
                "message, which is no parameter of the function (only plain names are replaced)"
            )

        def ask(arguments: dict[str, Any]) -> None:
            for name in rest:
                arguments |= arguments.pop(name)
            missing = [name for name in fields if name not in arguments]
            if missing:
                raise ToolError(
                    f"The user must approve this, and {', '.join(map(repr, missing))} is missing."
                )
            _ask(message.format_map(arguments), timeout, audience, scopes)

        return before(function, ask)

    return decorate


_OUTCOMES = {
    "access_denied": "The user did not approve this on their device, so it was not done.",
    "expired_token": "The user did not answer on their device in time, so nothing was done.",
    "request_cancelled": "The call was given up before the user approved it, so nothing was done.",
}


def _ask(message: str, timeout: float, audience: str | None, scope: str) -> None:
    try:
        check_binding_message(message)
    except ValueError as error:
        raise ToolError(f"The user cannot be asked to approve these arguments: {error}.") from None
    try:
        get_client().backchannel_login(message, timeout=timeout, audience=audience, scope=scope)
    except Auth0APIError as error:
        outcome = _OUTCOMES.get(error.error or "")
        if outcome is None:
            raise
    else:
        return
    raise PermissionDenied(outcome)
