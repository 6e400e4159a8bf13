"""One name for each request, in the answer, in log records, in the audit log and on spans."""

from __future__ import annotations

import logging
import re
import secrets
from typing import cast

from flask import g, has_request_context, request

HEADER = "X-Request-ID"
_G_KEY = "_mcp_request_id"

#: What a proxy or a client may choose: bounded, and nothing that means something in a log or a header.
_SANE = re.compile(r"[A-Za-z0-9._~:+/=-]{1,128}")


def current_request_id() -> str | None:
    """Return the id of the current request: its ``X-Request-ID`` if that is sane, else one made here.

    :return: ``None`` outside a request.
    """
    if not has_request_context():
        return None
    known = cast("str | None", g.get(_G_KEY))
    if known is None:
        sent = request.headers.get(HEADER, "")
        known = sent if _SANE.fullmatch(sent) else secrets.token_hex(16)
        setattr(g, _G_KEY, known)
    return known


class RequestIdFilter(logging.Filter):
    """Gives every record the attribute ``request_id``, ``-`` outside a request. Put it on a handler.

    ::

        handler.addFilter(RequestIdFilter())
        handler.setFormatter(logging.Formatter("%(levelname)s [%(request_id)s] %(message)s"))
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute; never drops a record."""
        if not hasattr(record, "request_id"):
            record.request_id = current_request_id() or "-"
        return True
