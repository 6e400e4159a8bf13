"""What Auth0 says of a user (OpenID Connect Core §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..auth.discovery import AuthorizationServer
from ..errors import Auth0APIError, AuthorizationUnavailable
from ..outbound import Outbound, OutboundError
from .errors import Wanted, refused, unreachable


def fetch_user_info(server: AuthorizationServer, outbound: Outbound, token: str) -> Mapping[str, Any]:
    """Ask ``/userinfo``, the tenant's own endpoint, with a token of the tenant.

    :return: the claims.
    :raises Auth0APIError: if Auth0 refuses or cannot be reached.
    """
    wanted = Wanted("user_info()")
    try:
        url = server.endpoint("userinfo_endpoint")
        claims = outbound.get_json(url, headers={"Authorization": f"Bearer {token}"})
    except AuthorizationUnavailable as error:
        failure = unreachable(wanted, error.reason, error.retry_after)
    except OutboundError as error:
        if error.status is None:
            failure = unreachable(wanted, error.reason, error.retry_after)
        elif error.status in (401, 403):
            failure = Auth0APIError(
                f"user_info() was refused by Auth0: HTTP {error.status}. The token was not issued for "
                "OpenID Connect: its client must ask for the scope openid, which third-party clients "
                "that register themselves may not. get_management().users.get(user_id) tells the "
                "same and more.",
                status_code=error.status,
            )
        else:
            failure = refused(wanted, error.status, {}, error.retry_after)
    else:
        if isinstance(claims, Mapping):
            return claims
        failure = Auth0APIError("user_info() was answered by Auth0 with something else than claims.")
    raise failure
