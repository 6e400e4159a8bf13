"""Asking a user's own device for approval (OpenID Connect CIBA 1.0)."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Auth0APIError, AuthorizationUnavailable
from .access_token import AccessToken
from .errors import Wanted, refused, unreachable
from .token_endpoint import TokenEndpoint

GRANT_TYPE = "urn:openid:params:grant-type:ciba"

#: What Auth0 shows on the device: letters, digits, spaces and a few marks, 64 at most.
_BINDING_MESSAGE = re.compile(r"[A-Za-z0-9 +\-_.,:#]{1,64}")

_DEFAULT_INTERVAL = 5.0
_SLOWER = 5.0
_LONGEST_INTERVAL = 60.0
_DEFAULT_EXPIRY = 300.0
_LONGEST_EXPIRY = 259_200
#: How long the caller's disappearance may go unnoticed, in seconds.
_GLANCE = 1.0

_CALL = "backchannel_login()"


@dataclass(frozen=True, slots=True)
class Ticker:
    """Time as the polling sees it.

    :param monotonic: seconds that never run backwards.
    :param wait: waits for that many seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    wait: Callable[[float], Any] = lambda seconds: threading.Event().wait(seconds)


def check_binding_message(message: str) -> str:
    """Return ``message`` if Auth0 can show it.

    It is refused rather than changed: what the user reads must be what was meant.

    :raises ValueError: if it is empty, too long, or holds a character that Auth0 does not take.
    """
    if not _BINDING_MESSAGE.fullmatch(message):
        raise ValueError(
            "the message that a user approves has 1 to 64 characters: letters A to Z, digits, spaces and "
            "+ - _ . , : #"
        )
    return message


class Backchannel:
    """Starts a backchannel login and polls for its outcome.

    :param tokens: the token endpoint, and how this application authenticates.
    :param authorize_url: returns the URL of ``/bc-authorize``.
    :param issuer: returns the issuer, which the login hint names.
    :param ticker: the time.
    """

    def __init__(
        self,
        tokens: TokenEndpoint,
        authorize_url: Callable[[], str],
        issuer: Callable[[], str],
        *,
        keys: str,
        ticker: Ticker,
    ) -> None:
        self._tokens = tokens
        self._authorize_url = authorize_url
        self._issuer = issuer
        self._keys = keys
        self._ticker = ticker

    def login(
        self,
        user_id: str,
        binding_message: str,
        *,
        scope: str,
        audience: str | None,
        requested_expiry: int | None,
        authorization_details: Sequence[Mapping[str, Any]] | None,
        timeout: float,
        should_stop: Callable[[], bool],
    ) -> AccessToken:
        """Ask the user, and wait for the answer. See :meth:`Auth0Client.backchannel_login`."""
        ticker = self._ticker
        wanted = Wanted(_CALL, audience=audience, keys=self._keys)
        try:
            url, issuer = self._authorize_url(), self._issuer()
        except AuthorizationUnavailable as error:
            raise unreachable(wanted, error.reason, error.retry_after) from error
        hint = {"format": "iss_sub", "iss": issuer, "sub": user_id}
        details = json.dumps(list(authorization_details)) if authorization_details else None
        answer = self._tokens.post(
            wanted,
            url,
            {
                "scope": scope,
                "audience": audience,
                "login_hint": json.dumps(hint),
                "binding_message": check_binding_message(binding_message),
                "requested_expiry": str(requested_expiry) if requested_expiry else None,
                "authorization_details": details,
            },
        )
        request_id = answer.body.get("auth_req_id")
        if answer.status != 200 or not isinstance(request_id, str) or not request_id:
            raise refused(wanted, answer.status, answer.body, answer.retry_after)
        expiry = _seconds(answer.body.get("expires_in"), _DEFAULT_EXPIRY, _LONGEST_EXPIRY)
        interval = _seconds(answer.body.get("interval"), _DEFAULT_INTERVAL, _LONGEST_INTERVAL)
        deadline = ticker.monotonic() + min(expiry, timeout)
        return self._poll(wanted, request_id, user_id, interval, deadline, should_stop)

    def _poll(
        self,
        wanted: Wanted,
        request_id: str,
        user_id: str,
        interval: float,
        deadline: float,
        should_stop: Callable[[], bool],
    ) -> AccessToken:
        while True:
            self._pause(interval, deadline, should_stop)
            now = time.time()
            try:
                answer = self._tokens.ask(wanted, GRANT_TYPE, {"auth_req_id": request_id})
            except Auth0APIError:
                # Core 1.0 §10.2: after a lost answer, ask less often.
                interval = min(interval * 2, _LONGEST_INTERVAL)
                continue
            error = answer.body.get("error")
            if answer.status == 200:
                token = AccessToken.from_answer(answer.body, now)
                if token is None:
                    raise Auth0APIError(f"{_CALL} was answered by Auth0 without a token.", status_code=200)
                _check_subject(answer.body.get("id_token"), user_id)
                return token
            if error == "slow_down" or answer.status == 429:
                slower = max(interval + _SLOWER, answer.retry_after or 0)
                interval = min(slower, _LONGEST_INTERVAL)
            elif answer.status >= 500:
                interval = min(interval * 2, _LONGEST_INTERVAL)
            elif error != "authorization_pending":
                raise refused(wanted, answer.status, answer.body, answer.retry_after)

    def _pause(self, seconds: float, deadline: float, should_stop: Callable[[], bool]) -> None:
        ticker = self._ticker
        until = ticker.monotonic() + seconds
        while True:
            if should_stop():
                raise Auth0APIError(f"{_CALL} was given up: its caller went away.", error="request_cancelled")
            now = ticker.monotonic()
            if now >= deadline:
                raise Auth0APIError(f"{_CALL} was not answered by the user in time.", error="expired_token")
            if now >= until:
                return
            ticker.wait(min(_GLANCE, until - now, deadline - now))


def _check_subject(id_token: Any, user_id: str) -> None:
    """Refuse an approval by somebody else.

    The ID token came from the token endpoint over TLS, so it is read without its signature (OpenID Connect
    Core §3.1.3.7, item 6).
    """
    if id_token is None:
        return
    try:
        payload = id_token.split(".")[1]
        subject = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        subject = None
    if subject != user_id:
        raise Auth0APIError(
            f"{_CALL} was answered for another user than the one asked.", error="access_denied"
        )


def _seconds(value: Any, default: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return default
    return float(min(value, most))
