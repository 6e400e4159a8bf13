"""Signals (blinker) for what an application may want to count, log or react to.

The sender is always the Flask app. None of them carries a token or an argument's value.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: A token was refused. Keyword arguments: ``error`` (the OAuth error code), ``description``.
token_rejected = _signals.signal("token-rejected")

#: A caller may use a component. Keyword arguments: ``auth_info`` (or ``None``), ``kind``, ``name``, ``reason``.
access_granted = _signals.signal("access-granted")

#: A caller may not use a component. Keyword arguments: ``auth_info`` (or ``None``), ``kind``, ``name``, ``reason``.
access_denied = _signals.signal("access-denied")

#: Nobody could be asked whether a caller may. Keyword arguments as for ``access_denied``.
authorization_unavailable = _signals.signal("authorization-unavailable")

#: A decision was made, whichever way. Keyword arguments: ``auth_info`` (or ``None``), ``kind``, ``name``, ``outcome``
#: (``granted``, ``denied``, ``challenge``, ``hidden``, ``unauthenticated`` or ``unavailable``), ``reason``,
#: ``duration`` (seconds). One of the three above is sent as well.
access_decided = _signals.signal("access-decided")

#: A tool, resource or prompt was run. Keyword arguments: ``kind``, ``name``, ``outcome`` (``ok``, ``error``,
#: ``refused``, ``cancelled`` or ``input_required``), ``duration`` (seconds).
component_called = _signals.signal("component-called")
