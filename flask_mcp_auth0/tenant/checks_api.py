"""Checks of the API (Auth0's resource server) and of what third-party clients may ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import cures
from .examination import THIRD_PARTIES, Examination
from .findings import Checks, Cure, Outcome, failure, ok, warning
from .management import ManagementProblem, NotFound

checks = Checks("api")

AUTHZ_DIALECTS = ("access_token_authz", "rfc9068_profile_authz")
#: Beginnings of permissions that belong to a component by its name.
OF_COMPONENTS = ("tool:", "resource:", "prompt:")


@checks.add(
    "A1",
    "The API",
    "'Service not found' or 'access denied': the tenant has no API with exactly the name that clients ask for",
)
def api_exists(examined: Examination) -> Outcome:
    wanted = examined.settings.resource_server_identifier
    try:
        examined.resource_server()
    except NotFound:
        return _no_api(examined, wanted)
    if wanted != examined.settings.audience:
        return ok(f"{wanted} (permissions are looked up there; tokens are for {examined.settings.audience})")
    return ok(wanted)


def _no_api(examined: Examination, wanted: str) -> Outcome:
    text = f"there is no API with the identifier {wanted}"
    try:
        others = [str(api.get("identifier")) for api in examined.resource_servers()]
    except ManagementProblem:
        others = []
    near = [other for other in others if _plain(other) == _plain(wanted)]
    if near:
        text += f"; there is {near[0]}, but identifiers are compared letter by letter and cannot be edited"
    return failure(
        text,
        cures.post(
            f"Applications > APIs > Create API, with the Identifier {wanted}",
            "resource-servers",
            {"identifier": wanted, "name": examined.settings.server_name},
        ),
    )


def _plain(identifier: str) -> str:
    return identifier.lower().removeprefix("https://").removeprefix("http://").rstrip("/")


@checks.add("A2", "Signing algorithm", "`invalid_token` for every token")
def signing_algorithm(examined: Examination) -> Outcome:
    algorithm = examined.resource_server().get("signing_alg") or "RS256"
    if algorithm in examined.settings.algorithms:
        return ok(str(algorithm))
    return failure(
        f"{algorithm}, but this server takes {', '.join(examined.settings.algorithms)}",
        _cure(examined, "Signing Algorithm RS256", {"signing_alg": "RS256"}),
    )


@checks.add("A3", "RBAC", "everybody holds every permission that a client asks for, or nobody any")
def rbac(examined: Examination) -> Outcome:
    if examined.resource_server().get("enforce_policies"):
        return ok("on")
    settings = examined.settings
    cure = _cure(examined, "turn on 'Enable RBAC'", {"enforce_policies": True})
    if settings.require != "permissions":
        return failure(
            "off: tokens get any scope that is asked for, and scopes decide here (AUTH0_REQUIRE)", cure
        )
    if settings.permissions_source == "token":
        return failure(
            "off: tokens carry no permissions, and they alone decide (AUTH0_PERMISSIONS_SOURCE)", cure
        )
    return warning("off: tokens get any scope that is asked for, whoever the user is", cure)


@checks.add("A4", "Permissions in tokens", "`You don't have permission …` though the user has it")
def dialect(examined: Examination) -> Outcome:
    found = examined.resource_server().get("token_dialect") or "access_token"
    if found in AUTHZ_DIALECTS:
        return ok(str(found))
    cure = _cure(
        examined, "turn on 'Add Permissions in the Access Token'", {"token_dialect": "rfc9068_profile_authz"}
    )
    text = f"{found}: tokens carry no permissions"
    if examined.settings.permissions_source == "token":
        return failure(f"{text}, and they alone decide (AUTH0_PERMISSIONS_SOURCE)", cure)
    return warning(f"{text}, so every decision asks the Management API", cure)


@checks.add("A5", "Refresh tokens", "`token_expired`: users have to log in again and again")
def refresh_tokens(examined: Examination) -> Outcome:
    api = examined.resource_server()
    lifetime = api.get("token_lifetime")
    hours = f"{lifetime / 3600:g} h" if isinstance(lifetime, int | float) else "an unknown time"
    if api.get("allow_offline_access"):
        return ok(f"given; access tokens live {hours}")
    return warning(
        f"not given: users log in again whenever the token ends, after {hours}",
        _cure(examined, "turn on 'Allow Offline Access'", {"allow_offline_access": True}),
    )


@checks.add("A6", "Access of users", "'access denied' for every user")
def user_access(examined: Examination) -> Outcome:
    policies = _policies(examined)
    policy = policies.get("user", {}).get("policy", "allow_all")
    if policy != "deny_all":
        return ok(str(policy))
    body = {"subject_type_authorization": {**policies, "user": {"policy": "require_client_grant"}}}
    return failure(
        "deny_all: no application gets a token for a user",
        _cure(examined, "Application Access Policy for users", body),
    )


@checks.add("A7", "Access of machines")
def machine_access(examined: Examination) -> Outcome:
    policy = _policies(examined).get("client", {}).get("policy", "require_client_grant")
    if policy == "deny_all":
        return ok("deny_all: no machine gets a token")
    return ok(f"{policy}: machines need a client grant")


@checks.add(
    "A8", "Sender-constrained tokens (DPoP)", "`invalid_token` or `invalid_dpop_proof` for every token"
)
def dpop(examined: Examination) -> Outcome:
    demanded = examined.resource_server().get("proof_of_possession")
    mode = examined.settings.dpop
    required = isinstance(demanded, Mapping) and bool(demanded.get("required"))
    mechanism = demanded.get("mechanism", "dpop") if isinstance(demanded, Mapping) else "dpop"
    at_api = "Applications > APIs > (your API) > Settings: Token Sender-Constraining"
    if required and mechanism != "dpop":
        return failure(f"the API binds tokens by {mechanism}, which is not understood here", Cure(at_api))
    if required and mode == "off":
        return failure(
            "the API binds every token to a key (DPoP), and AUTH0_DPOP is off: every token is refused",
            Cure(f"set AUTH0_DPOP=required, or {at_api}"),
        )
    if mode == "required" and not required:
        return warning(
            "AUTH0_DPOP is required, but the API gives out plain tokens, which are refused here",
            Cure(f"{at_api}: require DPoP"),
        )
    return ok(f"AUTH0_DPOP is {mode}; the API {'requires' if required else 'does not require'} it")


@checks.add("A9", "Token encryption", "`invalid_token`: tokens that only the holder of a key can read")
def encryption(examined: Examination) -> Outcome:
    if not examined.resource_server().get("token_encryption"):
        return ok("off")
    return failure(
        "on: this server cannot read the tokens",
        _cure(examined, "turn off JSON Web Encryption", {"token_encryption": None}),
    )


@checks.add(
    "A10",
    "Permissions of the tools",
    "`You don't have permission …` for everybody, or `insufficient_scope`: the tool's permission does not exist",
)
def tool_permissions(examined: Examination) -> Outcome:
    defined, needs = examined.api_scopes(), examined.needs
    missing = [name for name in needs if name not in defined]
    if missing:
        return failure(
            f"not defined: {', '.join(missing)}",
            Cure("Applications > APIs > (your API) > Permissions: add them", None, "flask mcp sync"),
        )
    text = f"{len(needs)} asked for, all defined" if needs else "no tool is protected by the app"
    known = examined.component_permissions() | set(needs)
    orphans = [name for name in defined if name.startswith(OF_COMPONENTS) and name not in known]
    if orphans:
        text += f"; defined for nothing: {', '.join(orphans)} (see flask mcp sync)"
    return ok(text)


@checks.add("A11", "Claims of agents")
def agent_claims(examined: Examination) -> Outcome:
    if examined.resource_server().get("agent_subject_claims"):
        return ok("on: agents are the subject of their tokens, and are treated as machines here")
    return ok("off")


@checks.add(
    "G1",
    "Grant for third-party clients",
    "'OAuth init failed', 'access denied' or 'Client is not authorized to access resource server': since April 2026 "
    "registered clients get a token only for an API that this grant names; `insufficient_scope` where it is too small",
)
def third_party_grant(examined: Examination) -> Outcome:
    defined = examined.api_scopes()
    grant = examined.third_party_grant()
    wanted = wanted_of_grant(examined, defined)
    audience = examined.settings.audience
    if grant is None:
        body: dict[str, Any] = {"default_for": THIRD_PARTIES, "audience": audience, "subject_type": "user"}
        # Auth0 grants only what the API defines, so that comes first; the grant is made once, for all of it.
        undefined = [name for name in examined.needs if name not in defined]
        first = f", after the API defines {', '.join(undefined)} (A10)" if undefined else ""
        cure = cures.post(
            "Applications > APIs > (your API) > Application Access: default permissions of third-party applications"
            + first,
            "client-grants",
            {**body, "scope": [*wanted, *undefined]},
        )
        mode = _security_mode(examined)
        policy = _policies(examined).get("user", {}).get("policy", "allow_all")
        if mode == "permissive" and policy == "allow_all":
            return warning("there is none: clients with a metadata document (CIMD) get no token", cure)
        return failure("there is none: clients that register themselves get no token", cure)
    if grant.get("allow_all_scopes"):
        return ok("every permission of the API")
    granted = grant.get("scope") or []
    lacking = [name for name in wanted if name not in granted]
    if lacking:
        return failure(
            f"it lacks {', '.join(lacking)}",
            cures.patch(
                "Applications > APIs > (your API) > Application Access",
                f"client-grants/{grant.get('id')}",
                {"scope": [*granted, *lacking]},
            ),
        )
    return ok(f"names {', '.join(map(str, granted)) or 'no permission'}")


def wanted_of_grant(examined: Examination, defined: Mapping[str, str]) -> list[str]:
    """Return what third-party clients should be able to ask for: what components use and the API defines."""
    used = set(examined.needs) | examined.component_permissions() | set(examined.settings.scopes_supported)
    return [name for name in defined if name in used]


def _security_mode(examined: Examination) -> str:
    try:
        return str(examined.tenant_settings().get("dynamic_client_registration_security_mode", "strict"))
    except ManagementProblem:
        return "strict"


def _policies(examined: Examination) -> dict[str, dict[str, Any]]:
    policies = examined.resource_server().get("subject_type_authorization")
    if not isinstance(policies, Mapping):
        return {}
    return {str(kind): dict(policy) for kind, policy in policies.items() if isinstance(policy, Mapping)}


def _cure(examined: Examination, what: str, body: Any) -> Cure:
    return cures.api_setting(examined.settings.resource_server_identifier, what, body)
