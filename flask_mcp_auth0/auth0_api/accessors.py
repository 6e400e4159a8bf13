"""``get_client()`` and ``get_management()``: the current app's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, has_app_context

from ..errors import OutsideRequestError

if TYPE_CHECKING:
    from auth0.management import ManagementClient

    from .client import Auth0Client


def get_client() -> Auth0Client:
    """Return the current app's client for token exchanges and logins.

    :raises OutsideRequestError: outside an application context, or in an app without ``Auth0MCP``.
    """
    client: Auth0Client = _state("get_client").client_provider.client()
    return client


def get_management(*, patient: bool = False) -> ManagementClient:
    """Return the current app's client for the Auth0 Management API, auth0-python's own.

    There is one for each app and process. Its errors are the SDK's (``auth0.management.errors``); only a
    token that cannot be had is :class:`~flask_mcp_auth0.Auth0APIError`. A machine caller has no user in the
    tenant: look at ``get_auth_info().is_machine`` before writing to ``users``.

    :param patient: with the SDK's own policy, a minute's time-out and two retries after sleeping; without
        it, a call lasts some seconds at most.
    :raises OutsideRequestError: outside an application context, or in an app without ``Auth0MCP``.
    :raises ConfigurationError: if no credentials are configured.
    """
    management: ManagementClient = _state("get_management").management_provider.client(patient=patient)
    return management


def _state(name: str) -> Any:
    if not has_app_context():
        raise OutsideRequestError(
            f"{name}() needs the Flask app, and there is none here. Call it inside a tool, a view or a "
            "command; elsewhere, as in a thread of your own, inside `with app.app_context():`."
        )
    state = current_app.extensions.get("mcp_auth0")
    if state is None:
        raise OutsideRequestError(
            f"{name}() belongs to Auth0MCP, which the app {current_app.name!r} does not have: call "
            "Auth0MCP(app), or mcp.init_app(app), when the app is made."
        )
    return state
