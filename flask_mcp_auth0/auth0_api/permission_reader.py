"""Permissions, read from the Management API with no more calls than they need, none of which ever waits."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..auth.backoff import NotAllowed, Rejected
from ..errors import Auth0APIError, AuthorizationUnavailable, ConfigurationError
from ..pauses import time_left
from ..settings import Settings

if TYPE_CHECKING:
    from auth0.management import ManagementClient
    from auth0.management.core.request_options import RequestOptions

log = logging.getLogger("flask_mcp_auth0.auth0_api")

#: The most that the Management API gives at once.
_PAGE = 100

#: Auth0 lets a user hold 1000 permissions directly and through roles; more pages than this are not read.
_MOST_PAGES = 50

_TIMEOUT = 3.0

#: For how long an endpoint that our grant does not allow is not tried again, in seconds.
_NOT_ALLOWED_FOR = 600.0

_LONGEST_RETRY_AFTER = 3600


#: How Auth0 says that it knows no such user, member or role. A bare 404 may be a proxy's, or a wrong URL's.
_THERE_IS_NONE = re.compile(
    r"\b(user|member|role|organization)\b.*\b(not found|not exist|not a member|not belong)\b"
    r"|\bno (user|member|role|organization)\b.*\bfound\b",
    re.IGNORECASE,
)


class _Answer(Exception):
    """Auth0 answered something else than 200."""

    def __init__(self, status: int, body: Any) -> None:
        body = body if isinstance(body, Mapping) else {}
        code, message = body.get("errorCode"), body.get("message")
        self.status = status
        self.code = code[:80] if isinstance(code, str) and code.replace("_", "").isalnum() else ""
        self._message = message[:500] if isinstance(message, str) else ""
        super().__init__(f"{status} {self.code}".rstrip())

    @property
    def says_there_is_none(self) -> bool:
        """Whether Auth0 knows no such user, member or role, who has no permissions then."""
        if self.status == 404 and self.code.startswith("inexistent_"):
            return True
        return self.status in (400, 404) and _THERE_IS_NONE.search(self._message) is not None


class ManagementPermissionReader:
    """A :class:`~flask_mcp_auth0.auth.permissions.PermissionReader` on auth0-python's client.

    Effective permissions and roles (those that come through groups included) are asked for where the
    application's grant has ``read:user_effective_permissions`` and
    ``read:organization_member_effective_roles``; else what ``read:users`` and
    ``read:organization_member_roles`` give.

    Safe to share between threads: it only remembers what the grant lacks, and may at worst ask once more.

    :param client_factory: returns this process's client, as ``ManagementProvider.client_for_request`` does.
    :param settings: which API.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        client_factory: Callable[[], ManagementClient],
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client_factory
        self._api = settings.resource_server_identifier
        self._clock = clock
        self._not_allowed_until: dict[str, float] = {}
        # Nothing is retried: the SDK would sleep in the request's thread, up to a minute.
        self._options: RequestOptions = {"max_retries": 0, "timeout": _TIMEOUT}

    def api_scopes(self) -> frozenset[str]:
        """Return the permissions that are defined on the API.

        :raises AuthorizationUnavailable: if there is no answer, or no such API.
        """
        try:
            api = self._ask(
                lambda client: client.resource_servers.get(self._api, request_options=self._options)
            )
        except _Answer as answer:
            raise (self._no_such_api() if answer.status == 404 else _unavailable(answer)) from None
        return _texts("value", _items(api, "scopes") if _field(api, "scopes") is not None else [])

    def user_permissions(self, user_id: str) -> frozenset[str]:
        """Return the permissions on the API that the user holds; none if there is no such user."""
        held = self._preferred(
            "read:user_effective_permissions",
            "permissions",
            lambda client, start: client.users.effective_permissions.list(
                user_id,
                resource_server_identifier=self._api,
                from_=start,
                take=_PAGE,
                request_options=self._options,
            ),
        )
        if held is None:
            held = self._pages(
                "permissions",
                lambda client, page: client.users.permissions.list(
                    user_id, per_page=_PAGE, page=page, request_options=self._options
                ),
            )
        return self._on_our_api(held)

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        """Return the ids of the user's roles within the organisation; none if they are no member."""
        roles = self._preferred(
            "read:organization_member_effective_roles",
            "roles",
            lambda client, start: client.organizations.members.effective_roles.list(
                organization, user_id, from_=start, take=_PAGE, request_options=self._options
            ),
        )
        if roles is None:
            roles = self._pages(
                "roles",
                lambda client, page: client.organizations.members.roles.list(
                    organization, user_id, per_page=_PAGE, page=page, request_options=self._options
                ),
            )
        return _texts("id", roles)

    def role_permissions(self, role_id: str) -> frozenset[str]:
        """Return the permissions on the API that the role brings; none if there is no such role."""
        return self._on_our_api(
            self._pages(
                "permissions",
                lambda client, page: client.roles.permissions.list(
                    role_id, per_page=_PAGE, page=page, request_options=self._options
                ),
            )
        )

    def _on_our_api(self, items: list[Any]) -> frozenset[str]:
        ours = [item for item in items if _field(item, "resource_server_identifier") == self._api]
        return _texts("permission_name", ours)

    def _no_such_api(self) -> AuthorizationUnavailable:
        reason = f"the tenant has no API with the identifier {self._api!r}, which is compared exactly"
        return AuthorizationUnavailable(reason)

    def _preferred(
        self, scope: str, name: str, get: Callable[[ManagementClient, str | None], Any]
    ) -> list[Any] | None:
        """Return every item of a cursor-paged list; ``None`` if this tenant or grant does not offer it."""
        if time_left(self._not_allowed_until.get(scope, 0.0), self._clock(), _NOT_ALLOWED_FOR):
            return None
        items: list[Any] = []
        start: str | None = None
        try:
            for _ in range(_MOST_PAGES):
                page = self._ask(get, start)
                items.extend(_items(page, name))
                start = _field(page, "next")
                if not isinstance(start, str) or not start:
                    return items
        except _Answer as answer:
            if answer.code == "inexistent_resource_server":
                raise self._no_such_api() from None
            if answer.says_there_is_none:
                return []
            if answer.status not in (403, 404):
                raise _unavailable(answer) from None
            # A 404 that does not say of what may be about this user alone, so it is not remembered.
            if answer.status == 403:
                self._not_allowed_until[scope] = self._clock() + _NOT_ALLOWED_FOR
                log.info("Without the scope %s, what users have through groups is not seen", scope)
            return None
        raise _too_many()

    def _pages(self, name: str, get: Callable[[ManagementClient, int], Any]) -> list[Any]:
        """Return every item of a list that is paged by number, without the empty page that the SDK ends on."""
        items: list[Any] = []
        for number in range(_MOST_PAGES):
            try:
                page = self._ask(get, number)
            except _Answer as answer:
                if answer.says_there_is_none:
                    return []
                raise _unavailable(answer) from None
            found = _items(page, name)
            items.extend(found)
            total = _field(page, "total")
            if len(found) < _PAGE or (isinstance(total, int | float) and len(items) >= total):
                return items
        raise _too_many()

    def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Make one call and return its answer: a model of the SDK, or the JSON object that fits no model.

        :raises _Answer: for an answer about what was asked for.
        :raises AuthorizationUnavailable: for no answer, or one about us or Auth0.
        """
        try:
            answer = call(self._client(), *arguments)
            return getattr(answer, "response", answer)
        except AuthorizationUnavailable:
            raise
        except (Auth0APIError, ConfigurationError) as error:
            raise AuthorizationUnavailable(str(error), getattr(error, "retry_after", None)) from error
        except Exception as error:
            status, body = getattr(error, "status_code", None), getattr(error, "body", None)
            # The SDK's own texts show headers, and transport errors URLs: only the type is told.
            if not isinstance(status, int):
                raise AuthorizationUnavailable(f"the Management API: {type(error).__name__}") from error
            if 200 <= status < 300:
                # The SDK wants fields that we do not need, and that Auth0 may leave out.
                if isinstance(body, Mapping):
                    return body
                raise AuthorizationUnavailable(
                    "the Management API answered something else than JSON"
                ) from error
            if status == 429 or status >= 500:
                raise AuthorizationUnavailable(
                    f"the Management API answered {status}", self._retry_after(error)
                ) from error
            raise _Answer(status, body) from error

    def _retry_after(self, error: Exception) -> int | None:
        """Return the seconds that Auth0 wants to be left alone for (RFC 9110 §10.2.3, or its own header)."""
        headers = getattr(error, "headers", None)
        if not isinstance(headers, Mapping):
            return None
        said = {str(name).lower(): str(value).strip() for name, value in headers.items()}
        after, reset = said.get("retry-after", ""), said.get("x-ratelimit-reset", "")
        if after.isdecimal() and len(after) < 10:
            seconds = int(after)
        elif reset.isdecimal() and len(reset) < 12:
            seconds = math.ceil(int(reset) - self._clock())
        else:
            return None
        return min(max(1, seconds), _LONGEST_RETRY_AFTER)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _items(page: Any, name: str) -> list[Any]:
    items = _field(page, name)
    if not isinstance(items, list):
        raise AuthorizationUnavailable(f"the Management API answered without a list of {name}")
    return items


def _texts(name: str, items: list[Any]) -> frozenset[str]:
    values = (_field(item, name) for item in items)
    return frozenset(value for value in values if isinstance(value, str))


def _unavailable(answer: _Answer) -> AuthorizationUnavailable:
    reason = f"the Management API answered {answer}"
    if answer.status not in (401, 403):
        return Rejected(reason)
    reason = f"{reason}: see the application's grant for the Management API"
    # Bad credentials concern every question. A scope that the grant lacks concerns one endpoint, which a caller
    # can make us ask: any token of an organization does. Any other 403 may be about what was asked for alone.
    if answer.status == 401:
        return AuthorizationUnavailable(reason)
    return NotAllowed(reason) if answer.code == "insufficient_scope" else Rejected(reason)


def _too_many() -> AuthorizationUnavailable:
    return Rejected(f"the Management API gave more than {_MOST_PAGES} pages")
