"""Sites that other Flask extensions are put beside."""

from __future__ import annotations

import pytest

from ..extension.conftest import Site
from ..issuer import Issuer


@pytest.fixture
def site(issuer: Issuer) -> Site:
    return Site(issuer)
