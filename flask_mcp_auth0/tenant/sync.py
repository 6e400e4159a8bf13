"""``flask mcp sync``: what the app's tools ask for becomes what the API defines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .checks_api import OF_COMPONENTS
from .examination import Examination
from .management import ManagementProblem, MissingScope, NotFound, Refused, segment
from .needs import Need
from .permissions import change_permissions, merged
from .steps_api import extend_grant


@dataclass(frozen=True, slots=True)
class Difference:
    """What a sync would change.

    :param before: the permissions of the API as they were read.
    :param add: those to add; after that, a tool is closed to everybody who holds none.
    :param prune: those to remove.
    :param orphans: those that look like ours and belong to nothing, and were not named to be removed.
    :param grant: what the grant of third-party clients lacks, if it lists permissions.
    :param role: the role that shall bring every permission of the app.
    :param role_lacks: what it does not bring yet.
    """

    before: dict[str, str]
    add: tuple[Need, ...]
    prune: tuple[str, ...]
    orphans: tuple[str, ...]
    grant: tuple[str, ...]
    role: dict[str, Any] | None = None
    role_lacks: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change."""
        return not (self.add or self.prune or self.grant or self.role_lacks)

    @property
    def after(self) -> dict[str, str]:
        """The API's permissions as they shall be."""
        return merged(self.before, self.add, self.prune)


def difference(examined: Examination, prune: Collection[str] = (), role: str | None = None) -> Difference:
    """Compare the app with the API.

    :param prune: names of permissions to remove.
    :param role: the name or id of a role to give every permission of the app.
    :raises Refused: if a name to prune is in use or unknown, or there is no such role.
    :raises ManagementProblem: if the tenant cannot be read.
    """
    before, needs = examined.api_scopes(), examined.needs
    for name in prune:
        if name in needs:
            raise Refused(f"{name} is in use, by {', '.join(needs[name].used_by)}; it is not removed")
        if name not in before:
            raise Refused(f"the API defines no {name}")
    known = examined.component_permissions() | set(needs)
    orphans = [name for name in before if name.startswith(OF_COMPONENTS) and name not in known]
    found = find_role(examined, role) if role is not None else None
    return Difference(
        before=before,
        add=tuple(need for name, need in needs.items() if name not in before),
        prune=tuple(dict.fromkeys(prune)),
        orphans=tuple(name for name in orphans if name not in prune),
        grant=_grant_lacks(examined),
        role=found,
        role_lacks=_role_lacks(examined, found) if found is not None else (),
    )


def carry_out(examined: Examination, wanted: Difference) -> list[str]:
    """Make the changes; return what was done, a sentence each.

    :raises ManagementProblem: at the first that fails; ``wanted`` can be worked out again and goes on there.
    """
    done: list[str] = []
    try:
        if wanted.add or wanted.prune:
            change_permissions(examined, wanted.before, wanted.after)
            done += [f"defined {need.name}" for need in wanted.add]
            done += [f"removed {name}" for name in wanted.prune]
        grant = examined.third_party_grant() if wanted.grant else None
        if grant is not None:
            _extend(examined, grant, wanted)
            done.append(f"third-party clients may ask for {', '.join(wanted.grant)}")
        if wanted.role is not None and wanted.role_lacks:
            identifier = examined.settings.resource_server_identifier
            permissions = [
                {"resource_server_identifier": identifier, "permission_name": name}
                for name in wanted.role_lacks
            ]
            path = f"roles/{segment(str(wanted.role['id']))}/permissions"
            examined.management.post(path, "update:roles", body={"permissions": permissions})
            done.append(f"the role {wanted.role['name']} brings {', '.join(wanted.role_lacks)}")
    except ManagementProblem as error:
        if done:
            raise Refused(f"{error.reason} (done before that: {'; '.join(done)})") from error
        raise
    examined.forget()
    return done


def losers(examined: Examination, name: str) -> list[str]:
    """Return which roles bring a permission: whoever has them loses it with it.

    :raises ManagementProblem: if roles cannot be read.
    """
    identifier = examined.settings.resource_server_identifier
    found = []
    for role in examined.management.items("roles", "roles", "read:roles"):
        path = f"roles/{segment(str(role['id']))}/permissions"
        held = examined.management.items(path, "permissions", "read:roles")
        if any(
            (one.get("resource_server_identifier"), one.get("permission_name")) == (identifier, name)
            for one in held
        ):
            found.append(str(role.get("name")))
    return found


def find_role(examined: Examination, name: str) -> dict[str, Any]:
    """Return the role of a name or an id.

    :raises Refused: if there is none.
    """
    for role in examined.management.items("roles", "roles", "read:roles"):
        if name in (role.get("name"), role.get("id")):
            return role
    raise Refused(f"there is no role called {name}")


def _role_lacks(examined: Examination, role: dict[str, Any]) -> tuple[str, ...]:
    identifier = examined.settings.resource_server_identifier
    path = f"roles/{segment(str(role['id']))}/permissions"
    held = {
        one.get("permission_name")
        for one in examined.management.items(path, "permissions", "read:roles")
        if one.get("resource_server_identifier") == identifier
    }
    return tuple(name for name in examined.needs if name not in held)


def _grant_lacks(examined: Examination) -> tuple[str, ...]:
    try:
        grant = examined.third_party_grant()
    except (MissingScope, NotFound):
        return ()  # sync is about permissions; doctor speaks of the grant
    if grant is None or grant.get("allow_all_scopes"):
        return ()
    granted = grant.get("scope") or ()
    return tuple(name for name in examined.needs if name not in granted)


def _extend(examined: Examination, grant: dict[str, Any], wanted: Difference) -> None:
    # Auth0 takes a removed permission out of grants by itself, so the grant is read again after that.
    if wanted.prune:
        path = f"client-grants/{segment(str(grant['id']))}"
        grant = examined.management.get(path, "read:client_grants")
    extend_grant(examined, grant, list(wanted.grant))
