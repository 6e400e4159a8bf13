"""What Auth0 answered, said so that whoever reads it knows the cause and the cure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Auth0APIError
from ..printable import printable_only

#: Nothing is kept for this user and connection, or the provider no longer accepts what is kept.
CONNECTION_MISSING = frozenset(
    {
        "federated_connection_refresh_token_not_found",
        "federated_connection_refresh_token_flow_failed",
        "tokenset_not_found",
        "connected_account_not_found",
    }
)

_DESCRIPTION_LENGTH = 300
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
#: Anything that could be a token: three long dotted parts, or one long word.
_TOKEN = re.compile(r"[\w=-]{16,}\.[\w=-]{16,}\.[\w=.-]*|[\w=-]{60,}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked of Auth0, for the error text.

    :param call: the function that asked.
    :param audience: the API that a token was asked for.
    :param connection: the connection whose token was asked for.
    :param keys: the settings that the credentials were read from.
    """

    call: str
    audience: str | None = None
    connection: str | None = None
    keys: str = "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET"


def unreachable(wanted: Wanted, reason: str, retry_after: int | None = None) -> Auth0APIError:
    """Return the error for a request that got no answer."""
    return Auth0APIError(
        f"{wanted.call} got no answer from Auth0: {reason}. Try again.", retry_after=retry_after
    )


def refused(wanted: Wanted, status: int, body: Mapping[str, Any], retry_after: int | None) -> Auth0APIError:
    """Return the error for an answer that is not a success (RFC 6749 §5.2), its code kept as it was.

    :param body: the JSON object that Auth0 answered, empty where it was none.
    """
    error = _code(body.get("error"))
    description = _words(body.get("error_description") or body.get("message"))
    said = " ".join(filter(None, (f"HTTP {status}", error, f"({description})" if description else "")))
    message = f"{wanted.call} was refused by Auth0: {said}. {_cure(wanted, status, error or '', description)}"
    return Auth0APIError(message.rstrip(), error=error, status_code=status, retry_after=retry_after)


def from_management_error(error: Exception, call: str = "The Auth0 Management API") -> Auth0APIError:
    """Say of an exception of auth0-python's Management client what caused it and what cures it.

    The SDK's own text shows response headers, so it is for nobody's eyes.

    :param error: an ``auth0.management.core.ApiError``, or a transport error of ``httpx``.
    :param call: what was called, for the text.
    :return: an error with Auth0's ``errorCode`` and the HTTP status.
    """
    if isinstance(error, Auth0APIError):
        return error
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return unreachable(Wanted(call), type(error).__name__)
    body = getattr(error, "body", None)
    body = body if isinstance(body, Mapping) else {}
    code = _code(body.get("errorCode")) or _code(body.get("error"))
    description = _words(body.get("message"))
    if status == 429:
        cure = "The tenant's rate limit is reached; cache what you read, and try again later."
    elif status == 403 or code == "insufficient_scope":
        cure = (
            "Grant the scope that is named there to this application in the Auth0 Dashboard under "
            "Applications > APIs > Auth0 Management API > Application Access."
        )
    elif status == 401:
        cure = "The token was refused: check AUTH0_MANAGEMENT_DOMAIN and AUTH0_MANAGEMENT_AUDIENCE."
    else:
        cure = ""
    said = " ".join(filter(None, (f"HTTP {status}", code, f"({description})" if description else "")))
    return Auth0APIError(f"{call} answered {said}. {cure}".rstrip(), error=code, status_code=status)


def _cure(wanted: Wanted, status: int, error: str, description: str) -> str:
    for matches, text in _CURES:
        if matches(status, error, description.lower()):
            return text.format(
                audience=repr(wanted.audience) if wanted.audience else "that identifier",
                connection=repr(wanted.connection) if wanted.connection else "the connection",
                keys=wanted.keys,
            )
    return ""


def _is_vault(_status: int, error: str, _text: str) -> bool:
    return error in CONNECTION_MISSING


# The first that matches is told. Auth0's codes are few and its descriptions many, so both are looked at.
_CURES: tuple[tuple[Any, str], ...] = (
    (
        lambda status, error, text: status == 429 or error == "too_many_requests",
        "The tenant's rate limit is reached. Try again later.",
    ),
    (lambda status, error, text: status >= 500, "Auth0 is in trouble. Try again later."),
    (
        _is_vault,
        "The user has not connected {connection}, or must connect it again: Auth0 holds no usable token "
        "of it. If nobody can connect it, enable it for Token Vault in the Dashboard under "
        "Authentication > Social.",
    ),
    (
        lambda status, error, text: "service not enabled" in text or "service not found" in text,
        "The tenant has no API with the identifier {audience}: see the Dashboard under Applications > APIs. "
        "Identifiers are compared exactly, a trailing slash included.",
    ),
    (
        lambda status, error, text: "not authorized to access" in text,
        "Authorize this application for the API {audience} in the Dashboard under Applications > APIs > "
        "(the API) > Application Access.",
    ),
    (
        lambda status, error, text: "grant type" in text or error == "unsupported_grant_type",
        "Allow the grant type in the Dashboard under Applications > Applications > (this application) > "
        "Settings > Advanced Settings > Grant Types.",
    ),
    (
        lambda status, error, text: (
            error == "invalid_client"
            or (status == 401 and error in ("access_denied", "unauthorized_client", ""))
        ),
        "Auth0 does not accept {keys}: compare them with the Dashboard under Applications > Applications "
        "> (this application) > Settings and Credentials.",
    ),
    (
        lambda status, error, text: error == "mfa_required",
        "An exchange cannot ask for a second factor: see the policy in the Dashboard under Security > "
        "Multi-factor Auth, and any Action that asks for one.",
    ),
    (
        lambda status, error, text: error == "consent_required",
        "The user has not consented to the API {audience}; allow skipping consent in the Dashboard under "
        "Applications > APIs > (the API) > Settings.",
    ),
    (
        lambda status, error, text: error == "invalid_scope" or "scope" in text,
        "The scope must be defined on the API {audience} and granted to this application: Dashboard under "
        "Applications > APIs > (the API) > Permissions and Application Access.",
    ),
    (
        lambda status, error, text: (
            error in ("unauthorized_client", "invalid_request") and "exchange" in text
        ),
        "Token exchange must be allowed for this application: link it to its API in the Dashboard under "
        "Applications > APIs > (the API of AUTH0_AUDIENCE) > Application Access, and allow On-Behalf-Of, "
        "or a custom profile, in the application's Settings under Token Exchange.",
    ),
    (
        lambda status, error, text: error == "unauthorized_client",
        "This application may not do that: see its Settings in the Dashboard under Applications > "
        "Applications > (this application) > Settings > Advanced Settings > Grant Types, and "
        "Applications > APIs > (the API) > Application Access.",
    ),
    (
        lambda status, error, text: "auth_req_id" in text,
        "The question to the user expired, or was answered before.",
    ),
    (
        lambda status, error, text: "subject_token_type" in text,
        "No profile of that type: see the Dashboard under Authentication > Custom Token Exchange, or use "
        "get_token_on_behalf_of() for the tokens of your users.",
    ),
    (
        lambda status, error, text: error == "invalid_grant" or "subject_token" in text,
        "Auth0 does not accept the subject token: it expired, was revoked, or was issued for another API or "
        "tenant, or this application is not linked to the API that it is for (Dashboard, Applications > APIs > "
        "(the API) > Application Access).",
    ),
    (
        lambda status, error, text: "connection" in text and error == "invalid_request",
        "See the tenant's connections in the Dashboard under Authentication; {connection} must be enabled for "
        "this application.",
    ),
)


def _code(value: Any) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _words(value: Any) -> str:
    """Make somebody else's text fit for a log line: printable, short, and without anything like a token."""
    if not isinstance(value, str):
        return ""
    text = " ".join(printable_only(value[:2000], " ").split())
    return _TOKEN.sub("…", text)[:_DESCRIPTION_LENGTH].rstrip(". ")
