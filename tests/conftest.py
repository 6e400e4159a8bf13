"""What tests of every part share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .issuer import Issuer

#: ``valkey_url`` and ``valkey``: a server that speaks Redis's protocol.
pytest_plugins = ["tests.fixtures_valkey"]


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer() -> Iterator[None]:
    """Whoever runs the tests may have ``FLASK_…`` variables and a ``.env`` of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FLASK_")]:
            patch.delenv(name)
        patch.setenv("FLASK_SKIP_DOTENV", "1")
        yield


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """An authorization server that signs whatever it is told to."""
    with Issuer() as running:
        yield running
