"""Keys, a clock, and a tenant in memory."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey, RSAKey

from .doubles import Clock, Tenant


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """The tenant's signing key."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@pytest.fixture(scope="session")
def other_key() -> RSAKey:
    """A key that the tenant does not publish, unless a test says so."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenant(rsa_key: RSAKey, clock: Clock) -> Tenant:
    return Tenant(rsa_key, clock=clock)
