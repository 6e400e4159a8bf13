"""``flask mcp explain``: why a user may use a tool, or may not, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from ..auth.auth_info import AuthInfo
from ..auth.requirement import Requirement
from ..protocol.bound import Bound
from . import management
from .conclusion import Explanation, Line, concluded
from .examination import Examination
from .holders import Holder, holder_of


def find_component(examined: Examination, name: str) -> Bound:
    """Return the tool of a name; ``resource:NAME`` and ``prompt:NAME`` name others.

    :raises management.NotFound: if there is none.
    """
    kind, _, rest = name.rpartition(":")
    for bound in examined.app_state.registry:
        if bound.component.kind == (kind or "tool") and bound.component.name == rest:
            return bound
    tools = ", ".join(examined.app_state.registry.tools) or "none"
    raise management.NotFound(f"the app has no tool called {name}; there are: {tools}")


def explain(
    examined: Examination,
    user: str,
    component: str,
    *,
    organization: str | None = None,
    token: AuthInfo | None = None,
    clock: Callable[[], float] = time.time,
) -> Explanation:
    """Find out what decides about a call, with the reasons.

    :param user: an Auth0 user id, or an e-mail address.
    :param component: a tool's name, or ``resource:NAME``, ``prompt:NAME``.
    :param organization: the organisation (``org_…`` or its name) that the user is logged in to.
    :param token: a verified access token of that user.
    :raises ManagementProblem: if the tenant cannot be read.
    """
    bound = find_component(examined, component)
    requirement = cast(Requirement, bound.component.requirement)
    own = f"{bound.component.kind}:{bound.component.name}"
    settings = examined.settings
    lines = [_registered(bound, requirement, own)]
    try:
        defined: frozenset[str] | None = frozenset(examined.api_scopes())
    except management.NotFound:
        defined = None
    names = requirement.names(own)
    lines += _defined(names, requirement, own, defined, settings)
    holder = holder_of(examined, user, organization)
    asked = names if requirement.protected else tuple(name for name in names if name in (defined or ()))
    lines += _held(holder, asked, organization)
    lines += _token_lines(token, asked, requirement, settings.require)
    lines += _kept(examined, holder, organization, clock())
    if requirement.conditions:
        lines.append(
            Line("info", "conditions", "the app's own conditions decide on the arguments of each call")
        )
    return concluded(examined, lines, holder, defined, requirement, own, token)


def _registered(bound: Bound, requirement: Requirement, own: str) -> Line:
    what = f"the {bound.component.kind} {bound.component.name}"
    if not requirement.protected:
        return Line("info", "registered", f"{what} is not protected by the app itself")
    clauses = " and ".join(" or ".join(clause) for clause in requirement.clauses(own))
    return Line("info", "registered", f"{what} is protected; its caller must hold {clauses}")


def _defined(
    names: tuple[str, ...], requirement: Requirement, own: str, defined: frozenset[str] | None, settings: Any
) -> list[Line]:
    identifier = settings.resource_server_identifier
    if defined is None:
        return [Line("no", "defined", f"the tenant has no API {identifier}: nothing can be looked up")]
    lines = []
    for name in names if requirement.protected else (own,):
        if name in defined:
            lines.append(Line("info", "defined", f"{name} is defined on the API {identifier}"))
        elif requirement.protected and settings.undefined_permission == "deny":
            lines.append(Line("no", "defined", f"{name} is not defined on the API: refused to everybody"))
        elif requirement.protected:
            lines.append(
                Line(
                    "info", "defined", f"{name} is not defined, so it is public (AUTH0_UNDEFINED_PERMISSION)"
                )
            )
        else:
            lines.append(
                Line("yes", "defined", f"{name} is not defined on the API: open to every caller with a token")
            )
    return lines


def _held(holder: Holder, names: tuple[str, ...], organization: str | None) -> list[Line]:
    lines = [Line("no" if holder.blocked else "info", "user", holder.title)]
    for name in names:
        if name in holder.permissions:
            lines += [Line("yes", "granted", f"{name}: {source}") for source in holder.sources(name)]
        else:
            where = f" within {organization}" if organization else ""
            lines.append(Line("no", "granted", f"the user does not hold {name}{where}"))
    if holder.incomplete:
        lines.append(Line("info", "granted", holder.incomplete))
    return lines


def _token_lines(
    token: AuthInfo | None, names: tuple[str, ...], requirement: Requirement, require: str
) -> list[Line]:
    if token is None:
        return []
    lines = []
    for name in names:
        inside = name in token.permissions
        text = "has" if inside else "lacks"
        if not token.has_permissions_claim:
            text = "has no permissions claim (see doctor's A4), so it lacks"
        lines.append(Line("yes" if inside else "info", "in the token", f"`permissions` {text} {name}"))
    wanted = [*(names if require != "permissions" else ()), *requirement.scopes]
    lines += [
        Line(
            "yes" if name in token.scopes else "no",
            "in the token",
            f"`scope` {'has' if name in token.scopes else 'lacks'} {name}",
        )
        for name in wanted
    ]
    return lines


def _kept(examined: Examination, holder: Holder, organization: str | None, now: float) -> list[Line]:
    settings = examined.settings
    if settings.permissions_source == "token":
        return [Line("info", "cached", "nothing: the token alone decides, until it expires")]
    kept = (
        examined.app_state.lookup.kept(examined.server.issuer(), holder.user_id) if not organization else None
    )
    if kept is None:
        text = (
            f"nothing that can be seen from here; each worker, or their shared cache, keeps what a user holds up to "
            f"{settings.permissions_ttl} s, and a refusal up to 5 s"
        )
        return [Line("info", "cached", text)]
    values, until = kept
    text = (
        f"that this user holds {', '.join(sorted(values)) or 'nothing'}, for {max(0, until - now):.0f} s more"
    )
    if values != holder.permissions:
        text += "; Auth0 says something else now"
    return [Line("info", "cached", text)]
