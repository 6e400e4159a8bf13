"""Servers that the wire tests talk to, one of each promised kind, shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from ..issuer import Issuer
from .raw import Wire
from .serving import Server, gunicorn, report_logs

pytest_runtest_makereport = report_logs

APP = "tests.conformance.app:create_app()"


@dataclass(frozen=True)
class Kind:
    """How a server is run.

    :param shared: with a Redis-protocol store; else in the process, which one worker alone can do.
    """

    worker_class: str
    workers: int
    shared: bool

    def __str__(self) -> str:
        return f"{self.worker_class}-{self.workers}-{'shared' if self.shared else 'alone'}"

    @property
    def one_at_a_time(self) -> bool:
        """Whether a worker serves a single request at once."""
        return self.worker_class == "sync"


def _kinds() -> list[Kind]:
    chosen = os.environ.get("GUNICORN_WORKER_CLASS")
    if chosen:
        return [Kind(chosen, 2, shared=True), Kind(chosen, 1, shared=False)]
    return [Kind("gthread", 2, shared=True), Kind("gevent", 2, shared=True), Kind("gthread", 1, shared=False)]


KINDS = _kinds()


@dataclass(frozen=True)
class Served:
    """A running server and who signs the tokens for it."""

    kind: Kind
    server: Server
    issuer: Issuer
    audience: str

    @property
    def url(self) -> str:
        return self.server.url

    def token(self, subject: str = "auth0|ada", **claims: Any) -> str:
        """Return a valid token for this server."""
        return self.issuer.token(self.audience, subject=subject, **claims)

    def wire(self, token: str | None = "") -> Wire:
        """Return a client; by default one of Ada's."""
        return Wire(self.url, self.token() if token == "" else token)


Start = Callable[..., Served]


@pytest.fixture(scope="session")
def start(
    issuer: Issuer,
    valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Start]:
    """Return what starts an app as a kind says; a server that already runs so is shared."""
    running: dict[tuple[Kind, str, tuple[tuple[str, str], ...]], Served] = {}
    with ExitStack() as stack:

        def starting(kind: Kind, app: str = APP, **settings: str) -> Served:
            key = (kind, app, tuple(sorted(settings.items())))
            if key not in running:
                environ = {
                    "FLASK_AUTH0_DOMAIN": issuer.url,
                    "FLASK_MCP_BASE_URL": "{origin}",
                    "FLASK_SECRET_KEY": "a-secret-of-the-wire-tests-a-secret",
                    **({"FLASK_MCP_STORE_URL": valkey_url} if kind.shared else {}),
                    **{f"FLASK_{name}": value for name, value in settings.items()},
                }
                log = tmp_path_factory.mktemp("gunicorn") / "gunicorn.log"
                server = stack.enter_context(
                    gunicorn(app, environ, log=log, worker_class=kind.worker_class, workers=kind.workers)
                )
                base_url = settings.get("MCP_BASE_URL", server.origin)
                running[key] = Served(kind, server, issuer, f"{base_url}/mcp")
            return running[key]

        yield starting
        for served in running.values():
            served.server.terminate()


@pytest.fixture(
    scope="session",
    params=[pytest.param(kind, id=str(kind), marks=pytest.mark.xdist_group(str(kind))) for kind in KINDS],
)
def served(request: pytest.FixtureRequest, start: Start) -> Served:
    """Every kind of server in turn."""
    return start(request.param)


@pytest.fixture(scope="session")
def standard(start: Start) -> Served:
    """One server of the usual kind, for what does not depend on the kind."""
    return start(KINDS[0])


@pytest.fixture
def wire(standard: Served) -> Iterator[Wire]:
    """One of Ada's clients at the standard server."""
    with standard.wire() as wire:
        yield wire


@dataclass(frozen=True)
class Pair:
    """Two servers of one worker each that stand behind one name, as two workers or two machines do."""

    first: Served
    second: Served


@pytest.fixture(scope="session")
def pair(start: Start) -> Pair:
    """Which of two workers serves a request is chosen by the test instead of by the kernel."""
    # What a worker hands to another needs one that can wait.
    kind = Kind("gthread" if KINDS[0].one_at_a_time else KINDS[0].worker_class, 1, shared=True)
    first = start(kind)
    return Pair(first, start(kind, MCP_BASE_URL=first.server.origin))
