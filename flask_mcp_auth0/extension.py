"""The extension: what an application makes, initialises and talks to."""

from __future__ import annotations

import logging

from flask import Flask

from .app_state import EXTENSION, AppState, current_state
from .config_reader import SHORTEST_SECRET
from .errors import ConfigurationError, RegistrationError
from .protocol.components import ComponentKind
from .protocol.notifications import Change, ChangeKind
from .registrar import Registrar
from .settings import Settings
from .wiring import wire

logger = logging.getLogger("flask_mcp_auth0")


class Auth0MCP(Registrar):
    """Makes a Flask app an MCP server whose callers log in through Auth0.

    One instance may serve several apps; it keeps no app of its own.

    :param app: initialised at once if given; else call :meth:`init_app`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        super().__init__()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the configuration, put the guard before the app and add the endpoint to it.

        Keys are read once, here; ``docs/configuration.md`` explains each of them. Flask-Caching's ``Cache`` of
        the app is used for look-ups where it has one.

        :param app: the app; its ``SECRET_KEY`` seals session ids and request states unless
            ``MCP_SECRET_KEYS`` is set.
        :raises ConfigurationError: naming every setting that is missing or malformed.
        :raises RegistrationError: if what is registered so far cannot be served.
        """
        if EXTENSION in app.extensions:
            raise ConfigurationError(f"init_app was called twice for the app {app.name!r}")
        settings = Settings.from_config(app.config, app_name=app.name)
        state = wire(app, settings, self)
        app.extensions[EXTENSION] = state
        state.check_names()
        _warn(state)

    def disable(self, name: str, *, kind: ComponentKind = "tool") -> None:
        """Switch a component off, in every worker that shares the store, until it is enabled.

        It is then answered as unknown and in no list; clients that listen are told (``list_changed``). Call
        it within an application context.

        :raises RegistrationError: if nothing of that name is registered.
        """
        self._switch(name, kind, on=False)

    def enable(self, name: str, *, kind: ComponentKind = "tool") -> None:
        """Switch a component on again; see :meth:`disable`."""
        self._switch(name, kind, on=True)

    def notify_resource_updated(self, uri: str) -> None:
        """Tell the clients that watch a resource that it changed. Call it within an application context."""
        current_state().hub.publish(Change("resources/updated", uri))

    def forget_permissions(self, user_id: str | None = None) -> bool:
        """Forget what is kept of a user's permissions, so that the next call asks Auth0 again.

        Every worker that shares the app's cache forgets. Call it within an application context.

        :param user_id: as ``auth0|…``; ``None`` for everybody, the API's own definitions included.
        :return: whether the cache took it. If not, a warning is logged, and what the cache holds may be used until
            ``AUTH0_PERMISSIONS_TTL`` is over (``AUTH0_API_SCOPES_TTL`` for the definitions): try again.
        """
        taken = current_state().lookup.forget(user_id)
        if not taken:
            logger.warning(
                "Permissions were to be forgotten, and the cache did not take it: they last their time."
            )
        return taken

    def _switch(self, name: str, kind: ComponentKind, *, on: bool) -> None:
        state = current_state()
        if not any((bound.component.kind, bound.component.name) == (kind, name) for bound in state.registry):
            raise RegistrationError(f"there is no {kind} called {name!r}")
        if state.switches.switch(kind, name, on=on):
            state.hub.publish(Change(_LIST_CHANGED[kind]))


_LIST_CHANGED: dict[ComponentKind, ChangeKind] = {
    "tool": "tools/list_changed",
    "resource": "resources/list_changed",
    "prompt": "prompts/list_changed",
}


def _warn(state: AppState) -> None:
    settings = state.settings
    if not settings.secret_keys:
        logger.warning(
            "Neither MCP_SECRET_KEYS nor SECRET_KEY is set: there are no session ids, and tools cannot ask the user."
        )
    if settings.has_short_secret_key:
        logger.warning(
            "SECRET_KEY (or one of SECRET_KEY_FALLBACKS) is shorter than %d characters: session ids and what tools ask "
            "could be forged by guessing it, and each worker fetches a Management token of its own.",
            SHORTEST_SECRET,
        )
    if not settings.has_client_credentials and settings.permissions_source == "management":
        logger.warning(
            "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET are not set: nobody can be asked who holds which permission, so "
            "protected tools are refused to everybody. Tools without protection work."
        )
