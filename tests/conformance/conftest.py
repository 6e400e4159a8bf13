"""One server with a verified token for all runs of the suites."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ..issuer import Issuer
from ..wire.serving import gunicorn, report_logs

pytest_runtest_makereport = report_logs


@dataclass(frozen=True)
class Target:
    """What the suite is pointed at."""

    url: str
    token: str


@pytest.fixture(scope="session")
def worker_class() -> str:
    """The gunicorn worker class to test; ``make test-workers`` sets another."""
    return os.environ.get("GUNICORN_WORKER_CLASS", "gthread")


@pytest.fixture(scope="session")
def target(
    worker_class: str, issuer: Issuer, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The fixture app under gunicorn: two workers that share a store."""
    log = tmp_path_factory.mktemp("conformance") / "gunicorn.log"
    environ = {
        "FLASK_AUTH0_DOMAIN": issuer.url,
        "FLASK_MCP_BASE_URL": "{origin}",
        "FLASK_MCP_STORE_URL": valkey_url,
        "FLASK_SECRET_KEY": "conformance-conformance-conformance",
    }
    with gunicorn(
        "tests.conformance.app:create_app()", environ, log=log, worker_class=worker_class
    ) as server:
        yield Target(server.url, issuer.token(server.url, subject="auth0|conformance"))
