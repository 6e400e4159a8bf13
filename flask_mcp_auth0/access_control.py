"""Where the two rooms meet: what the protocol asks about a caller, answered by what Auth0 knows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from flask import request

from .auth import wording
from .auth.auth_info import find_auth_info
from .auth.challenge import Challenges
from .auth.decisions import Decider, Decision
from .auth.permissions import NobodyToAsk
from .auth.requirement import Requirement
from .auth.token_errors import TokenMissing
from .errors import AuthorizationUnavailable, InsufficientScopeError, PermissionDenied
from .protocol.access import Listing, Refusal
from .protocol.components import Component
from .settings import Settings


class AccessControl:
    """Answers :class:`~flask_mcp_auth0.protocol.access.Access` for the current request's token.

    It holds nothing of a request, so it is safe to share between threads.
    """

    def __init__(self, settings: Settings, decider: Decider, challenges: Challenges) -> None:
        self._settings = settings
        self._decider = decider
        self._challenges = challenges

    def caller(self) -> str:
        """Return a hash of who the caller is: user, client and organisation; nothing of it can be read back."""
        info = find_auth_info()
        if info is None:
            return "anonymous"
        who = "\n".join((info.issuer, info.user.sub, info.client_id, info.organization or ""))
        return hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()

    def authenticated(self) -> bool:
        """Tell whether the request carries a verified token."""
        return find_auth_info() is not None

    def expires_at(self) -> float | None:
        """Return when the caller's token ends."""
        info = find_auth_info()
        return None if info is None else float(info.expires_at)

    def unauthenticated(self) -> Refusal:
        """Return the refusal of whatever needs a token."""
        error = TokenMissing()
        return Refusal("unauthenticated", error.description, ", ".join(self._challenges.of(error)))

    def check(self, component: Component, arguments: Callable[[], Mapping[str, Any]]) -> Refusal | None:
        """Ask whether the caller may use a component."""
        decision = self._decider.decide(
            find_auth_info(), component.kind, component.name, _requirement(component), arguments
        )
        return None if decision.granted else self._refusal(decision)

    def unknown(self, kind: str, name: str) -> Refusal | None:
        """Do for a name that nothing has what is done for a concealed one, so that they cannot be told apart."""
        decision = self._decider.decide_unknown(find_auth_info(), kind, name)
        return self._refusal(decision) if decision.outcome == "unavailable" else None

    def listing(self, components: Sequence[Component]) -> Listing:
        """Ask which components the caller may see."""
        wanted = [(component.kind, component.name, _requirement(component)) for component in components]
        seen = self._decider.visible(find_auth_info(), wanted)
        return Listing(seen.flags, seen.uniform, seen.ttl_ms)

    def refusal_of(self, error: Exception, component: Component) -> Refusal | None:
        """Turn an error that a running function raised into a refusal."""
        kind, name = component.kind, component.name
        if isinstance(error, PermissionDenied):
            return Refusal("denied", error.message or wording.denied(kind, name))
        if isinstance(error, NobodyToAsk):
            return Refusal("unavailable", wording.nobody_to_ask(kind, name))
        if isinstance(error, AuthorizationUnavailable):
            return Refusal("unavailable", wording.unavailable(kind, name), retry_after=error.retry_after)
        if isinstance(error, InsufficientScopeError):
            message = error.message or wording.needs_scopes(kind, name, error.scopes)
            return self._challenge(message, error.scopes)
        return None

    def _refusal(self, decision: Decision) -> Refusal:
        if decision.outcome == "challenge":
            return self._challenge(decision.message, decision.scopes)
        if decision.outcome == "unauthenticated":
            www_authenticate = self.unauthenticated().www_authenticate
            return Refusal("unauthenticated", decision.message, www_authenticate)
        kind = cast(Literal["denied", "unavailable", "hidden"], decision.outcome)
        return Refusal(kind, decision.message, retry_after=decision.retry_after)

    def _challenge(self, message: str, scopes: Sequence[str]) -> Refusal:
        return Refusal(
            "challenge", message, self._challenges.insufficient_scope(scopes), challenge_as=self._step_up()
        )

    def _step_up(self) -> Literal["http", "result"]:
        if self._settings.step_up != "auto":
            return self._settings.step_up
        # OpenAI's clients read the challenge from the result; all others act on the HTTP status.
        return "result" if "openai" in request.user_agent.string.lower() else "http"


def _requirement(component: Component) -> Requirement:
    return cast(Requirement, component.requirement)
