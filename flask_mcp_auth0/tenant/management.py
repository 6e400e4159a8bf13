"""The Management API as the commands use it: plain JSON, at a pace, and every failure a sentence.

Plain JSON, since the commands read settings that the SDK has no model of, and write only what they name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ..errors import Auth0APIError, ConfigurationError
from ..outbound import OutboundError
from .http import TenantHTTP
from .pace import Pace
from .tokens import scopes_of

_PAGE = 100
#: A tenant may hold more; the commands then work on the first thousand.
_MOST_PAGES = 10
_TRIES = 3
_EXPECTED = re.compile(r"expected any of: ([\w:, ]+)")


class ManagementProblem(Exception):
    """The Management API did not do what it was asked to; the text is for people.

    :param reason: one sentence without a secret in it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NoCredentials(ManagementProblem):
    """None are configured."""


class WrongCredentials(ManagementProblem):
    """Auth0 gives no token for those that are configured."""


class MissingScope(ManagementProblem):
    """The application's grant lacks a scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"the application's grant for the Management API lacks {scope}")


class NotFound(ManagementProblem):
    """404: there is no such thing, or no such endpoint on this tenant."""


class Conflict(ManagementProblem):
    """409: there is such a thing already."""


class Busy(ManagementProblem):
    """The rate limit stayed reached."""


class Unreachable(ManagementProblem):
    """No answer."""


class Refused(ManagementProblem):
    """Any other refusal."""


class ManagementAPI:
    """Asks the Management API. For one thread, and outside of requests: it sleeps.

    :param base_url: ``https://tenant/api/v2``.
    :param token: returns the access token.
    :param pace: when to ask.
    :param http: what carries the requests.
    """

    def __init__(
        self, base_url: str, token: Callable[[], str], pace: Pace, http: TenantHTTP | None = None
    ) -> None:
        self._base_url = base_url
        self._token = token
        self._pace = pace
        self._http = http or TenantHTTP(read_timeout=15.0)
        self._failed: ManagementProblem | None = None
        self._scopes: frozenset[str] | None = None
        self._access_token: str | None = None
        #: When the token came, Unix time in seconds.
        self.asked_at: float | None = None

    def access_token(self) -> str:
        """Return the token; asked for once, and so is its failure.

        :raises ManagementProblem: if Auth0 gives none.
        """
        if self._failed is not None:
            raise self._failed
        if self._access_token is None:
            try:
                self._access_token = self._token()
                self.asked_at = self._pace.clock()
            except ConfigurationError as error:
                self._failed = NoCredentials(str(error))
            except Auth0APIError as error:
                self._failed = _no_token(error)
            if self._access_token is None:
                assert self._failed is not None
                raise self._failed
        return self._access_token

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the application's grant allows, as the token says; ``None`` if it cannot be read.

        :raises ManagementProblem: if there is no token.
        """
        if self._scopes is None:
            self._scopes = scopes_of(self.access_token())
        return self._scopes

    def need(self, *any_of: str) -> None:
        """Check before asking that the grant has one of these scopes.

        :raises MissingScope: naming the first, if it has none.
        """
        granted = self.scopes
        if any_of and granted is not None and not granted & set(any_of):
            raise MissingScope(any_of[0])

    def get(self, path: str, *scopes: str, **query: Any) -> Any:
        """GET; ``scopes`` are those of which one is needed, as in every method here.

        :raises ManagementProblem: as the class of it says.
        """
        self.need(*scopes)
        return self._ask("GET", path, params=_plain(query))

    def post(self, path: str, *scopes: str, body: Any) -> Any:
        """POST a JSON body."""
        self.need(*scopes)
        return self._ask("POST", path, json=body)

    def patch(self, path: str, *scopes: str, body: Any) -> Any:
        """PATCH with a JSON body."""
        self.need(*scopes)
        return self._ask("PATCH", path, json=body)

    def delete(self, path: str, *scopes: str) -> None:
        """DELETE."""
        self.need(*scopes)
        self._ask("DELETE", path)

    def items(self, path: str, name: str, *scopes: str, **query: Any) -> list[dict[str, Any]]:
        """Return a list that is paged by number, whole.

        :param name: what the list is called in the answer.
        """
        found: list[dict[str, Any]] = []
        for page in range(_MOST_PAGES):
            answer = self.get(path, *scopes, per_page=_PAGE, page=page, include_totals=True, **query)
            part = answer.get(name) if isinstance(answer, dict) else answer
            if not isinstance(part, list):
                raise Refused(f"{path} was answered without a list")
            found += [item for item in part if isinstance(item, dict)]
            total = answer.get("total") if isinstance(answer, dict) else None
            if len(part) < _PAGE or (isinstance(total, int) and len(found) >= total):
                break
        return found

    def items_by_cursor(self, path: str, name: str, *scopes: str, **query: Any) -> list[dict[str, Any]]:
        """Return a list that is paged by cursor, whole."""
        found: list[dict[str, Any]] = []
        start: str | None = None
        for _ in range(_MOST_PAGES):
            answer = self.get(path, *scopes, take=_PAGE, **query, **({"from": start} if start else {}))
            part = answer.get(name) if isinstance(answer, dict) else answer
            if not isinstance(part, list):
                raise Refused(f"{path} was answered without a list")
            found += [item for item in part if isinstance(item, dict)]
            start = answer.get("next") if isinstance(answer, dict) else None
            if not isinstance(start, str) or not start:
                break
        return found

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        token = self.access_token()
        url = f"{self._base_url}/{path}"
        name = f"{method} {path.split('/')[0]}"
        for _ in range(_TRIES):
            self._pace.wait()
            try:
                status, body, headers = self._http.request(
                    method, url, headers={"Authorization": f"Bearer {token}"}, **how
                )
            except OutboundError as error:
                raise Unreachable(error.reason) from None
            self._pace.heard(status, headers)
            if status != 429:
                return _result(name, status, body)
        raise Busy(f"Auth0's rate limit was reached and stayed so ({name}); run it again in a minute")


def segment(value: str) -> str:
    """Return ``value`` as one segment of a path: an API's identifier is a URL."""
    return quote(value, safe="")


def _result(name: str, status: int, body: Any) -> Any:
    if 200 <= status < 300:
        return body
    message = str(body.get("message") or "")[:300] if isinstance(body, dict) else ""
    said = "".join(char for char in message if char.isprintable())
    if status == 403 and (expected := _EXPECTED.search(said)):
        raise MissingScope(expected[1].split(",")[0].strip())
    text = f"{name} was answered {status}" + (f": {said}" if said else "")
    if status == 401:
        raise WrongCredentials(f"{text}. Check AUTH0_MANAGEMENT_DOMAIN and AUTH0_MANAGEMENT_AUDIENCE")
    if status == 404:
        raise NotFound(text)
    raise (Conflict if status == 409 else Refused)(text)


def _no_token(error: Auth0APIError) -> ManagementProblem:
    if error.status_code is None or error.status_code >= 500:
        return Unreachable(str(error))
    if error.status_code == 429:
        return Busy("Auth0's rate limit was reached when a token was asked for; run it again in a minute")
    return WrongCredentials(str(error))


def _plain(query: Mapping[str, Any]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name, value in query.items():
        plain[name] = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return plain
