"""``flask mcp setup``: what has to be changed, worked out before anything is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks_api import AUTHZ_DIALECTS, wanted_of_grant
from .examination import THIRD_PARTIES, Examination
from .management import NotFound, Refused, segment
from .permissions import change_permissions, merged

Write = Callable[[Examination], None]

#: What a plan is made from.
READS = ("read:tenant_settings", "read:resource_servers", "read:client_grants", "read:connections")

_SETTINGS = "update:tenant_settings"
_API = "update:resource_servers"


@dataclass(frozen=True, slots=True)
class Step:
    """One change, with what is there now.

    :param check: the check that it cures.
    :param scope: what the grant must allow for it.
    :param write: makes the change.
    """

    check: str
    title: str
    before: str
    after: str
    scope: str
    write: Write = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What setup does only when it is told to.

    :param dcr: open dynamic client registration, which lets anybody register a client.
    :param default_audience: make the API the default audience, which changes other applications' tokens.
    :param consent_descriptions: show descriptions on every application's consent page.
    :param connection: open this connection to third-party clients.
    :param all_scopes: let third-party clients ask for every permission of the API, future ones included.
    """

    dcr: bool = False
    default_audience: bool = False
    consent_descriptions: bool = False
    connection: str | None = None
    all_scopes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are made, and what is left to a person."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]

    def missing_scopes(self, granted: frozenset[str] | None) -> tuple[str, ...]:
        """Return the scopes that its steps need and the grant does not have."""
        if granted is None:
            return ()
        return tuple(sorted({step.scope for step in self.steps} - granted))


def make_plan(examined: Examination, wishes: Wishes) -> Plan:
    """Compare the tenant with what it should be.

    The order is the safe one: what understands clients first, then the API, then the grant and the connection
    that logins need, and only then the door through which anybody may register.

    :raises ManagementProblem: if the tenant cannot be read.
    """
    notes: list[str] = []
    steps = [
        *_understanding(examined),
        *_api(examined),
        *_grant(examined, wishes),
        *_connection(examined, wishes, notes),
        *_organizations(examined, notes),
        *_on_demand(examined, wishes, notes),
    ]
    return Plan(tuple(steps), tuple(notes))


def _setting(check: str, title: str, before: Any, after: Any, body: Any) -> Step:
    def write(examined: Examination) -> None:
        examined.management.patch("tenants/settings", _SETTINGS, body=body)

    return Step(check, title, _shown(before), _shown(after), _SETTINGS, write)


def _understanding(examined: Examination) -> Iterator[Step]:
    settings = examined.tenant_settings()
    for check, title, name, wanted in (
        ("T3", "Resource parameter", "resource_parameter_profile", "compatibility"),
        ("T6", "Client ID metadata documents", "client_id_metadata_document_supported", True),
        ("T5", "Issuer in authorization responses", "authorization_response_iss_parameter_supported", True),
    ):
        now = settings.get(name)
        if now != wanted:
            yield _setting(check, title, now, wanted, {name: wanted})


def _api(examined: Examination) -> Iterator[Step]:
    identifier = examined.settings.resource_server_identifier
    needs = examined.needs
    try:
        api = examined.resource_server()
    except NotFound:
        algorithm = "RS256" if "RS256" in examined.settings.algorithms else "PS256"
        body = {
            "identifier": identifier,
            "name": examined.settings.server_name,
            "signing_alg": algorithm,
            "token_dialect": "rfc9068_profile_authz",
            "enforce_policies": True,
            "allow_offline_access": True,
            "scopes": [{"value": need.name, "description": need.description} for need in needs.values()],
        }

        def create(examined: Examination) -> None:
            examined.management.post("resource-servers", "create:resource_servers", body=body)

        text = f"{identifier}, RBAC on, {algorithm}, {len(needs)} permissions"
        yield Step("A1", "The API", "none", text, "create:resource_servers", create)
        return
    yield from _api_settings(examined, api)
    missing = [need for name, need in needs.items() if name not in examined.api_scopes()]
    if missing:
        before = examined.api_scopes()

        def add(examined: Examination) -> None:
            change_permissions(examined, before, merged(before, missing))

        names = ", ".join(need.name for need in missing)
        yield Step("A10", "Permissions of the tools", f"{len(before)} defined", f"+ {names}", _API, add)


def _api_settings(examined: Examination, api: Mapping[str, Any]) -> Iterator[Step]:
    path = f"resource-servers/{segment(str(api.get('id') or api['identifier']))}"

    def step(check: str, title: str, name: str, wanted: Any, shown: str | None = None) -> Step:
        def write(examined: Examination) -> None:
            examined.management.patch(path, _API, body={name: wanted})

        return Step(check, title, _shown(api.get(name)), shown or _shown(wanted), _API, write)

    if (api.get("signing_alg") or "RS256") not in examined.settings.algorithms:
        yield step("A2", "Signing algorithm", "signing_alg", "RS256")
    if not api.get("enforce_policies"):
        yield step("A3", "RBAC", "enforce_policies", True)
    if api.get("token_dialect") not in AUTHZ_DIALECTS:
        yield step("A4", "Permissions in tokens", "token_dialect", "rfc9068_profile_authz")
    if not api.get("allow_offline_access"):
        yield step("A5", "Refresh tokens", "allow_offline_access", True)
    policies = api.get("subject_type_authorization")
    if isinstance(policies, Mapping) and (policies.get("user") or {}).get("policy") == "deny_all":
        wanted = {**policies, "user": {**policies["user"], "policy": "require_client_grant"}}
        yield step("A6", "Access of users", "subject_type_authorization", wanted, "require_client_grant")
    if api.get("token_encryption"):
        yield step("A9", "Token encryption", "token_encryption", None)


def _grant(examined: Examination, wishes: Wishes) -> Iterator[Step]:
    try:
        defined = list(examined.api_scopes())
    except NotFound:
        defined = []
    after = dict.fromkeys([*defined, *examined.needs], "")
    wanted = wanted_of_grant(examined, after)
    scopes: dict[str, Any] = {"allow_all_scopes": True} if wishes.all_scopes else {"scope": wanted}
    text = "every permission of the API" if wishes.all_scopes else f"{', '.join(wanted) or 'no permission'}"
    grant = examined.third_party_grant()
    if grant is None:
        body = {
            "default_for": THIRD_PARTIES,
            "audience": examined.settings.audience,
            "subject_type": "user",
            **scopes,
        }

        def create(examined: Examination) -> None:
            examined.management.post("client-grants", "create:client_grants", body=body)

        yield Step("G1", "Grant for third-party clients", "none", text, "create:client_grants", create)
        return
    if grant.get("allow_all_scopes"):
        return
    granted = [str(name) for name in grant.get("scope") or ()]
    lacking = [name for name in wanted if name not in granted]
    if not lacking and not wishes.all_scopes:
        return

    def extend(examined: Examination) -> None:
        extend_grant(examined, grant, lacking, all_scopes=wishes.all_scopes)

    more = text if wishes.all_scopes else "+ " + ", ".join(lacking)
    before = ", ".join(granted) or "no permission"
    yield Step("G1", "Grant for third-party clients", before, more, "update:client_grants", extend)


def extend_grant(
    examined: Examination, grant: Mapping[str, Any], more: list[str], *, all_scopes: bool = False
) -> None:
    """Add permissions to a client grant, unless it is no longer as it was read.

    :raises Refused: if somebody else changed it in between.
    """
    path = f"client-grants/{segment(str(grant['id']))}"
    now = examined.management.get(path, "read:client_grants")
    if (now.get("scope") or []) != (grant.get("scope") or []):
        raise Refused("somebody else changed the client grant in between; run it again")
    body = {"allow_all_scopes": True} if all_scopes else {"scope": [*(grant.get("scope") or ()), *more]}
    examined.management.patch(path, "update:client_grants", body=body)


def _connection(examined: Examination, wishes: Wishes, notes: list[str]) -> Iterator[Step]:
    connections = examined.connections()
    if wishes.connection is None:
        if any(one.get("is_domain_connection") for one in connections):
            return
        databases = [one for one in connections if one.get("strategy") == "auth0"] or connections
        if len(databases) != 1:
            names = ", ".join(str(one.get("name")) for one in databases) or "the tenant has none"
            notes.append(
                f"C1: which connection shall third-party clients use? Add --connection NAME ({names})"
            )
            return
        chosen = databases[0]
    else:
        found = [one for one in connections if wishes.connection in (one.get("name"), one.get("id"))]
        if not found:
            notes.append(f"C1: there is no connection called {wishes.connection}")
            return
        if found[0].get("is_domain_connection"):
            return
        chosen = found[0]
    path = f"connections/{segment(str(chosen['id']))}"

    def promote(examined: Examination) -> None:
        # Never `options`: what is named there replaces all of it.
        examined.management.patch(path, "update:connections", body={"is_domain_connection": True})

    name = str(chosen.get("name"))
    yield Step(
        "C1",
        f"Connection {name}",
        "its own clients",
        "third-party clients too",
        "update:connections",
        promote,
    )


def _organizations(examined: Examination, notes: list[str]) -> Iterator[Step]:
    for name in examined.settings.organizations:
        try:
            organization = examined.organization(name)
        except NotFound as error:
            notes.append(f"O1: {error.reason}")
            continue
        access = organization.get("third_party_client_access")
        if access != "allow":
            path = f"organizations/{segment(str(organization['id']))}"

            def allow(examined: Examination, path: str = path) -> None:
                examined.management.patch(
                    path, "update:organizations", body={"third_party_client_access": "allow"}
                )

            yield Step("O1", f"Organization {name}", _shown(access), "allow", "update:organizations", allow)


def _on_demand(examined: Examination, wishes: Wishes, notes: list[str]) -> Iterator[Step]:
    settings = examined.tenant_settings()
    for check, title, flag, wished, option in (
        ("T7", "Texts on the consent page", "use_scope_descriptions_for_consent", wishes.consent_descriptions,
         "--consent-descriptions"),
        ("T1", "Dynamic client registration", "enable_dynamic_client_registration", wishes.dcr, "--dcr"),
    ):  # fmt: skip
        if examined.flag(flag):
            continue
        if wished:
            yield _setting(check, title, False, True, {"flags": {flag: True}})
        else:
            notes.append(
                f"{check}: {title.lower()} stays as it is; {option} changes it, for the whole tenant"
            )
    default, audience = settings.get("default_audience") or "", examined.settings.audience
    if wishes.default_audience and default != audience:
        yield _setting("T4", "Default audience", default or "none", audience, {"default_audience": audience})


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in (None, "") else "set" if isinstance(value, dict | list) else str(value)
