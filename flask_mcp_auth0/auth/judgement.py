"""One requirement held against what one caller holds, under the settings; without words, log or signals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Literal

from ..errors import AuthorizationUnavailable
from ..settings import Settings
from .holdings import Holdings
from .requirement import Clause, Requirement, satisfies

log = logging.getLogger("flask_mcp_auth0.auth")

#: Each undefined permission is warned of once, and no more of them than so many.
_WARNINGS = 1_000


class Refused(Exception):
    """A no for a reason.

    :param outcome: ``denied``, or ``challenge`` where the client can ask for what lacks.
    :param scopes: of a challenge: every scope that is needed.
    """

    def __init__(
        self, outcome: Literal["denied", "challenge"], reason: str, scopes: tuple[str, ...] = ()
    ) -> None:
        self.outcome: Literal["denied", "challenge"] = outcome
        self.reason = reason
        self.scopes = scopes
        super().__init__(reason)


class Judge:
    """Applies ``AUTH0_REQUIRE``, ``AUTH0_PROTECT`` and ``AUTH0_UNDEFINED_PERMISSION``.

    Safe to share between threads: it only remembers what it has warned of, and may at worst warn twice.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warned: set[str] = set()

    def judge(self, known: Holdings, requirement: Requirement, own: str | None) -> str:
        """Return why the caller may.

        :param own: the component's own permission; ``None`` for a check inside a function, which has none.
        :raises Refused: if the caller may not.
        :raises AuthorizationUnavailable: if nobody could be asked.
        """
        if own is not None and self.is_open(known, requirement, own):
            return "public"
        clauses = self._demanded(known, requirement, own)
        needed = self._permissions(known, clauses, requirement, own)
        scopes = tuple(dict.fromkeys((*needed, *requirement.scopes)))
        missing = [scope for scope in scopes if not known.has_scope(scope)]
        if missing:
            # What permissions ask for is known to be within the user's reach, or would have been refused.
            if all(scope in needed or known.could_get(scope) for scope in missing):
                raise Refused("challenge", "the token lacks a scope", scopes)
            raise Refused("denied", "the token lacks a scope that the user cannot get")
        return "permission" if clauses else "scope" if scopes else "public"

    def is_open(self, known: Holdings, requirement: Requirement, own: str) -> bool:
        """Tell quickly whether a component asks for nothing by itself and is open to every token.

        This is most components of most servers, and a list asks it of each of them.

        :param own: the component's own permission.
        :return: false as well where nobody can tell.
        """
        if not requirement.is_plain:
            return False
        if self._settings.protect != "tenant" or not known.can_ask:
            return True
        try:
            return own not in known.defined()
        except AuthorizationUnavailable:
            return False

    def _demanded(self, known: Holdings, requirement: Requirement, own: str | None) -> tuple[Clause, ...]:
        """Return the clauses that hold now: those declared, and the tenant's where it has a say."""
        if own is None:
            return requirement.clauses("") if requirement.permissions else ()
        declared = requirement.clauses(own)
        says_its_own = requirement.names_its_own(own)
        if self._settings.protect != "tenant" or not known.can_ask:
            return declared if requirement.protected else ()
        if requirement.protected and says_its_own:
            return declared
        clauses = declared if says_its_own else (*declared, (own,))
        try:
            defined = known.defined()
        except AuthorizationUnavailable:
            if satisfies(known.claimed(), clauses):
                return clauses  # whichever of them the tenant defines, the token has it
            raise
        if requirement.protected:
            return clauses if own in defined else declared
        return _restricted(clauses, defined)

    def _permissions(
        self, known: Holdings, clauses: tuple[Clause, ...], requirement: Requirement, own: str | None
    ) -> tuple[str, ...]:
        """Return which permissions the token must carry as scopes too; raise if one is not held."""
        if not clauses:
            return ()
        # There is no user whose consent a machine could lack.
        consent = self._settings.require != "permissions" and not known.is_machine
        chosen: tuple[str, ...] | None = None
        if consent and self._settings.require == "scope":
            chosen = _choose(
                known, clauses, lambda name: known.has_scope(name) or known.could_get_permission(name)
            )
        else:
            held = known.held(lambda names: satisfies(names, clauses))
            if satisfies(held, clauses):
                chosen = _choose(known, clauses, held.__contains__) if consent else ()
        if chosen is not None:
            return chosen
        reason = "the permission is not held"
        # Plain components are only asked for what is defined, and a check inside a function is never public.
        public = self._settings.undefined_permission == "public" and own is not None
        if requirement.protected and known.can_ask and (public or not known.by_token):
            defined = known.defined()
            undefined = sorted({name for clause in clauses for name in clause} - defined)
            if undefined:
                self._warn(undefined, public=public)
                if public:
                    return self._permissions(known, _restricted(clauses, defined), Requirement(), own)
                reason = "the permission is not defined on the API"
        raise Refused("denied", reason)

    def _warn(self, undefined: Iterable[str], *, public: bool) -> None:
        for name in undefined:
            if name not in self._warned and len(self._warned) < _WARNINGS:
                self._warned.add(name)
                log.warning(
                    "The API %r does not define the permission %r, so what asks for it is %s",
                    self._settings.resource_server_identifier,
                    name,
                    "open to everybody with a token" if public else "refused to everybody",
                )


def _restricted(clauses: Iterable[Clause], defined: frozenset[str]) -> tuple[Clause, ...]:
    """Leave out permissions that the API does not define, and clauses that nothing is left of."""
    left = (tuple(name for name in clause if name in defined) for clause in clauses)
    return tuple(clause for clause in left if clause)


def _choose(
    known: Holdings, clauses: Iterable[Clause], able: Callable[[str], bool]
) -> tuple[str, ...] | None:
    """Return one name a clause for which the caller is ``able``, one that is a scope of the token first."""
    chosen: list[str] = []
    for clause in clauses:
        name = next((name for name in clause if known.has_scope(name) and able(name)), None)
        name = name or next((name for name in clause if able(name)), None)
        if name is None:
            return None
        chosen.append(name)
    return tuple(dict.fromkeys(chosen))
