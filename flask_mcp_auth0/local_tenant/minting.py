"""Tokens made to order, without a login: for tests and for ``flask mcp token``."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .access_tokens import TokenOrder, access_token
from .errors import TenantError
from .model import Client, ResourceServer
from .rules import organization_for
from .security import CONTROL_PREFIX
from .tenant import Tenant, current_tenant

bp = Blueprint("minting", __name__, url_prefix=CONTROL_PREFIX.rstrip("/"))

EXPIRED_SINCE = 3600
CLI_CLIENT = "local-cli"


class MintRequest(BaseModel):
    """What ``POST /_control/token`` takes.

    Without ``permissions`` the token says what the user holds; with them it says exactly these, whoever the
    user is. Without ``scope`` it has the permissions as its scopes. Without ``user`` it is a machine's.
    """

    model_config = ConfigDict(extra="forbid")

    user: str | None = None
    client_id: str | None = None
    audience: str | None = None
    permissions: Annotated[list[str], Field(max_length=1000)] | None = None
    scope: Annotated[list[str], Field(max_length=1000)] | None = None
    organization: str | None = None
    lifetime: Annotated[int, Field(ge=1, le=31_536_000)] | None = None
    expired: bool = False
    claims: dict[str, Any] = {}


class MintError(ValueError):
    """The token cannot be made; the text says why."""


def mint(tenant: Tenant, wanted: MintRequest) -> dict[str, Any]:
    """A token as ``wanted`` says: ``{"access_token": …, "token_type": "Bearer", "expires_in": seconds}``.

    :raises MintError: when there is no such user, application, API or organisation.
    """
    state = tenant.state
    user = state.find_user(wanted.user) if wanted.user else None
    if wanted.user and user is None:
        names = ", ".join(sorted(u.username for u in state.users.values()))
        raise MintError(f"There is no user {wanted.user!r}; there are: {names}.")
    api = _api(tenant, wanted.audience)
    client = _client(tenant, wanted.client_id)
    try:
        organization = organization_for(state, client, user, wanted.organization)
    except TenantError as error:
        raise MintError(str(error.description)) from error
    org_id = organization.id if organization else None
    held = wanted.permissions
    if held is None:
        held = state.permissions_of(user.user_id, api.identifier, organization=org_id) if user else []
    extra = dict(wanted.claims)
    if wanted.expired:
        gone = int(state.now()) - EXPIRED_SINCE
        extra = {"iat": gone - api.token_lifetime, "exp": gone} | extra
    order = TokenOrder(
        client=client,
        grant_type="authorization_code" if user else "client_credentials",
        user=user,
        api=api,
        scope=tuple(held if wanted.scope is None else wanted.scope),
        organization=org_id,
        permissions=tuple(held),
        lifetime=wanted.lifetime,
        extra=extra,
    )
    token, lifetime = access_token(tenant, order)
    expires_in = -EXPIRED_SINCE if wanted.expired else lifetime
    return {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}


@bp.get("/")
def about() -> Response:
    """What runs here."""
    tenant = current_tenant()
    users = sorted(user.username for user in tenant.state.users.values())
    return jsonify(issuer=tenant.issuer, kid=tenant.keys.kid, users=users)


@bp.post("/token")
def token() -> tuple[Response, int]:
    """A token to order: a :class:`MintRequest`."""
    try:
        wanted = MintRequest.model_validate(request.get_json(silent=True))
        return jsonify(mint(current_tenant(), wanted)), 200
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return _refused(problems)
    except MintError as error:
        return _refused(str(error))


def _api(tenant: Tenant, audience: str | None) -> ResourceServer:
    if audience is not None:
        api = tenant.state.find_api(audience)
        if api is None:
            raise MintError(f"There is no API {audience!r}.")
        return api
    own = [api for api in tenant.state.resource_servers.values() if not api.is_system]
    if not own:
        raise MintError("The tenant has no API.")
    return own[0]


def _client(tenant: Tenant, client_id: str | None) -> Client:
    if client_id is None:
        return Client(client_id=CLI_CLIENT, name="Command line")
    client = tenant.state.find_client(client_id)
    if client is None:
        raise MintError(f"There is no application {client_id!r}.")
    return client


def _refused(text: str) -> tuple[Response, int]:
    return jsonify(error="invalid_request", error_description=text), 400
