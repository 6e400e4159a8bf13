"""The steps that concern the API and the grant of third-party clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .checks_api import AUTHZ_DIALECTS, wanted_of_grant
from .examination import THIRD_PARTIES, Examination
from .management import NotFound, Refused, segment
from .permissions import change_permissions, merged
from .steps import Step, Wishes, shown

_API = "update:resource_servers"


def api_steps(examined: Examination) -> Iterator[Step]:
    """Yield what makes the API, or puts it right."""
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

    def step(check: str, title: str, name: str, wanted: Any, text: str | None = None) -> Step:
        def write(examined: Examination) -> None:
            examined.management.patch(path, _API, body={name: wanted})

        return Step(check, title, shown(api.get(name)), text or shown(wanted), _API, write)

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


def grant_steps(examined: Examination, wishes: Wishes) -> Iterator[Step]:
    """Yield what gives third-party clients the permissions that the app uses."""
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
