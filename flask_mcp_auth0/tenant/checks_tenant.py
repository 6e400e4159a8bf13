"""Checks of the tenant's settings: how clients get in, and what stands in their way."""

from __future__ import annotations

from . import cures
from .examination import Examination
from .findings import Checks, Cure, Outcome, failure, ok, warning
from .management import NotFound

checks = Checks("tenant")

#: A free tenant holds ten applications in all.
CROWDED = 8


@checks.add(
    "T1",
    "Dynamic client registration",
    "'OAuth init failed' when connecting: the client cannot register itself at the tenant",
)
def dynamic_registration(examined: Examination) -> Outcome:
    if examined.flag("enable_dynamic_client_registration"):
        return ok("on: anybody may register a client")
    cure = cures.advanced(
        "turn on 'OIDC Dynamic Application Registration'",
        {"flags": {"enable_dynamic_client_registration": True}},
        "flask mcp setup --dcr",
    )
    if examined.tenant_settings().get("client_id_metadata_document_supported"):
        return warning("off: only clients that have a metadata document of their own (CIMD) can log in", cure)
    return failure("off, and metadata documents (CIMD) are off as well: no client can introduce itself", cure)


@checks.add("T2", "Security mode of registered clients")
def security_mode(examined: Examination) -> Outcome:
    mode = examined.tenant_settings().get("dynamic_client_registration_security_mode", "strict")
    if mode == "permissive":
        return ok("permissive: registered clients need no grant where the API allows all applications")
    return ok(f"{mode}: registered clients get only what a client grant names (see G1)")


@checks.add(
    "T3",
    "Resource parameter",
    "'OAuth init failed', 'access denied' or an unreadable (opaque) token: clients send `resource`, as MCP asks "
    "them to, and the tenant ignores it",
)
def resource_parameter(examined: Examination) -> Outcome:
    settings = examined.tenant_settings()
    if settings.get("resource_parameter_profile") == "compatibility":
        return ok("`resource` is taken as the audience")
    cure = cures.advanced(
        "turn on 'Resource Parameter Compatibility Profile'", {"resource_parameter_profile": "compatibility"}
    )
    if settings.get("default_audience") == examined.settings.audience:
        return warning("`resource` is ignored; only the default audience gives clients their token", cure)
    return failure("`resource` is ignored, so MCP clients get a token for no API", cure)


@checks.add("T4", "Default audience", "tokens for the wrong API, for clients that do not say which they want")
def default_audience(examined: Examination) -> Outcome:
    default = examined.tenant_settings().get("default_audience") or ""
    if not default:
        return ok("none, and none is needed while `resource` is understood (T3)")
    if default == examined.settings.audience:
        return ok("this API; every application of the tenant that names none gets tokens for it")
    return warning(
        f"{default!r}, another API: clients that send neither `resource` nor `audience` get tokens for that one",
        cures.tenant_setting(
            "Settings > General > API Authorization Settings: Default Audience",
            {"default_audience": examined.settings.audience},
            "flask mcp setup --default-audience",
        ),
    )


@checks.add(
    "T5",
    "Issuer in authorization responses",
    "clients that guard against mix-up attacks (RFC 9207) break off the login",
)
def issuer_in_responses(examined: Examination) -> Outcome:
    if examined.tenant_settings().get("authorization_response_iss_parameter_supported"):
        return ok("sent (RFC 9207)")
    return warning(
        "not sent: clients cannot tell which server answered (RFC 9207)",
        cures.advanced(
            "turn on the issuer parameter in authorization responses",
            {"authorization_response_iss_parameter_supported": True},
        ),
    )


@checks.add(
    "T6",
    "Client ID metadata documents",
    "clients without a registration cannot log in, or each run adds one more",
)
def metadata_documents(examined: Examination) -> Outcome:
    settings = examined.tenant_settings()
    if settings.get("client_id_metadata_document_supported"):
        if settings.get("client_id_metadata_document_dynamic_registration_supported"):
            return ok("on; clients are registered when they first come")
        return ok("on; register each client with `flask mcp clients register URL`")
    return warning(
        "off: clients can only register themselves (DCR), one more application each time",
        cures.advanced(
            "turn on 'Client ID Metadata Document'", {"client_id_metadata_document_supported": True}
        ),
    )


@checks.add(
    "T7", "Texts on the consent page", "users are asked to consent to `tool:…` names that they cannot read"
)
def consent_texts(examined: Examination) -> Outcome:
    if examined.flag("use_scope_descriptions_for_consent"):
        return ok("permissions are shown with their descriptions")
    return warning(
        "permissions are shown by their names, not their descriptions",
        cures.tenant_setting(
            "(not on the dashboard)",
            {"flags": {"use_scope_descriptions_for_consent": True}},
            "flask mcp setup --consent-descriptions",
        ),
    )


@checks.add("T8", "Prompt for loopback callbacks")
def loopback_prompt(examined: Examination) -> Outcome:
    if examined.tenant_settings().get("skip_non_verifiable_callback_uri_confirmation_prompt"):
        return ok("skipped: logins of clients on the user's own machine are not asked about")
    return ok("shown: users confirm a login of a client on their own machine")


@checks.add(
    "C1",
    "Connections for third-party clients",
    "'access denied' after a login that looked right, or a login page without a way to log in",
)
def domain_connections(examined: Examination) -> Outcome:
    connections = examined.connections()
    shared = [str(one.get("name")) for one in connections if one.get("is_domain_connection")]
    if shared:
        return ok(", ".join(shared))
    if not connections:
        return failure("the tenant has no connection at all", Cure("Authentication > Database: create one"))
    candidates = [one for one in connections if one.get("strategy") == "auth0"] or connections
    first = candidates[0]
    return failure(
        "no connection is open to third-party clients, so nobody can log in through one",
        cures.patch(
            "Authentication > Database > (your connection): 'Enable for third-party clients'",
            f"connections/{first.get('id')}",
            {"is_domain_connection": True},
            "flask mcp setup --connection NAME" if len(candidates) > 1 else cures.SETUP,
        ),
    )


@checks.add(
    "R1", "Rules and hooks", "'access denied': logins of third-party clients fail while rules are active"
)
def rules_and_hooks(examined: Examination) -> Outcome:
    found = [
        f"{name[:-1]} {item.get('name')!r}"
        for name in ("rules", "hooks")
        for item in examined.extensions_of(name)
    ]
    if not found:
        return ok("none is active")
    return failure(
        f"active: {', '.join(found)}; logins of strict third-party clients fail",
        Cure("Auth Pipeline > Rules: turn them off; Actions > Triggers takes their place"),
    )


@checks.add("O1", "Organizations", "'access denied' for users who log in to an organization")
def organizations(examined: Examination) -> Outcome:
    wanted = examined.settings.organizations
    if not wanted:
        return ok("none is configured (AUTH0_ORGANIZATION)")
    for name in wanted:
        try:
            examined.organization(name)
        except NotFound as error:
            return failure(error.reason, Cure("Organizations: create it, or correct AUTH0_ORGANIZATION"))
    closed = [
        name for name in wanted if examined.organization(name).get("third_party_client_access") != "allow"
    ]
    if not closed:
        return ok(f"{', '.join(wanted)}: third-party clients may come in")
    first = examined.organization(closed[0])
    return failure(
        f"closed to third-party clients: {', '.join(closed)}",
        cures.patch(
            "Organizations > (the organization) > Third-Party Applications: allow",
            f"organizations/{first.get('id')}",
            {"third_party_client_access": "allow"},
        ),
    )


@checks.add(
    "X1",
    "Registered clients",
    "no further client can register: the tenant's number of applications is used up",
)
def registered_clients(examined: Examination) -> Outcome:
    clients = examined.third_party_clients()
    registered = sum(one.get("external_metadata_type") == "dcr" for one in clients)
    text = f"{len(clients)} third-party, {registered} of them registered themselves"
    if len(clients) < CROWDED:
        return ok(text)
    return warning(
        f"{text}; a free tenant holds ten applications in all, a self-service plan a hundred",
        Cure("Applications: delete what nobody uses", None, "flask mcp clients prune --older-than 30d"),
    )
