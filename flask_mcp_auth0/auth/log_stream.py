"""The hook that an Auth0 log stream (custom webhook) is pointed at, so that a revocation is seen on delivery.

Auth0 posts tenant logs as a JSON array, as JSON lines or as single objects, each event under ``data``; the
static ``Authorization`` value of the stream's settings is all that it authenticates itself with. A change that
the Management API made is logged as ``sapi``, with method and path under ``details.request``. Deliveries come
at least once and in no certain order, which does not matter here: what is forgotten is only asked for again.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from .permissions import PermissionLookup

log = logging.getLogger("flask_mcp_auth0.auth")

_MAX_BODY = 4 * 1024 * 1024
_MAX_EVENTS = 10_000

#: More users than this in one delivery, and everybody is forgotten instead.
_MAX_USERS = 500

#: A storm of role changes (a deployment) makes everybody's permissions be asked for once in so many seconds.
_DEBOUNCE = 2.0

_API = "/api/v2/"

#: Parts of the Management API that say nothing about who holds which permission.
_IRRELEVANT = frozenset(
    {
        *("actions", "anomaly", "attack-protection", "blacklists", "branding", "client-grants", "clients"),
        *(
            "custom-domains",
            "device-credentials",
            "email-templates",
            "emails",
            "event-streams",
            "flows",
            "forms",
        ),
        *("grants", "guardian", "hooks", "jobs", "keys", "log-streams", "logs", "network-acls", "prompts"),
        *(
            "refresh-tokens",
            "rules",
            "rules-configs",
            "self-service-profiles",
            "sessions",
            "stats",
            "tenants",
        ),
        *("tickets", "token-exchange-profiles", "user-attribute-profiles", "user-blocks"),
    }
)


@dataclass
class _Forgotten:
    """What a delivery makes us forget."""

    everybody: bool = False
    users: set[str] = field(default_factory=set)

    def add(self, event: Any) -> None:
        """Take account of one event; whatever could be a change and is not understood concerns everybody."""
        kind = event.get("type") if isinstance(event, Mapping) else None
        if not isinstance(kind, str):
            self.everybody = True
        elif kind == "sapi":
            self._add_change(event)
        elif kind == "sdu" or kind.startswith("organization_member_"):
            # A user was deleted, or joined or left an organisation; here the event's user is the one concerned.
            self._add_users([event.get("user_id")])
        elif kind == "sscim":
            self.everybody = True  # groups may have changed, and with them roles
        if len(self.users) > _MAX_USERS:
            self.everybody = True

    def _add_change(self, event: Mapping[str, Any]) -> None:
        # `user_id` is the administrator here: whom a change concerns is told by its path.
        details = event.get("details")
        called = details.get("request") if isinstance(details, Mapping) else None
        if not isinstance(called, Mapping) or not isinstance(called.get("path"), str):
            self.everybody = True
            return
        if str(called.get("method")).lower() == "get":
            return
        path = called["path"].partition("?")[0]
        if not path.startswith(_API):
            self.everybody = True
            return
        match [unquote(part) for part in path.removeprefix(_API).rstrip("/").split("/")]:
            case ["users"]:
                pass  # a new user: nothing is kept of them
            case ["users", user, *_]:
                self._add_users([user])
            case ["organizations", _, "members", user, "roles"]:
                self._add_users([user])
            case ["organizations", _, "members"]:
                body = called.get("body")
                self._add_users(body.get("members") if isinstance(body, Mapping) else None)
            case ["organizations", _, "invitations" | "enabled_connections" | "discovery-domains", *_]:
                pass
            case [part, *_] if part in _IRRELEVANT:
                pass
            case _:  # roles, resource servers, groups, organisations, and what Auth0 may add one day
                self.everybody = True

    def _add_users(self, users: Any) -> None:
        if isinstance(users, list) and users and all(isinstance(user, str) and user for user in users):
            self.users.update(users)
        else:
            self.everybody = True


class LogStream:
    """Answers ``POST …/auth0-log-stream``. It keeps nothing of a delivery, so it is safe to share between threads.

    :param token: what the stream's settings call the authorization token; taken as it is, and as the token of
        ``Authorization: Bearer …``.
    :param lookup: what forgets.
    """

    def __init__(self, token: str, lookup: PermissionLookup) -> None:
        self._accepted = (token.encode(), b"Bearer " + token.encode())
        self._lookup = lookup

    def view(self) -> Response:
        """Take one delivery in.

        :return: 204; 401 without the token; 400 or 413 for a body that cannot be read, after forgetting
            everybody; 503 if the cache does not take it, so that Auth0 delivers again.
        """
        if not self._is_authentic(request.headers.get("Authorization", "")):
            refused = jsonify(error="unauthorized", error_description="The log stream's token is not this.")
            refused.headers["WWW-Authenticate"] = "Bearer"
            refused.status_code = 401
            return refused
        forgotten = _Forgotten()
        status = 204
        try:
            request.max_content_length = _MAX_BODY
            for count, event in enumerate(_events(request.get_data(cache=False))):
                if count >= _MAX_EVENTS:
                    raise RequestEntityTooLarge
                forgotten.add(event)
        except RequestEntityTooLarge:
            forgotten.everybody, status = True, 413
        except (ValueError, RecursionError):
            forgotten.everybody, status = True, 400
        if not self._forget(forgotten):
            status = 503
        if status != 204:
            log.warning("A delivery of the Auth0 log stream was answered %d", status)
        return Response(status=status)

    def _is_authentic(self, given: str) -> bool:
        # WSGI hands headers over as Latin-1; both comparisons are made, whatever the first one says.
        value = given.encode("latin-1", "replace")
        alone, as_bearer = (hmac.compare_digest(value, accepted) for accepted in self._accepted)
        return alone or as_bearer

    def _forget(self, forgotten: _Forgotten) -> bool:
        if forgotten.everybody:
            log.info("Permissions changed in Auth0: what is kept of everybody's is forgotten")
            return self._lookup.forget(within=_DEBOUNCE)
        if forgotten.users:
            log.info(
                "Permissions changed in Auth0: what is kept of %d users' is forgotten", len(forgotten.users)
            )
        taken = [self._lookup.forget(user) for user in forgotten.users]
        return all(taken)


def _events(body: bytes) -> Iterator[Any]:
    """Yield the events of a body in any of the three formats that a stream can be set to.

    :raises ValueError: if it is none of them.
    """
    text = body.decode()
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _unwrapped(json.loads(line) for line in text.splitlines() if line.strip())
        return
    if isinstance(whole, Mapping) and isinstance(whole.get("logs"), list):
        whole = whole["logs"]
    yield from _unwrapped(whole if isinstance(whole, list) else [whole])


def _unwrapped(records: Iterable[Any]) -> Iterator[Any]:
    for record in records:
        yield record["data"] if isinstance(record, Mapping) and "data" in record else record
