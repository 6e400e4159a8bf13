"""What one app has of the extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from flask import Flask, current_app, has_app_context

from .auth.cache import LookupCache
from .auth.decisions import Decider
from .auth.discovery import AuthorizationServer
from .auth.permissions import PermissionLookup
from .auth.tokens import TokenVerifier
from .auth0_api.client import ClientProvider
from .auth0_api.management import ManagementProvider
from .catalogue import Catalogue
from .errors import OutsideRequestError
from .observability.health import Health
from .observability.tracing import Telemetry
from .outbound import Outbound
from .protocol.notifications import Hub
from .protocol.registry import Registry
from .protocol.server import Server
from .protocol.store import Store
from .protocol.switches import Switches
from .sealing import Sealer
from .settings import Settings

#: The name under which it lies in ``app.extensions``.
EXTENSION = "mcp_auth0"


@dataclass(eq=False)
class AppState:
    """What one app has of the extension: ``app.extensions["mcp_auth0"]``.

    Every thread shares it. Nothing in it is replaced once the app serves; the server is made once, under a lock.
    """

    app: Flask
    settings: Settings
    outbound: Outbound
    cache: LookupCache
    sealer: Sealer
    store: Store
    hub: Hub
    switches: Switches
    authorization_server: AuthorizationServer
    verifier: TokenVerifier
    lookup: PermissionLookup
    decider: Decider
    management_provider: ManagementProvider
    client_provider: ClientProvider
    catalogue: Catalogue
    health: Health
    telemetry: Telemetry = field(default_factory=Telemetry)
    _server: Server | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def registry(self) -> Registry:
        """What the app serves."""
        return self.catalogue.registry()

    def server(self, make: Callable[[], Server]) -> Server:
        """Return the app's server; ``make`` is called by the first request, when everything is registered."""
        if self._server is None:
            with self._lock:
                if self._server is None:
                    self._server = make()
        return self._server

    def check_names(self) -> None:
        """Look at what is registered so far; see :meth:`Catalogue.check`."""
        self.catalogue.check()


def current_state() -> AppState:
    """Return what the current app has of the extension.

    :raises OutsideRequestError: outside an application context, or in an app without ``init_app``.
    """
    if not has_app_context():
        raise OutsideRequestError(
            "This needs an application context: use it in a request, or in app.app_context()."
        )
    state = current_app.extensions.get(EXTENSION)
    if not isinstance(state, AppState):
        raise OutsideRequestError(
            f"The app {current_app.name!r} has no Auth0MCP: call mcp.init_app(app) first."
        )
    return state
