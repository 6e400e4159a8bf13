"""Checks of what the tenant publishes; none needs credentials."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..auth.remote_document import DocumentError
from ..errors import AuthorizationUnavailable
from ..outbound import OutboundError
from .examination import Examination
from .findings import Checks, Cure, Outcome, failure, ok, skipped, warning
from .management import ManagementProblem
from .tokens import claims_of

checks = Checks("server")

#: Seconds that clocks may differ before it is worth a word; tokens are refused beyond AUTH0_LEEWAY.
_NOTICEABLE = 10


@checks.add("D1", "The tenant", "nothing works: every login and every token needs the tenant's documents")
def discovery(examined: Examination) -> Outcome:
    domain = examined.settings.issuer_url
    try:
        issuer = examined.metadata()["issuer"]
    except DocumentError as error:
        return failure(
            f"{domain} is no Auth0 tenant: {error.reason}",
            Cure("set AUTH0_DOMAIN to the domain that the dashboard shows under Settings of an application"),
        )
    except AuthorizationUnavailable as error:
        return failure(
            f"{domain} cannot be asked: {error.reason}",
            Cure("check AUTH0_DOMAIN, the network, and a proxy (HTTPS_PROXY) if there is one"),
        )
    return ok(str(issuer))


@checks.add("D2", "Signing keys", "`invalid_token` for every token: its signature cannot be checked")
def signing_keys(examined: Examination) -> Outcome:
    try:
        keys = examined.keys()
    except OutboundError as error:
        return failure(
            f"the keys cannot be fetched: {error.reason}", Cure("try again; then ask Auth0's status page")
        )
    usable = [
        key for key in keys if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"
    ]
    if not usable:
        return failure("the tenant publishes no key that could sign tokens", Cure("Settings > Signing Keys"))
    return ok(f"{len(usable)} published")


@checks.add("D3", "PKCE", "clients break off the login: MCP demands PKCE with S256")
def pkce(examined: Examination) -> Outcome:
    document = examined.metadata()
    if "S256" in (document.get("code_challenge_methods_supported") or ()):
        registration = "; clients register at " + str(document.get("registration_endpoint", "no endpoint"))
        return ok("S256" + registration)
    return failure("the tenant's document does not offer S256", Cure("ask Auth0's support"))


@checks.add("D4", "Clocks", "`invalid_token` (not valid yet) or `token_expired` for tokens that are new")
def clocks(examined: Examination) -> Outcome:
    differences: list[float] = []
    date, received = examined.tenant_date()
    if date is not None:
        with suppress(ValueError):
            differences.append(_timestamp(parsedate_to_datetime(date)) - received)
    with suppress(ManagementProblem):
        # What the tenant writes into tokens is what counts in the end.
        issued_at = (claims_of(examined.own.access_token()) or {}).get("iat")
        if isinstance(issued_at, int | float) and examined.own.asked_at is not None:
            differences.append(issued_at - examined.own.asked_at)
    if not differences:
        return skipped("the tenant does not say what time it is")
    worst = max(differences, key=abs)
    leeway = examined.settings.leeway
    text = f"{abs(worst):.0f} s {'behind' if worst > 0 else 'ahead of'} the tenant's"
    cure = Cure("set this machine's clock (NTP), or a larger AUTH0_LEEWAY")
    if abs(worst) > leeway:
        return failure(f"this machine's clock is {text}: more than AUTH0_LEEWAY ({leeway} s)", cure)
    if abs(worst) > _NOTICEABLE:
        return warning(f"this machine's clock is {text}", cure)
    return ok("they agree")


def _timestamp(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
