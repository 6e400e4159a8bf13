"""The requests of the commands: those of :class:`~flask_mcp_auth0.outbound.Outbound`, with status and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..outbound import Outbound


class TenantHTTP(Outbound):
    """Bounded as its base is; an answer of any status is handed back."""

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **how: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Send a request.

        :param how: ``params`` or ``json``, as ``requests`` takes them.
        :return: the status, the JSON value of the body (``None`` if it is not JSON), the headers.
        :raises OutboundError: only if there was no complete answer.
        """
        return self._request(method, url, headers=headers, **how)
