"""What one running tenant is made of: its state, its keys and what it remembers between two requests."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app

from .keys import KeyRing
from .memory import Memory
from .state import TenantState

EXTENSION = "local_tenant"


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which a user is logged in."""

    user_id: str
    auth_time: int


class Tenant:
    """One tenant, as the Flask app built for it carries it (``app.extensions["local_tenant"]``).

    :param state: its users, APIs, applications …
    :param keys: what it signs with.
    """

    def __init__(self, state: TenantState, keys: KeyRing) -> None:
        self.state = state
        self.keys = keys
        # Where client ID metadata documents come from, instead of the network; for tests.
        self.document_source: Callable[[str], Any] | None = None
        # Opaque access tokens (JWE) are read by nobody but this tenant.
        self.opaque_key = secrets.token_bytes(32)
        self.sessions: Memory[Session] = Memory(state.now, limit=1000, lifetime=8 * 3600)
        self.once: Memory[bool] = Memory(state.now, limit=20_000, lifetime=600)  # jti values seen
        self.failed_logins: Memory[int] = Memory(state.now, limit=1000, lifetime=60)

    @property
    def issuer(self) -> str:
        return self.state.issuer

    def url(self, path: str) -> str:
        """The absolute URL of one of the tenant's paths (``/oauth/token``)."""
        return self.state.issuer.rstrip("/") + path

    @property
    def host(self) -> str:
        """What a request's ``Host`` has to be."""
        return urlsplit(self.state.issuer).netloc.casefold()


def current_tenant() -> Tenant:
    """The tenant of the app that answers the running request."""
    return tenant_of(current_app)


def tenant_of(app: Flask) -> Tenant:
    """The tenant that ``app`` was built for. :raises KeyError: when it was built for none."""
    return cast("Tenant", app.extensions[EXTENSION])


@dataclass(slots=True)
class RequestNotes:
    """What is worth telling the administrator about the running request (on ``flask.g.tenant_notes``)."""

    client_id: str | None = None
    user_id: str | None = None
    note: str = field(default="")
