"""The extension: the one place that knows every room of the house and wires them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Flask, Request, Response, current_app, has_app_context, jsonify, request

from .access_control import AccessControl
from .auth.cache import LookupCache, lookup_cache_of
from .auth.challenge import Challenges, initial_scopes
from .auth.decisions import Decider
from .auth.discovery import AuthorizationServer
from .auth.dpop import PROOF_ALGORITHMS, Nonces, ProofVerifier
from .auth.guard import Guard
from .auth.jwks import SigningKeys
from .auth.log_stream import LogStream
from .auth.metadata import MetadataDocuments, metadata_blueprint
from .auth.origin import OriginPolicy
from .auth.permissions import PermissionLookup
from .auth.tokens import TokenVerifier
from .auth0_api.client import ClientProvider
from .auth0_api.management import ManagementProvider
from .auth0_api.permission_reader import ManagementPermissionReader
from .catalogue import Catalogue
from .errors import ConfigurationError, OutsideRequestError, RegistrationError
from .observability.health import Health
from .observability.wiring import Observability
from .outbound import Outbound
from .page import Page
from .protocol.asking import RequestStates
from .protocol.call import is_cancelled
from .protocol.components import ComponentKind
from .protocol.notifications import Change, ChangeKind, Hub, LogLevels, ResourceSubscriptions
from .protocol.registry import Registry
from .protocol.server import Server
from .protocol.server_info import ServerInfo
from .protocol.session import Sessions
from .protocol.store import Store, open_store
from .protocol.streams import StreamSlots
from .protocol.switches import Switches
from .protocol.view import serve
from .registrar import Registrar
from .sealing import Sealer
from .settings import Settings

logger = logging.getLogger("flask_mcp_auth0")

EXTENSION = "mcp_auth0"
_ENDPOINT = "mcp_auth0"
HEALTH, LOG_STREAM = "/health", "/auth0-log-stream"


@dataclass(eq=False)
class AppState:
    """What one app has of the extension: ``app.extensions["mcp_auth0"]``."""

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
    _observability: Observability | None = None
    _server: Server | None = None

    @property
    def registry(self) -> Registry:
        """What the app serves."""
        return self.catalogue.registry()

    def check_names(self) -> None:
        """Look at what is registered so far; see :meth:`Catalogue.check`."""
        self.catalogue.check()


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
        state = _wire(app, settings, self)
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

    def forget_permissions(self, user_id: str | None = None) -> None:
        """Forget what is kept of a user's permissions, so that the next call asks Auth0 again.

        Every worker that shares the app's cache forgets. Call it within an application context.

        :param user_id: as ``auth0|…``; ``None`` for everybody, the API's own definitions included.
        """
        current_state().lookup.forget(user_id)

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


def _wire(app: Flask, settings: Settings, registrar: Registrar) -> AppState:
    """Build everything that one app needs. Nothing is asked of the network here."""
    outbound = Outbound()
    cache = lookup_cache_of(app)
    sealer = Sealer(settings.secret_keys)
    store = open_store(settings.store_url, sealer)
    authorization_server = AuthorizationServer(settings.issuer_url, outbound, cache)
    keys = SigningKeys(authorization_server, outbound, cache)
    verifier = TokenVerifier(settings, authorization_server, keys)
    management = ManagementProvider(settings, authorization_server, outbound, cache, sealer)
    reader = (
        ManagementPermissionReader(management.client_for_request, settings)
        if settings.has_client_credentials
        else None
    )
    lookup = PermissionLookup(settings, cache, reader)
    decider = Decider(settings, lookup)
    catalogue = Catalogue(app, registrar, settings)
    state = AppState(
        app=app,
        settings=settings,
        outbound=outbound,
        cache=cache,
        sealer=sealer,
        store=store,
        hub=Hub(store),
        switches=Switches(store),
        authorization_server=authorization_server,
        verifier=verifier,
        lookup=lookup,
        decider=decider,
        management_provider=management,
        client_provider=ClientProvider(
            settings, authorization_server, outbound, verifier.verify, should_stop=is_cancelled
        ),
        catalogue=catalogue,
        health=Health(
            {
                "jwks": keys.condition,
                "discovery": authorization_server.condition,
                "management": lambda: lookup.condition() if lookup.can_ask else None,
                "cache": cache.condition,
                "store": store.condition,
            }
        ),
    )
    challenges = Challenges(
        settings,
        lambda: initial_scopes(settings, catalogue.scopes()),
        dpop_algorithms=PROOF_ALGORITHMS if settings.dpop != "off" else (),
    )
    access = AccessControl(settings, decider, challenges)
    page = Page(settings, f"{_ENDPOINT}.endpoint")
    guard = _guard(app, settings, verifier, challenges, store, sealer, page)
    state._observability = Observability(app, settings, guard.covers)
    state._observability.init_app()
    app.register_blueprint(
        metadata_blueprint(settings, MetadataDocuments(settings, authorization_server, catalogue.scopes))
    )
    app.register_blueprint(_endpoints(state, access, page))
    return state


def _guard(
    app: Flask,
    settings: Settings,
    verifier: TokenVerifier,
    challenges: Challenges,
    store: Store,
    sealer: Sealer,
    page: Page,
) -> Guard:
    proofs = None
    if settings.dpop != "off":
        proofs = ProofVerifier(settings, store, nonces=Nonces(sealer) if sealer.available else None)
    open_endpoints = {f"{_ENDPOINT}.health", f"{_ENDPOINT}.log_stream"}

    def exempt(request: Request) -> bool:
        return request.endpoint in open_endpoints or page.is_wanted(request)

    def anonymous(request: Request) -> bool:
        return settings.anonymous and request.endpoint == f"{_ENDPOINT}.endpoint" and request.method == "POST"

    def owns(request: Request) -> bool:
        return request.blueprint == _ENDPOINT

    guard = Guard(
        settings,
        verifier,
        challenges,
        OriginPolicy(settings),
        exempt=exempt,
        anonymous=anonymous,
        owns=owns,
        proofs=proofs,
    )
    guard.init_app(app)
    return guard


def _endpoints(state: AppState, access: AccessControl, page: Page) -> Blueprint:
    settings = state.settings
    blueprint = Blueprint(_ENDPOINT, __name__, template_folder="page/templates")

    def endpoint() -> Response:
        if request.method in ("GET", "HEAD") and page.is_wanted(request):
            return page.view()
        return serve(_server(state, access))

    def elsewhere(rest: str) -> tuple[Response, int]:
        return jsonify(error="not_found", error_description="There is nothing here."), 404

    methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
    blueprint.add_url_rule(settings.mcp_path, "endpoint", endpoint, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(settings.mcp_path + HEALTH, "health", state.health.view, methods=["GET"])
    blueprint.add_url_rule(settings.mcp_path + "/<path:rest>", "elsewhere", elsewhere, methods=methods)
    if settings.log_stream_token is not None:
        hook = LogStream(settings.log_stream_token, state.lookup)
        blueprint.add_url_rule(settings.mcp_path + LOG_STREAM, "log_stream", hook.view, methods=["POST"])
    return blueprint


def _server(state: AppState, access: AccessControl) -> Server:
    """Return the app's server; made by the first request, when everything is registered."""
    if state._server is None:
        settings, store, app, observability = state.settings, state.store, state.app, state._observability
        assert observability is not None
        state._server = Server(
            info=ServerInfo(
                name=settings.server_name, version=settings.server_version, instructions=settings.instructions
            ),
            registry=state.registry,
            access=access,
            sessions=Sessions(state.sealer),
            states=RequestStates(state.sealer, store),
            store=store,
            switches=state.switches,
            hub=state.hub,
            log_levels=LogLevels(store),
            resource_subscriptions=ResourceSubscriptions(store),
            ensure_sync=app.ensure_sync,
            observe=observability.observe,
            watch=observability.watch,
            streams=StreamSlots(settings.max_streams),
            max_body=settings.max_body,
        )
    return state._server


def _warn(state: AppState) -> None:
    settings = state.settings
    if not settings.secret_keys:
        logger.warning(
            "Neither MCP_SECRET_KEYS nor SECRET_KEY is set: there are no session ids, and tools cannot ask the user."
        )
    if not settings.has_client_credentials and settings.permissions_source == "management":
        logger.warning(
            "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET are not set: nobody can be asked who holds which permission, so "
            "protected tools are refused to everybody. Tools without protection work."
        )
