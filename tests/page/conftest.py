"""A site that says something about itself."""

from __future__ import annotations

import pytest

from ..extension.conftest import Site
from ..issuer import Issuer


@pytest.fixture
def site(issuer: Issuer) -> Site:
    return Site(issuer, MCP_SERVER_NAME="Order desk", MCP_INSTRUCTIONS="Look orders up.\n<b>Be careful.</b>")
