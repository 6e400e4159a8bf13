"""Dynamic client registration at ``/oidc/register`` (RFC 7591), open to everybody as on a real tenant."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .model import GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN, Client
from .oauth_server import notes
from .redirect_uris import problem_with_redirect_uri
from .state import new_id
from .tenant import current_tenant

bp = Blueprint("registration", __name__)

MAX_CLIENTS = 500
MAX_REDIRECT_URIS = 20
GRANTS = (GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN)
METHODS = ("none", "client_secret_post", "client_secret_basic")


class InvalidMetadata(Exception):
    """What RFC 7591 section 3.2.2 calls it, and why."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@bp.post("/oidc/register")
def register() -> tuple[Response, int]:
    """Register an application: always a third-party one, under the tenant's security mode."""
    tenant = current_tenant()
    state = tenant.state
    if not state.settings.flags.get("enable_dynamic_client_registration"):
        return _refused("access_denied", "Dynamic client registration is not enabled for this tenant", 403)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return _refused("invalid_client_metadata", "The body is not a JSON object", 400)
    try:
        client = client_from_metadata(body, strict=_strict(), now=state.now())
    except InvalidMetadata as error:
        return _refused(error.error, error.description, 400)
    with state.lock:
        registered = [c for c in state.clients.values() if c.external_metadata_type == "dcr"]
        if len(registered) >= MAX_CLIENTS:
            return _refused("access_denied", "Too many applications are registered already", 403)
        state.clients[client.client_id] = client
        state.touch()
    notes().client_id = client.client_id
    state.log("sapi", "Dynamic client registration", client_id=client.client_id)
    return jsonify(_registered(client)), 201


def client_from_metadata(body: dict[str, Any], *, strict: bool, now: float) -> Client:
    """The application that a registration request describes. :raises InvalidMetadata: if it is none."""
    callbacks = body.get("redirect_uris")
    if not isinstance(callbacks, list) or not 0 < len(callbacks) <= MAX_REDIRECT_URIS:
        raise InvalidMetadata(
            "invalid_redirect_uri", f"redirect_uris: a list of 1 to {MAX_REDIRECT_URIS} URIs"
        )
    for callback in callbacks:
        if problem := problem_with_redirect_uri(callback):
            raise InvalidMetadata("invalid_redirect_uri", problem)
    method = body.get("token_endpoint_auth_method", "client_secret_post")
    if method not in METHODS:
        raise InvalidMetadata(
            "invalid_client_metadata", f"token_endpoint_auth_method: one of {', '.join(METHODS)}"
        )
    name = body.get("client_name", "")
    if not isinstance(name, str) or len(name) > 200:
        raise InvalidMetadata("invalid_client_metadata", "client_name: a text of at most 200 characters")
    types = body.get("response_types", ["code"])
    if not isinstance(types, list) or "code" not in types:
        raise InvalidMetadata("invalid_client_metadata", "response_types: only code is possible")
    asked = body.get("grant_types", [GRANT_AUTHORIZATION_CODE])
    if not isinstance(asked, list):
        raise InvalidMetadata("invalid_client_metadata", "grant_types: a list")
    # RFC 7591 section 3.2.1 lets the server replace what it does not offer.
    grants = [grant for grant in GRANTS if grant in asked] or [GRANT_AUTHORIZATION_CODE]
    return Client(
        client_id=new_id("tpc" if strict else "", 32),
        name=name or "Unnamed application",
        client_secret=None if method == "none" else secrets.token_urlsafe(48),
        app_type="native" if method == "none" else "regular_web",
        is_first_party=False,
        third_party_security_mode="strict" if strict else "permissive",
        external_metadata_type="dcr",
        external_metadata_created_by="client",
        callbacks=[str(callback) for callback in callbacks],
        grant_types=grants,
        token_endpoint_auth_method=method,
        logo_uri=_text(body.get("logo_uri")),
        client_uri=_text(body.get("client_uri")),
        created_at=now,
        updated_at=now,
    )


def _registered(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "client_name": client.name,
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at),
        "redirect_uris": client.callbacks,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
    }
    if client.client_secret is not None:
        answer |= {"client_secret": client.client_secret, "client_secret_expires_at": 0}
    return answer


def _strict() -> bool:
    return current_tenant().state.settings.dynamic_client_registration_security_mode != "permissive"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= 2000 else None


def _refused(error: str, description: str, status: int) -> tuple[Response, int]:
    return jsonify({"error": error, "error_description": description}), status
