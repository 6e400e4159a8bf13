"""Where the steps of an explanation lead: the app's own judgement, on what was read from the tenant."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from flask_caching.backends import SimpleCache

from ..auth.auth_info import AuthInfo, User
from ..auth.cache import LookupCache
from ..auth.holdings import Holdings
from ..auth.judgement import Judge, Refused
from ..auth.permissions import PermissionLookup
from ..auth.requirement import Requirement, satisfies
from ..errors import AuthorizationUnavailable
from .examination import Examination
from .holders import Holder

Word = Literal["yes", "no", "info"]


@dataclass(frozen=True, slots=True)
class Line:
    """One step.

    :param word: whether it speaks for the call or against it; ``info`` for neither.
    """

    word: Word
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps and where they lead.

    :param allowed: ``None`` if it cannot be told.
    :param cure: what to do about a no.
    """

    lines: tuple[Line, ...]
    allowed: bool | None
    verdict: str
    cure: str = ""


def concluded(
    examined: Examination,
    lines: list[Line],
    holder: Holder,
    defined: frozenset[str] | None,
    requirement: Requirement,
    own: str,
    token: AuthInfo | None,
) -> Explanation:
    """Let the app's own judgement decide, on what was read from the tenant just now.

    :param defined: the permissions that the API defines; ``None`` where there is no such API.
    :param own: the component's own permission.
    :param token: a token of the user; without one, the token that Auth0 would issue.
    """
    settings = examined.settings
    who = token or _assumed(holder, examined.server.issuer())
    reader = _Known(defined, holder.permissions)
    lookup = PermissionLookup(
        settings, LookupCache(SimpleCache()), reader if settings.has_client_credentials else None
    )
    try:
        why = Judge(settings).judge(Holdings(who, settings, lookup), requirement, own)
    except Refused as refused:
        return Explanation(
            tuple(lines), False, f"No: {refused.reason}.", _cure(refused, requirement, own, holder, defined)
        )
    except AuthorizationUnavailable as error:
        return Explanation(
            tuple(lines), None, f"It cannot be decided, so it is refused: {error.reason}.", "flask mcp doctor"
        )
    if holder.blocked:
        return Explanation(
            tuple(lines), False, "No: the user is blocked and gets no token.", "unblock the user"
        )
    reasons = {
        "permission": "the permission is held",
        "scope": "the token has the scope",
        "public": "nothing is asked",
    }
    return Explanation(tuple(lines), True, f"Yes: {reasons.get(why, why)}.")


def _cure(
    refused: Refused, requirement: Requirement, own: str, holder: Holder, defined: frozenset[str] | None
) -> str:
    if refused.outcome == "challenge":
        return f"the client has to ask for {' '.join(refused.scopes)} and let the user log in again"
    missing = [name for name in requirement.names(own) if defined is not None and name not in defined]
    if missing and requirement.protected:
        return "flask mcp sync"
    lacking = [name for name in requirement.names(own) if name not in holder.permissions]
    if lacking and not satisfies(holder.permissions, requirement.clauses(own)):
        return (
            f"give {' or '.join(lacking)} to the user, or to a role of theirs: User Management > Users > "
            f"{holder.user_id} > Permissions"
        )
    return "log in again, so that the token says what Auth0 knows"


def _assumed(holder: Holder, issuer: str) -> AuthInfo:
    """The caller with the token that Auth0 would issue now, if the client asked for everything."""
    held = tuple(sorted(holder.permissions))
    return AuthInfo(
        token="",
        client_id="",
        scopes=held,
        permissions=held,
        expires_at=int(time.time()) + 3600,
        user=User(holder.user_id),
        issuer=issuer,
        has_permissions_claim=True,
    )


class _Known:
    """A PermissionReader of what was read already."""

    def __init__(self, defined: frozenset[str] | None, held: frozenset[str]) -> None:
        self._defined = defined
        self._held = held

    def api_scopes(self) -> frozenset[str]:
        if self._defined is None:
            raise AuthorizationUnavailable("the tenant has no such API")
        return self._defined

    def user_permissions(self, user_id: str) -> frozenset[str]:
        return self._held

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        return frozenset({"all"})

    def role_permissions(self, role_id: str) -> frozenset[str]:
        return self._held
