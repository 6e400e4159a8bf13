"""What a tool, resource or prompt asks of its caller."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import RegistrationError

if TYPE_CHECKING:
    from .auth_info import AuthInfo

#: RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

#: Auth0 refuses longer scope values on an API.
MAX_SCOPE_LENGTH = 280


#: Stands in a clause for the component's own permission, whose name is only known once it is registered.
OWN = ""

#: Permissions of which any one is enough.
Clause = tuple[str, ...]

Condition = Callable[["AuthInfo", Mapping[str, Any]], bool]


def own_permission(kind: str, name: str) -> str:
    """Return the permission that protects a component by its name: ``tool:<name>``, ``prompt:<name>``, …

    :raises RegistrationError: if that cannot be a scope, since no administrator could define it then.
    """
    return check_scope_token(f"{kind}:{name}", "The permission")


def is_scope_token(value: str) -> bool:
    """Tell whether ``value`` can be an OAuth scope (RFC 6749 §3.3) of a length that Auth0 accepts."""
    return len(value) <= MAX_SCOPE_LENGTH and _SCOPE_TOKEN.fullmatch(value) is not None


def check_scope_token(value: str, what: str) -> str:
    """Return ``value`` if it can be an OAuth scope or an Auth0 permission name (RFC 6749 §3.3).

    :raises RegistrationError: if it holds a space, a quote, a backslash or a character outside ASCII, is
        empty, or has more than 280 characters.
    """
    if len(value) > MAX_SCOPE_LENGTH:
        raise RegistrationError(
            f"{what} {value[:40]!r}… has {len(value)} characters; at most {MAX_SCOPE_LENGTH} can be a scope"
        )
    if not _SCOPE_TOKEN.fullmatch(value):
        raise RegistrationError(
            f"{what} {value!r} cannot be an OAuth scope: spaces, quotes, backslashes and characters outside "
            "ASCII are not allowed (RFC 6749 §3.3)"
        )
    return value


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the caller of one component must hold. The default asks for nothing but a verified token.

    :param protected: the permissions are always demanded. Where false, they are demanded only if the
        tenant defines them on the API (the administrator decides).
    :param permissions: permission names; for a component without any, its own: ``tool:<name>``.
    :param match: whether ``all`` of them or ``any`` one of them is needed.
    :param scopes: scopes that the token itself must carry.
    :param conditions: functions of ``(auth_info, arguments)``; each must return ``True``, and nothing like it.
    :param anonymous: may be used without a token where the application allows that.
    :param further: clauses that are demanded besides, from other decorators and the blueprint; of each clause
        one permission is enough.
    """

    protected: bool = False
    permissions: tuple[str, ...] = ()
    match: Literal["all", "any"] = "all"
    scopes: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = field(default=())
    anonymous: bool = False
    further: tuple[Clause, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it leaves everything to the administrator: nothing is asked but a verified token."""
        return not (self.protected or self.permissions or self.scopes or self.conditions or self.further)

    def clauses(self, own: str) -> tuple[Clause, ...]:
        """Return what is demanded: of every clause at least one permission.

        :param own: the component's own permission, as :func:`own_permission` makes it.
        """
        if not self.permissions and not self.further:
            return ((own,),)
        if not self.permissions:
            first: tuple[Clause, ...] = ((OWN,),)
        elif self.match == "any":
            first = (self.permissions,)
        else:
            first = tuple((name,) for name in self.permissions)
        named = (tuple(name or own for name in clause) for clause in (*first, *self.further))
        return tuple(dict.fromkeys(named))

    def names_its_own(self, own: str) -> bool:
        """Tell whether the component's own permission is among those that are looked at."""
        return not self.permissions or any(own in clause for clause in self.clauses(own))

    def names(self, own: str) -> tuple[str, ...]:
        """Return every permission that is looked at, each once, in the order of their declaration."""
        return tuple(dict.fromkeys(name for clause in self.clauses(own) for name in clause))

    def and_also(self, other: Requirement) -> Requirement:
        """Return what is asked when both are: whatever one of them refuses is refused."""
        if other.protected and not self.protected:
            base, added = other, self
        else:
            base, added = self, other
        further = base.further
        if added.protected or added.permissions:
            further += added.clauses(OWN)
        present = set(base.clauses(OWN)) - set(base.further)
        return replace(
            base,
            scopes=_unique((*base.scopes, *added.scopes)),
            conditions=(*base.conditions, *(c for c in added.conditions if c not in base.conditions)),
            anonymous=base.anonymous and added.anonymous,
            further=tuple(clause for clause in dict.fromkeys(further) if clause not in present),
        )


def make_requirement(
    *,
    protected: bool,
    permission: str | None = None,
    permissions: Iterable[str] = (),
    match: Literal["all", "any"] = "all",
    scopes: Iterable[str] = (),
    when: Condition | Iterable[Condition] | None = None,
    anonymous: bool = False,
) -> Requirement:
    """Check what a decorator was given and return it as a :class:`Requirement`.

    :param permission: one more of ``permissions``, for the common case of a single one.
    :param when: a function of ``(auth_info, arguments)`` that returns ``True`` or ``False``, or several.
    :raises RegistrationError: if a name cannot be a scope (RFC 6749 §3.3), ``match`` is neither ``all`` nor
        ``any``, a condition is a coroutine or generator function, or something protected is to be anonymous.
    """
    for what, value in (("permissions", permissions), ("scopes", scopes)):
        if isinstance(value, str | bytes):
            raise RegistrationError(f"{what}={value!r} must be a list of names; write {what}=[{value!r}]")
    if match not in ("all", "any"):
        raise RegistrationError(f"match={match!r} must be 'all' or 'any'")
    names = (*(() if permission is None else (permission,)), *permissions)
    scopes = tuple(scopes)
    conditions: tuple[Condition, ...] = ()
    if when is not None:
        conditions = (when,) if callable(when) else tuple(when)
    for condition in conditions:
        if not callable(condition) or _answers_later(condition):
            raise RegistrationError(
                f"when={condition!r} must be an ordinary function of (auth_info, arguments) that returns True "
                "or False; what a coroutine or generator function returns is neither"
            )
    if anonymous and (protected or names or conditions or scopes):
        raise RegistrationError("What asks for permissions, scopes or conditions cannot be anonymous as well")
    return Requirement(
        protected=protected,
        permissions=_scope_tokens(names, "The permission"),
        match=match,
        scopes=_scope_tokens(scopes, "The scope"),
        conditions=conditions,
        anonymous=anonymous,
    )


def satisfies(held: Collection[str], clauses: Iterable[Clause]) -> bool:
    """Tell whether ``held`` has one permission of every clause."""
    return all(any(name in held for name in clause) for clause in clauses)


def _answers_later(condition: Condition) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    call = getattr(type(condition), "__call__", None)  # noqa: B004 (the method is looked at, not whether it is there)
    return any(is_kind(function) for is_kind in kinds for function in (condition, call))


def _scope_tokens(values: Iterable[object], what: str) -> tuple[str, ...]:
    tokens: list[str] = []
    for value in values:
        if not isinstance(value, str):
            raise RegistrationError(f"{what} {value!r} must be text, not {type(value).__name__}")
        tokens.append(check_scope_token(value, what))
    return _unique(tokens)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
