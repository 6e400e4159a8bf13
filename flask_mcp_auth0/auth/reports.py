"""Tell the log and the application what was decided about a caller."""

from __future__ import annotations

import logging

from flask import current_app, has_app_context

from ..printable import printable_only
from ..signals import access_decided, access_denied, access_granted, authorization_unavailable
from .auth_info import AuthInfo

log = logging.getLogger("flask_mcp_auth0.auth")

_LONGEST = 200

_LINES = {
    "granted": (logging.DEBUG, "%s may use %s %r: %s"),
    "unavailable": (logging.WARNING, "Nobody could be asked whether %s may use %s %r: %s"),
}
_SIGNALS = {"granted": access_granted, "unavailable": authorization_unavailable}


def sanitized(text: object) -> str:
    """Return somebody else's text fit for one line of a log: printable and short."""
    line = printable_only(str(text)[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def report(
    outcome: str, reason: str, auth_info: AuthInfo | None, kind: str, name: str, seconds: float
) -> None:
    """Log one decision and send its signals; an outage is a warning, a refusal is not.

    :param outcome: of the decision; whatever is neither ``granted`` nor ``unavailable`` is a refusal.
    :param reason: why, for the application; never shown to the caller.
    :param seconds: how long it took.
    """
    level, text = _LINES.get(outcome, (logging.INFO, f"%s may not use %s %r ({outcome}): %s"))
    if log.isEnabledFor(level):
        who = "Somebody without a token" if auth_info is None else sanitized(auth_info.user.sub)
        log.log(level, text, who, kind, sanitized(name), sanitized(reason))
    signal = _SIGNALS.get(outcome, access_denied)
    if not signal.receivers and not access_decided.receivers:
        return
    app = current_app._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]
    if signal.receivers:
        signal.send(app, auth_info=auth_info, kind=kind, name=name, reason=reason)
    if access_decided.receivers:
        access_decided.send(
            app,
            auth_info=auth_info,
            kind=kind,
            name=name,
            outcome=outcome,
            reason=reason,
            duration=seconds,
        )
