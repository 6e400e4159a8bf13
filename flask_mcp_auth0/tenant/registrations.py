"""The third-party applications of a tenant: which there are, which are old, and one more by its document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..printable import printable_only
from .examination import Examination
from .management import Refused, segment

_AGE = re.compile(r"(\d{1,5})([hdwm])")
_LONGEST_PROBLEMS = 1000
_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800, "m": 2_592_000}


@dataclass(frozen=True, slots=True)
class Registration:
    """A third-party application.

    :param how: ``dcr`` (it registered itself), ``cimd`` (by its metadata document) or ``dashboard``.
    :param age: seconds since it was made; ``None`` if the tenant does not say.
    """

    client_id: str
    name: str
    how: str
    age: float | None


def registrations(examined: Examination) -> list[Registration]:
    """Return the tenant's third-party applications, oldest first.

    :raises ManagementProblem: if they cannot be read.
    """
    now = examined.clock()
    found = [
        Registration(
            str(client.get("client_id")),
            str(client.get("name") or ""),
            str(client.get("external_metadata_type") or "dashboard"),
            _age(client, now),
        )
        for client in examined.third_party_clients()
    ]
    return sorted(found, key=lambda one: -(one.age or 0.0))


def stale(found: Sequence[Registration], older_than: float, name: str | None = None) -> list[Registration]:
    """Return those that registered themselves longer ago than so many seconds.

    :param name: only those of this name.
    """
    return [
        one
        for one in found
        if one.how == "dcr" and one.age is not None and one.age > older_than and name in (None, one.name)
    ]


def seconds_of(age: str) -> float:
    """Read ``30d``, ``12h``, ``2w`` or ``6m``.

    :raises ValueError: for anything else.
    """
    match = _AGE.fullmatch(age.strip().lower())
    if match is None:
        raise ValueError(f"{age!r} is not an age such as 30d, 12h, 2w or 6m")
    return float(int(match[1]) * _SECONDS[match[2]])


def remove(examined: Examination, registration: Registration) -> None:
    """Delete an application; whoever uses it has to connect again."""
    examined.management.delete(f"clients/{segment(registration.client_id)}", "delete:clients")


def preview(examined: Examination, url: str) -> Mapping[str, Any]:
    """Let the tenant read a client ID metadata document, and return what it makes of it.

    :raises Refused: naming what is wrong with it.
    """
    body = {"external_client_id": url}
    answer: Mapping[str, Any] = examined.management.post("clients/cimd/preview", "read:clients", body=body)
    problems = answer.get("errors")
    if problems:
        # They quote the document, which is a stranger's.
        said = "; ".join(str(one) for one in problems)[:_LONGEST_PROBLEMS]
        raise Refused(f"the document is not accepted: {printable_only(said, ' ')}")
    return answer


def register(examined: Examination, url: str) -> str:
    """Register a client by its metadata document; return its id. A second time changes nothing.

    :raises ManagementProblem: if the tenant refuses it.
    """
    body = {"external_client_id": url}
    answer = examined.management.post("clients/cimd/register", "create:clients", body=body)
    examined.forget()
    return str(answer.get("client_id"))


def _age(client: Mapping[str, Any], now: float) -> float | None:
    created = client.get("created_at")
    if not isinstance(created, str):
        return None
    try:
        return now - datetime.fromisoformat(created).timestamp()
    except ValueError:
        return None
