"""The fuzzed app, quiet: what it logs by the million is kept to the last line."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey

from . import effort
from .target import Target

_LOGGERS = ("flask_mcp_auth0", "fuzzed", "asyncio")


class Last(logging.Handler):
    """Keeps the last exception, for the message of a failure."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.text = logging.Formatter().format(record)


@pytest.fixture(scope="session")
def last_error() -> Last:
    """The last exception that the app logged."""
    return Last()


@pytest.fixture(autouse=True)
def _quiet(last_error: Last) -> Iterator[None]:
    # For each test alone: in a random order others come in between, and want to see what is logged.
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(last_error)
        logger.propagate = False
    yield
    for logger in loggers:
        logger.removeHandler(last_error)
        logger.propagate = True


@pytest.fixture(scope="session")
def fuzz_key() -> RSAKey:
    """The tenant's signing key."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@pytest.fixture(scope="session")
def target(fuzz_key: RSAKey, last_error: Last) -> Target:
    """The app that is fuzzed."""
    return Target(fuzz_key)


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    yield
    effort.write_counts()
