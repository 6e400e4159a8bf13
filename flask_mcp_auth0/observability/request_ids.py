"""One name for each request, in the answer, in log records, in the audit log and on spans."""

from __future__ import annotations

import logging
import os
import random
import re
from typing import TYPE_CHECKING

from flask import has_request_context, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-ID"
_KEY = "flask_mcp_auth0.request_id"

#: What a proxy or a client may choose: bounded, and nothing that means something in a log or a header.
_SANE = re.compile(r"[A-Za-z0-9._~:+/=-]{1,128}")

#: An id has to differ from all others, and be no secret, so the kernel is not asked for every one of them. The
#: generator is safe to share between threads: one id is one call into C.
_generator = random.Random(os.urandom(32))  # noqa: S311 (uniqueness, not secrecy)
# A child of a fork would otherwise make the same ids as its siblings.
os.register_at_fork(after_in_child=lambda: _generator.seed(os.urandom(32)))


def current_request_id() -> str | None:
    """Return the id of the current request: its ``X-Request-ID`` if that is sane, else one made here.

    :return: ``None`` outside a request.
    """
    return request_id_of(request.environ) if has_request_context() else None


def request_id_of(environ: WSGIEnvironment) -> str:
    """Return the id of a request by its WSGI environment, where it is kept: nothing is looked up faster."""
    known = environ.get(_KEY)
    if isinstance(known, str):
        return known
    sent = environ.get("HTTP_X_REQUEST_ID")
    made: str = (
        sent if isinstance(sent, str) and _SANE.fullmatch(sent) else f"{_generator.getrandbits(128):032x}"
    )
    environ[_KEY] = made
    return made


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
