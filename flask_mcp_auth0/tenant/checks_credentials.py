"""Checks of the app's own application at the tenant: its credentials, its grant, its kind."""

from __future__ import annotations

from collections.abc import Mapping

from . import cures
from .examination import Examination
from .findings import Checks, Cure, Outcome, failure, ok, skipped, warning
from .management import ManagementProblem, NoCredentials, NotFound, WrongCredentials

checks = Checks("credentials")

#: Asked of the Management API while tools are called: one scope of each group is enough, the first the best.
_AT_WORK = (("read:resource_servers",), ("read:user_effective_permissions", "read:users"))
#: Auth0's smallest plans: a burst of 2 (free) or 10 (enterprise, not for production), both 2 a second.
_SMALL_BURST = 10
_SMALL_RATE = 2
_EXCHANGES = ("on_behalf_of_token_exchange", "custom_authentication")


@checks.add(
    "M1",
    "Access to the Management API",
    "`You don't have permission …`, or 'authorization is unavailable', for tools that should work",
)
def management_grant(examined: Examination) -> Outcome:
    try:
        granted = examined.own.scopes
    except NoCredentials:
        return _no_credentials(examined)
    except WrongCredentials as error:
        return failure(
            error.reason,
            Cure(
                "Applications > Applications > (a machine-to-machine application) > Settings: copy Client ID and "
                "Client Secret to AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET, and authorize it for the Auth0 "
                "Management API"
            ),
        )
    try:
        examined.resource_server()
    except WrongCredentials as error:
        return failure(error.reason, Cure("unset AUTH0_MANAGEMENT_AUDIENCE, unless you use a custom domain"))
    except ManagementProblem:
        pass
    if granted is None:
        return skipped("the access token does not say what it allows", incomplete=True)
    if examined.settings.permissions_source == "token" and examined.settings.protect == "decorated":
        return ok(f"{len(granted)} scopes, none of which is needed: tokens decide alone")
    missing = [group[0] for group in _AT_WORK if not granted & set(group)]
    if missing:
        return failure(f"the application's grant lacks {', '.join(missing)}", cures.grant_scopes(*missing))
    if "read:user_effective_permissions" not in granted:
        return warning(
            "without read:user_effective_permissions, permissions that users have through groups are not seen",
            cures.grant_scopes("read:user_effective_permissions"),
        )
    if examined.settings.organizations:
        of_members = {"read:organization_member_effective_roles", "read:organization_member_roles"}
        if not granted & of_members or "read:roles" not in granted:
            names = ("read:organization_member_effective_roles", "read:roles")
            return failure("permissions within an organization cannot be read", cures.grant_scopes(*names))
    return ok(f"{len(granted)} scopes granted")


@checks.add(
    "M3",
    "What look-ups cost",
    "'authorization is unavailable' when many users come at once: the tenant's rate limit is reached",
)
def rate_limit(examined: Examination) -> Outcome:
    settings = examined.settings
    if settings.permissions_source != "management":
        return ok(f"few: AUTH0_PERMISSIONS_SOURCE is {settings.permissions_source}, so tokens decide most")
    try:
        examined.resource_server()
    except NoCredentials:
        return skipped("no credentials are configured (see M1)")
    except ManagementProblem:
        pass
    limit, ttl = examined.pace.limit, settings.permissions_ttl
    cost = f"one request per user in {ttl} s"
    if limit is None:
        return ok(f"{cost}; the tenant names no limit")
    if limit > _SMALL_BURST:
        return ok(f"{cost}; the tenant takes {limit} at once")
    return warning(
        f"{cost}, and the tenant answers {_SMALL_RATE} a second: enough for {_SMALL_RATE * 60} new users a minute, "
        f"{_SMALL_RATE * ttl} within the TTL; beyond that, protected tools are unavailable",
        Cure(
            "set AUTH0_PERMISSIONS_SOURCE to auto or token, which have no such bound, or a longer "
            "AUTH0_PERMISSIONS_TTL"
        ),
    )


def _no_credentials(examined: Examination) -> Outcome:
    cure = Cure("create a machine-to-machine application; set AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET")
    text = "no credentials are configured (AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET)"
    if examined.needs and examined.settings.permissions_source != "token":
        return failure(f"{text}: protected tools are refused to everybody", cure)
    return warning(f"{text}: nothing can be asked of the tenant", cure)


@checks.add("M2", "Kind of application", "token exchanges of `get_client()` fail")
def application(examined: Examination) -> Outcome:
    if not examined.settings.client_id:
        return skipped("no credentials are configured")
    try:
        client = examined.own_client()
    except NotFound:
        return warning(
            "the tenant has no application with this AUTH0_CLIENT_ID", Cure("Applications > Applications")
        )
    exchange = client.get("token_exchange")
    allowed = exchange.get("allow_any_profile_of_type") if isinstance(exchange, Mapping) else None
    named = [kind for kind in _EXCHANGES if kind in (allowed or ())]
    if client.get("app_type") != "resource_server":
        return ok(f"{client.get('app_type')}: enough, unless tools exchange their caller's token")
    if client.get("resource_server_identifier") != examined.settings.audience:
        return warning(
            f"linked to the API {client.get('resource_server_identifier')}: tokens of this one cannot be exchanged",
            Cure("Applications > APIs > (your API) > Settings: Add Application"),
        )
    return ok(f"linked to the API; exchanges: {', '.join(named) or 'Token Vault only'}")
