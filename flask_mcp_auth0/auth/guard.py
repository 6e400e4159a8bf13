"""The door of the MCP endpoint: nothing passes without a verified token, or a reason to need none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from flask import Flask, Request, Response, current_app, request

from ..errors import AuthorizationUnavailable
from ..settings import Settings
from ..signals import token_rejected
from .auth_info import AuthInfo, set_auth_info
from .challenge import Challenges
from .covered_path import CoveredPaths
from .dpop import ProofVerifier
from .origin import OriginPolicy, is_preflight
from .refusals import refusal, unavailable
from .token_errors import BoundToken, ProofError, TokenError, TokenInvalid, TokenMissing
from .tokens import TokenVerifier

log = logging.getLogger("flask_mcp_auth0.auth")

Predicate = Callable[[Request], bool]

_COVERED = "_mcp_covered"


def _never(_: Request) -> bool:
    return False


class Watcher(Protocol):
    """Takes note of requests around the guard; it decides nothing."""

    def begin(self) -> None:
        """A request has come."""
        ...

    def guarded(self) -> None:
        """The guard has let it in, or refused it."""
        ...

    def answered(self, response: Response) -> Response:
        """It is about to be answered; return the answer."""
        ...


class Guard:
    """Verifies the token of every request under the MCP path, in whatever spelling, and keeps who sent it.

    Register it for the whole app and before everything else, so that no view, no error page and no redirect
    is reached around it. It holds nothing of a request, so it is safe to share between threads.

    :param exempt: requests that need no token: health, the log-stream hook, the page for people. CORS
        preflights are answered here and need not be named.
    :param anonymous: requests that may come without a token, where that is switched on; one that carries a
        token is checked all the same.
    :param owns: requests that are routed to a view of ours wherever it is mounted; they are guarded even
        where their path is not the configured one.
    :param proofs: checks DPoP proofs; needed where ``AUTH0_DPOP`` is not ``off``.
    """

    def __init__(
        self,
        settings: Settings,
        verifier: TokenVerifier,
        challenges: Challenges,
        origins: OriginPolicy,
        *,
        exempt: Predicate = _never,
        anonymous: Predicate = _never,
        owns: Predicate = _never,
        proofs: ProofVerifier | None = None,
    ) -> None:
        self._paths = CoveredPaths(settings.mcp_path)
        self._verifier = verifier
        self._challenges = challenges
        self._origins = origins
        self._exempt = exempt
        self._anonymous = anonymous
        self._owns = owns
        self._dpop = settings.dpop
        if settings.dpop != "off" and proofs is None:
            raise ValueError("AUTH0_DPOP needs a verifier of proofs")
        self._proofs = proofs

    def init_app(self, app: Flask, watcher: Watcher | None = None) -> None:
        """Put the guard before every other ``before_request`` function of ``app``.

        :param watcher: takes note of every request of the app, on both sides of the guard.
        """
        before: Callable[[], Response | None] = self.before_request
        after: Callable[[Response], Response] = self.after_request
        if watcher is not None:
            before, after = self._watched(watcher)
        app.before_request_funcs.setdefault(None, []).insert(0, before)
        app.after_request(after)

    def _watched(
        self, watcher: Watcher
    ) -> tuple[Callable[[], Response | None], Callable[[Response], Response]]:
        """Return one function for each side: Flask spends more on calling one than most of these do."""

        def before_request() -> Response | None:
            watcher.begin()
            refused = self.before_request()
            watcher.guarded()
            return refused

        def after_request(response: Response) -> Response:
            return self.after_request(watcher.answered(response))

        return before_request, after_request

    def covers(self, request: Request) -> bool:
        """Tell whether a request is one that the guard decides about."""
        # Asked again for the answer; other pages of the app should not pay twice. It is kept with the request
        # and not in its environment, which an app that hands a request on to another one copies.
        guard, known = request.__dict__.get(_COVERED, (None, False))
        if guard is not self:
            known = request.path in self._paths or self._owns(request)
            request.__dict__[_COVERED] = self, known
        return bool(known)

    def before_request(self) -> Response | None:
        """Refuse the current request, or let it pass and keep its :class:`AuthInfo`."""
        current = request._get_current_object()  # type: ignore[attr-defined]
        if not self.covers(current):
            return None
        refused = self._origins.refusal_of(current)
        if refused is not None:
            _log(logging.INFO, 403, "origin_not_allowed", "")
            return refused
        if is_preflight(current):
            return self._origins.preflight(current)
        if self._exempt(current):
            return None
        try:
            info = self._caller(current)
        except TokenError as error:
            return self.refuse(error)
        except AuthorizationUnavailable as error:
            _log(logging.WARNING, 503, "temporarily_unavailable", error.reason)
            return unavailable(error)
        set_auth_info(info)
        return None

    def after_request(self, response: Response) -> Response:
        """Let pages of allowed origins read the answers, refusals included; hand out the DPoP nonce."""
        if self.covers(request):
            self._origins.add_headers(request, response)
            if self._proofs is not None and (nonce := self._proofs.current_nonce()) is not None:
                response.headers.setdefault("DPoP-Nonce", nonce)
        return response

    def refuse(self, error: TokenError) -> Response:
        """Return the 401 for ``error``, log it and tell those who listen for it."""
        _log(logging.INFO, 401, error.error, error.description)
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        token_rejected.send(app, error=error.error, description=error.description)
        response = refusal(401, error.error, error.description, challenges=self._challenges.of(error))
        if isinstance(error, ProofError) and error.nonce is not None:
            response.headers["DPoP-Nonce"] = error.nonce
        return response

    def _caller(self, current: Request) -> AuthInfo | None:
        header = current.headers.get("Authorization")
        if header is None:
            if self._anonymous(current):
                return None
            raise TokenMissing
        scheme, token = read_authorization(header)
        if scheme == "dpop":
            if self._proofs is None:
                raise TokenInvalid("DPoP is not used here. Send the access token as a Bearer token.")
            info = self._verifier.examine(token)
            self._proofs.check(current, token, info.user.claims.get("cnf"))
            return info
        if self._dpop == "required":
            raise BoundToken("Access tokens must be bound to a key of the client (DPoP).")
        return self._verifier.verify(token)


def read_authorization(header: str) -> tuple[str, str]:
    """Return the scheme, lower case, and the token of an ``Authorization`` header (RFC 9110 §11.6.2).

    :raises TokenMissing: if it is of another scheme than ``Bearer`` and ``DPoP``, or empty.
    :raises TokenInvalid: if there is no token in it, or there are several headers (WSGI joins them).
    """
    scheme, _, token = header.strip(" \t").partition(" ")
    scheme = scheme.lower()
    if scheme not in ("bearer", "dpop"):
        raise TokenMissing
    if "," in token:
        raise TokenInvalid("There is more than one Authorization header. Send exactly one.")
    token = token.strip(" ")
    if not token:
        raise TokenInvalid("The Authorization header holds no token.")
    return scheme, token


def _log(level: int, status: int, error: str, reason: str) -> None:
    # One line, whatever the request says: ascii() leaves no control character and no line end.
    log.log(
        level,
        "%s %s answered %d %s: %s",
        ascii(request.method)[1:17],
        ascii(request.path)[:120],
        status,
        error,
        reason,
    )
