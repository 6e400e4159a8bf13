"""The one place that knows every room of the house, and puts them together for an app."""

from __future__ import annotations

from flask import Blueprint, Flask, Request, Response, jsonify, request

from .access_control import AccessControl
from .app_state import AppState
from .auth.cache_of_app import lookup_cache_of
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
from .observability.health import Health
from .observability.wiring import Observability
from .outbound import Outbound
from .page import Page
from .protocol.asking import RequestStates
from .protocol.call import is_cancelled
from .protocol.notifications import Hub, LogLevels, ResourceSubscriptions
from .protocol.server import Server
from .protocol.server_info import ServerInfo
from .protocol.session import Sessions
from .protocol.store import Store
from .protocol.store_opening import open_store
from .protocol.streams import StreamSlots
from .protocol.switches import Switches
from .protocol.view import serve
from .registrar import Registrar
from .sealing import Sealer
from .settings import Settings

_ENDPOINT = "mcp_auth0"
HEALTH, LOG_STREAM = "/health", "/auth0-log-stream"


def wire(app: Flask, settings: Settings, registrar: Registrar) -> AppState:
    """Build everything that one app needs. Nothing is asked of the network here."""
    outbound = Outbound()
    cache = lookup_cache_of(app)
    sealer = Sealer(settings.secret_keys)
    store = open_store(settings.store_url, sealer)
    authorization_server = AuthorizationServer(settings.issuer_url, outbound, cache)
    keys = SigningKeys(authorization_server, outbound, cache)
    verifier = TokenVerifier(settings, authorization_server, keys)
    # Others may read the cache. What a short key seals could be opened there by guessing, so it stays in the process.
    of_cache = Sealer(()) if settings.has_short_secret_key else sealer
    management = ManagementProvider(settings, authorization_server, outbound, cache, of_cache)
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
    guard = _guard(settings, verifier, challenges, store, sealer, page)
    observability = Observability(app, settings, guard.covers, state.telemetry)
    guard.init_app(app, observability)
    observability.init_app()
    decider.observe = observability.decided
    app.register_blueprint(
        metadata_blueprint(settings, MetadataDocuments(settings, authorization_server, catalogue.scopes))
    )
    app.register_blueprint(_endpoints(state, access, page, observability))
    return state


def _guard(
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

    return Guard(
        settings,
        verifier,
        challenges,
        OriginPolicy(settings),
        exempt=exempt,
        anonymous=anonymous,
        owns=owns,
        proofs=proofs,
    )


def _endpoints(state: AppState, access: AccessControl, page: Page, observability: Observability) -> Blueprint:
    settings = state.settings

    def make_server() -> Server:
        return _server(state, access, observability)

    blueprint = Blueprint(_ENDPOINT, __name__, template_folder="page/templates")

    def endpoint() -> Response:
        if request.method in ("GET", "HEAD") and page.is_wanted(request):
            return page.view()
        return serve(state.server(make_server))

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


def _server(state: AppState, access: AccessControl, observability: Observability) -> Server:
    settings, store = state.settings, state.store
    return Server(
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
        ensure_sync=state.app.ensure_sync,
        observe=observability.observe,
        watch=observability.watch,
        streams=StreamSlots(settings.max_streams),
        max_body=settings.max_body,
    )
