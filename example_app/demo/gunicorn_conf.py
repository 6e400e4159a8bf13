"""Gunicorn's settings for the demo; versions that do not know one of them pass over it."""

from __future__ import annotations

#: Two gunicorns of one user would both want the same control socket in the home folder.
control_socket_disable = True
graceful_timeout = 5
