"""``flask mcp setup``: what has to be changed, worked out before anything is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .examination import Examination
from .management import NotFound, segment
from .steps import Plan, Step, Wishes, shown
from .steps_api import api_steps, grant_steps

#: What a plan is made from.
READS = ("read:tenant_settings", "read:resource_servers", "read:client_grants", "read:connections")

_SETTINGS = "update:tenant_settings"


def make_plan(examined: Examination, wishes: Wishes) -> Plan:
    """Compare the tenant with what it should be.

    The order is the safe one: what understands clients first, then the API, then the grant and the connection
    that logins need, and only then the door through which anybody may register.

    :raises ManagementProblem: if the tenant cannot be read.
    """
    notes: list[str] = []
    steps = [
        *_understanding(examined),
        *api_steps(examined),
        *grant_steps(examined, wishes),
        *_connection(examined, wishes, notes),
        *_organizations(examined, notes),
        *_on_demand(examined, wishes, notes),
    ]
    return Plan(tuple(steps), tuple(notes))


def _setting(check: str, title: str, before: Any, after: Any, body: Any) -> Step:
    def write(examined: Examination) -> None:
        examined.management.patch("tenants/settings", _SETTINGS, body=body)

    return Step(check, title, shown(before), shown(after), _SETTINGS, write)


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

            yield Step("O1", f"Organization {name}", shown(access), "allow", "update:organizations", allow)


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
