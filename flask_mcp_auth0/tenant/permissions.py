"""The permissions that an API defines, changed without losing what somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .examination import Examination, scopes_of_api
from .management import Refused, segment
from .needs import Need

#: What Auth0 takes for one API.
MOST = 1000


def merged(before: Mapping[str, str], more: Iterable[Need], without: Iterable[str] = ()) -> dict[str, str]:
    """Return what is there with more added and some left out; descriptions that are there stay."""
    gone = set(without)
    after = {name: text for name, text in before.items() if name not in gone}
    for need in more:
        if not after.get(need.name):
            after[need.name] = need.description
    return after


def change_permissions(examined: Examination, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Write an API's whole list of permissions: a PATCH replaces it, and the last writer wins.

    So it is read once more, and nothing is written unless it is still what the change was made from.

    :param before: the list that ``after`` was made from.
    :raises Refused: if it changed in between, or would become too long.
    :raises ManagementProblem: if the API cannot be read or written.
    """
    if len(after) > MOST:
        raise Refused(f"an API takes {MOST} permissions, and this would make it {len(after)}")
    api = examined.read_resource_server()
    now = scopes_of_api(api)
    if now != dict(before):
        changed = ", ".join(sorted({name for name, _ in now.items() ^ before.items()}))
        raise Refused(f"somebody else changed the API's permissions in between ({changed}); run it again")
    scopes = [
        {"value": name, "description": text} if text else {"value": name} for name, text in after.items()
    ]
    path = f"resource-servers/{segment(str(api.get('id') or api['identifier']))}"
    examined.management.patch(path, "update:resource_servers", body={"scopes": scopes})
