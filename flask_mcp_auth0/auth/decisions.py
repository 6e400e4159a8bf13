"""May this caller use this component? Requirement and caller in, one decision out."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..errors import AuthorizationUnavailable, InsufficientScopeError, PermissionDenied
from ..settings import Settings
from . import wording
from .auth_info import AuthInfo
from .holdings import Holdings
from .judgement import Judge, Refused
from .permissions import NobodyToAsk, PermissionLookup
from .reports import report, sanitized
from .requirement import Requirement

log = logging.getLogger("flask_mcp_auth0.auth")

Outcome = Literal["granted", "denied", "unavailable", "challenge", "hidden", "unauthenticated"]

_NOBODY = "no client credentials are configured"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a caller may use a component, and what to answer if not.

    :param outcome: ``granted``; ``denied`` (only an administrator can change that); ``unavailable`` (nobody
        could be asked); ``challenge`` (the client can ask for more scopes); ``hidden`` (answer as if there
        were no such component); ``unauthenticated`` (a token is needed).
    :param reason: one word or phrase for logs and signals.
    :param message: the text for the caller; empty where there is nothing to say.
    :param scopes: of a challenge: every scope that is needed, those that the token has included.
    :param retry_after: seconds after which another try makes sense, if known.
    """

    outcome: Outcome
    reason: str
    message: str = ""
    scopes: tuple[str, ...] = ()
    retry_after: int | None = None

    @property
    def granted(self) -> bool:
        """Whether the component may be used."""
        return self.outcome == "granted"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Which components of a list the caller may see.

    :param flags: one a component, in the order asked.
    :param uniform: whether every caller would get the same.
    :param ttl_ms: how long that holds, in milliseconds; 0 if nobody could be asked about some of it.
    """

    flags: tuple[bool, ...]
    uniform: bool
    ttl_ms: int


class DecisionObserver(Protocol):
    """Told of every decision, as the signal ``access_decided`` tells of it."""

    def __call__(
        self, outcome: str, reason: str, auth_info: AuthInfo | None, kind: str, name: str, seconds: float
    ) -> None:
        """Take note; must not raise."""
        ...


class Decider:
    """Decides for one app. Safe to share between threads.

    :param settings: ``AUTH0_REQUIRE``, ``AUTH0_PROTECT`` and the like.
    :param lookup: which permissions there are, and who holds them.
    :param clock: Unix time in seconds.
    :ivar observe: told of every decision besides the log and the signals; set once, while the app is set up.
    """

    observe: DecisionObserver | None = None

    def __init__(
        self, settings: Settings, lookup: PermissionLookup, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.lookup = lookup
        self._clock = clock
        self._judgement = Judge(settings)

    def decide(
        self,
        auth_info: AuthInfo | None,
        kind: str,
        name: str,
        requirement: Requirement,
        arguments: Callable[[], Mapping[str, Any]],
    ) -> Decision:
        """Decide about one use of one component, tell the log and send the signal.

        :param auth_info: the caller, ``None`` for one without a token.
        :param kind: ``tool``, ``resource`` or ``prompt``.
        :param arguments: returns them for the requirement's conditions, as the function will get them. It is
            called only for a caller who holds everything else, so that what it says of arguments that do not
            fit is for no other; what it raises leaves this function.
        """
        started = time.perf_counter()
        known = Holdings(auth_info, self.settings, self.lookup)
        if auth_info is None:
            decision = self._without_token(known, kind, name, requirement)
        else:
            decision = self._judge(known, kind, name, requirement)
            if decision.granted and requirement.conditions:
                try:
                    fitting = arguments()
                except Exception:
                    seconds = time.perf_counter() - started
                    self._tell("denied", "the arguments do not fit", auth_info, kind, name, seconds)
                    raise
                decision = self._ask_conditions(auth_info, kind, name, requirement, fitting)
            elif self._is_concealed(decision):
                decision = Decision("hidden", decision.reason)
        self._tell(decision.outcome, decision.reason, auth_info, kind, name, time.perf_counter() - started)
        return decision

    def decide_unknown(self, auth_info: AuthInfo | None, kind: str, name: str) -> Decision:
        """Decide about a name that nothing is registered under, as long-windedly as about a concealed one.

        With ``MCP_TOOL_LISTING = "conceal"`` neither the answer nor its timing may tell the two apart, so the
        same look-ups are made, and an outage is answered as an outage. Otherwise nothing is looked up.
        """
        if self.settings.tool_listing == "conceal" and auth_info is not None:
            known = Holdings(auth_info, self.settings, self.lookup)
            decision = self._judge(known, kind, name, Requirement(protected=True))
            if decision.outcome == "unavailable" and not self._is_concealed(decision):
                return decision
        return Decision("hidden", "unknown")

    def visible(
        self, auth_info: AuthInfo | None, components: Iterable[tuple[str, str, Requirement]]
    ) -> Visibility:
        """Decide which components a list shows, as ``MCP_TOOL_LISTING`` says.

        What lacks nothing but scopes that the client could still ask for is shown. While Auth0 cannot be
        asked and nothing is kept, what asks for no permission of its own is shown, for no time at all.

        :param components: kind, name and requirement of each.
        """
        listing, wanted = self.settings.tool_listing, list(components)
        known = Holdings(auth_info, self.settings, self.lookup)
        flags: list[bool] = []
        asked_in_vain = False
        for kind, name, requirement in wanted:
            if auth_info is None:
                decision = self._without_token(known, kind, name, requirement)
            elif listing == "all" or self._judgement.is_open(known, requirement, f"{kind}:{name}"):
                flags.append(True)
                continue
            else:
                decision = self._judge(known, kind, name, requirement)
            flag = decision.outcome in ("granted", "challenge")
            if decision.outcome == "unavailable" and decision.reason != _NOBODY:
                asked_in_vain = True
                flag = not requirement.protected and listing != "conceal"
            flags.append(flag)
        uniform = not known.personal and not (
            self.settings.anonymous and not all(requirement.anonymous for _, _, requirement in wanted)
        )
        return Visibility(tuple(flags), uniform, 0 if asked_in_vain else self._ttl_ms(known, auth_info))

    def require(self, auth_info: AuthInfo, requirement: Requirement) -> None:
        """Ask a running function's own requirement of its caller.

        :raises PermissionDenied: if the caller lacks a permission.
        :raises InsufficientScopeError: if the token lacks scopes that its client could still ask for.
        :raises AuthorizationUnavailable: if nobody could be asked.
        """
        started = time.perf_counter()

        def tell(outcome: str, reason: str) -> None:
            self._tell(outcome, reason, auth_info, kind, name, time.perf_counter() - started)

        known = Holdings(auth_info, self.settings, self.lookup)
        names = requirement.permissions or requirement.scopes
        kind, name = "permission" if requirement.permissions else "scope", " ".join(names)
        try:
            self._judgement.judge(known, requirement, None)
        except Refused as refused:
            tell(refused.outcome, refused.reason)
            if refused.outcome == "challenge":
                raise InsufficientScopeError(refused.scopes) from None
            raise PermissionDenied from None
        except AuthorizationUnavailable as error:
            tell("unavailable", error.reason)
            raise
        tell("granted", kind)

    def _tell(
        self, outcome: str, reason: str, auth_info: AuthInfo | None, kind: str, name: str, seconds: float
    ) -> None:
        report(outcome, reason, auth_info, kind, name, seconds)
        if self.observe is not None:
            self.observe(outcome, reason, auth_info, kind, name, seconds)

    def _judge(self, known: Holdings, kind: str, name: str, requirement: Requirement) -> Decision:
        """Decide about everything but conditions, which are of the arguments."""
        try:
            reason = self._judgement.judge(known, requirement, f"{kind}:{name}")
        except Refused as refused:
            return _refused(kind, name, refused)
        except NobodyToAsk:
            return Decision("unavailable", _NOBODY, wording.nobody_to_ask(kind, name))
        except AuthorizationUnavailable as error:
            return _unavailable(kind, name, error)
        return Decision("granted", reason)

    def _is_concealed(self, decision: Decision) -> bool:
        """Tell whether a component is answered as unknown; an outage is not, nor is it for unknown names."""
        lasting = decision.outcome == "denied" or decision.reason == _NOBODY
        return lasting and self.settings.tool_listing == "conceal"

    def _without_token(self, known: Holdings, kind: str, name: str, requirement: Requirement) -> Decision:
        refused = Decision("unauthenticated", "a token is needed", wording.unauthenticated(kind, name))
        open_to_all = requirement.anonymous and not (
            requirement.protected or requirement.scopes or requirement.conditions
        )
        if not self.settings.anonymous or not open_to_all:
            return refused
        # The administrator's word counts here too: whoever has no token holds no permission.
        decision = self._judge(known, kind, name, requirement)
        return refused if decision.outcome in ("denied", "challenge") else decision

    def _ask_conditions(
        self,
        auth_info: AuthInfo,
        kind: str,
        name: str,
        requirement: Requirement,
        arguments: Mapping[str, Any],
    ) -> Decision:
        for condition in requirement.conditions:
            message = wording.denied(kind, name)
            try:
                answer: Any = condition(auth_info, arguments)
                if inspect.iscoroutine(answer):
                    answer.close()
                # Whatever has yet to be awaited, iterated or looked at counts as true to Python.
                if not isinstance(answer, bool):
                    raise TypeError(f"a condition must return True or False, not {type(answer).__name__}")
            except PermissionDenied as error:
                return Decision("denied", "a condition refused", error.message or message)
            except InsufficientScopeError as error:
                return _refused(kind, name, Refused("challenge", "a condition needs a scope", error.scopes))
            except AuthorizationUnavailable as error:
                return _unavailable(kind, name, error)
            except Exception:
                log.exception("A condition of %s %r failed, so the call is refused", kind, sanitized(name))
                return Decision("denied", "a condition failed", message)
            if not answer:
                return Decision("denied", "a condition is not met", message)
        return Decision("granted", "conditions")

    def _ttl_ms(self, known: Holdings, auth_info: AuthInfo | None) -> int:
        settings = self.settings
        seconds: float = settings.api_scopes_ttl
        if known.personal and not known.by_token and settings.require != "scope":
            seconds = min(seconds, settings.permissions_ttl)
        if auth_info is not None:
            seconds = min(seconds, max(0.0, auth_info.expires_at - self._clock()))
        return int(seconds * 1000)


def _refused(kind: str, name: str, refused: Refused) -> Decision:
    if refused.outcome == "challenge":
        message = wording.needs_scopes(kind, name, refused.scopes)
    else:
        message = wording.denied(kind, name)
    return Decision(refused.outcome, refused.reason, message, refused.scopes)


def _unavailable(kind: str, name: str, error: AuthorizationUnavailable) -> Decision:
    message = wording.unavailable(kind, name)
    return Decision("unavailable", error.reason, message, retry_after=error.retry_after)
