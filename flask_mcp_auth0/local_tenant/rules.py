"""Who may ask for what: the rules by which a tenant turns a request into an API and a set of scopes.

They are Auth0's as of 2026: an application may be kept from an API by its access policy; a strict third-party
application needs a client grant for every API, gets no OpenID Connect, and system APIs are closed to it; the
scopes of a token are those asked for, cut down to the client grant, to what the user holds (when the API
enforces policies) and to what the user consented to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .access_tokens import OFFLINE_ACCESS, OIDC_SCOPES
from .errors import (
    TenantError,
    no_client_grant,
    not_authorized_for,
    service_not_enabled,
    service_not_found,
    userinfo_audience_not_allowed,
)
from .model import GRANT_REFRESH_TOKEN, Client, ClientGrant, Organization, ResourceServer, User
from .state import TenantState

MAX_SCOPES = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """The API that is asked for, and the client grant under which (``None``: none is needed)."""

    api: ResourceServer | None
    grant: ClientGrant | None = None


def split_scope(text: str | None) -> tuple[str, ...]:
    """The scopes of a ``scope`` parameter, each once, in order. :raises TenantError: if too many."""
    scopes = tuple(dict.fromkeys((text or "").split()))
    if len(scopes) > MAX_SCOPES:
        raise TenantError("invalid_scope", "Too many scopes.", 400)
    return scopes


def wanted_audience(state: TenantState, parameters: Mapping[str, Sequence[str]]) -> str | None:
    """The API identifier that a request names.

    Auth0's ``audience`` wins; RFC 8707's ``resource`` counts when the tenant has the compatibility profile;
    else the tenant's default.
    """
    audience = next(iter(parameters.get("audience", ())), "")
    if audience:
        return audience
    resources = [text for text in parameters.get("resource", ()) if text]
    if state.settings.resource_parameter_profile == "compatibility" and resources:
        if len(set(resources)) > 1:
            raise TenantError("invalid_target", "Only one resource can be asked for at a time.", 400)
        return resources[0]
    return state.settings.default_audience or None


def user_target(state: TenantState, client: Client, audience: str | None) -> Target:
    """The API that ``client`` may ask for on a user's behalf. :raises TenantError: when it may not."""
    if audience is None or audience == state.userinfo_audience:
        if not client.is_first_party:
            raise userinfo_audience_not_allowed()
        return Target(None)
    api = state.resource_servers.get(audience)
    if api is None:
        raise service_not_found(audience)
    closed = not_authorized_for(client.client_id, audience, third_party=not client.is_first_party)
    policy = _policy(api, "user", "allow_all")
    if policy == "deny_all" or (api.is_system and not client.is_first_party):
        raise closed
    if client.strict or policy == "require_client_grant":
        grant = state.client_grant(client, audience, "user")
        if grant is None:
            raise closed
        return Target(api, grant)
    return Target(api)


def machine_target(state: TenantState, client: Client, audience: str | None) -> Target:
    """The API that ``client`` may call on its own behalf. :raises TenantError: when it may not."""
    if not audience:
        raise TenantError(
            "invalid_request",
            "Non-global clients are not allowed access to APIv1. Please specify an audience.",
        )
    api = state.resource_servers.get(audience)
    if api is None:
        raise service_not_enabled(audience)
    grant = state.client_grant(client, audience, "client")
    if _policy(api, "client", "require_client_grant") == "deny_all" or grant is None:
        raise no_client_grant(audience)
    return Target(api, grant)


def machine_scopes(target: Target, requested: Sequence[str]) -> tuple[str, ...]:
    """What a machine gets: all of its grant, or those that it asks for."""
    assert target.api is not None
    allowed = _granted(target, target.api)
    if not requested:
        return tuple(allowed)
    refused = [scope for scope in requested if scope not in allowed]
    if refused:
        raise TenantError(
            "access_denied", f"Client has not been granted scopes: {', '.join(refused)}", status_code=403
        )
    return tuple(requested)


def user_scopes(
    state: TenantState,
    client: Client,
    user: User,
    target: Target,
    requested: Sequence[str],
    *,
    organization: str | None = None,
) -> tuple[str, ...]:
    """The scopes that a token about ``user`` gets of those requested, given that the user consents to them.

    :param organization: the id of the organisation that the user logs in to.
    """
    api = target.api
    oidc = () if client.strict else OIDC_SCOPES
    allowed: Iterable[str] = _granted(target, api) if api else ()
    if api is not None and api.enforce_policies:
        held = set(state.permissions_of(user.user_id, api.identifier, organization=organization))
        allowed = [scope for scope in allowed if scope in held]
    permitted = {*allowed, *oidc}
    if (api is None or api.allow_offline_access) and GRANT_REFRESH_TOKEN in client.grant_types:
        permitted.add(OFFLINE_ACCESS)
    return tuple(scope for scope in requested if scope in permitted)


def consent_needed(
    state: TenantState, client: Client, user: User, api: ResourceServer | None, scopes: Sequence[str]
) -> bool:
    """Whether the user has to be asked before ``client`` gets ``scopes``.

    Third-party applications always have to ask once for every scope; first-party ones where the API does not
    let them skip it.
    """
    audience = api.identifier if api else state.userinfo_audience
    if client.is_first_party and (api is None or api.skip_consent_for_verifiable_first_party_clients):
        return False
    if not state.has_consented(user.user_id, client.client_id, audience):
        return True
    return not set(scopes) <= state.consented(user.user_id, client.client_id, audience)


def organization_for(
    state: TenantState, client: Client, user: User | None, name: str | None
) -> Organization | None:
    """The organisation that the ``organization`` parameter names. :raises TenantError: when it cannot be
    used.
    """
    if not name:
        if client.organization_usage == "require":
            raise TenantError("invalid_request", "parameter organization is required for this client", 400)
        return None
    if client.organization_usage == "deny":
        raise TenantError("invalid_request", "parameter organization is not allowed for this client", 400)
    organization = state.find_organization(name)
    if organization is None:
        raise TenantError("invalid_request", "parameter organization is invalid", 400)
    if not client.is_first_party and organization.third_party_client_access != "allow":
        raise TenantError(
            "invalid_request", f"third-party clients are not allowed in organization {organization.id}", 400
        )
    if user is not None and user.user_id not in organization.members:
        raise TenantError(
            "access_denied", f"user {user.user_id} is not part of the {organization.id} organization"
        )
    return organization


def machine_organization(
    state: TenantState, client: Client, target: Target, name: str | None
) -> Organization | None:
    """The organisation in whose name a machine asks; its client grant has to allow that.

    :raises TenantError: when it does not, or wants one and none is named.
    """
    usage = target.grant.organization_usage if target.grant else None
    if not name:
        if usage == "require":
            raise TenantError("invalid_request", "parameter organization is required for this client", 400)
        return None
    organization = organization_for(state, client, None, name)
    any_of_them = target.grant is not None and target.grant.allow_any_organization
    if organization is None or usage not in ("allow", "require") or not any_of_them:
        raise TenantError("access_denied", f"Client is not authorized to use organization {name[:80]}")
    return organization


def _granted(target: Target, api: ResourceServer) -> list[str]:
    if target.grant is None or target.grant.allow_all_scopes:
        return list(api.scopes)
    return [scope for scope in target.grant.scope if scope in api.scopes]


def _policy(api: ResourceServer, subject: str, default: str) -> str:
    return api.subject_type_authorization.get(subject, {}).get("policy", default)
