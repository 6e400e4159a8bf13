"""What every measurement starts from: a tenant, users with their tokens, and where the peers are installed."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_mcp_auth0.testing import Auth0Tenant

#: Where ``make bench`` installs the peers.
ENVIRONMENTS = Path(os.environ.get("BENCH_ENVIRONMENTS", Path(sys.prefix).parent))

PERMISSION = "tool:protected"


@dataclass(frozen=True)
class Bench:
    """A running tenant and what the servers and the load need of it.

    :ivar environment: for the servers: Flask's configuration, and the peers'.
    :ivar tokens: one a user; each user holds the permission.
    """

    tenant: Auth0Tenant
    environment: dict[str, str]
    tokens: list[str]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of a call by the first user."""
        return headers(self.tokens[0])


def headers(token: str) -> dict[str, str]:
    """Return the headers of a call."""
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-11-25",
    }


def call(tool: str, **params: Any) -> bytes:
    """Return the body of a ``tools/call``."""
    return message("tools/call", {"name": tool, "arguments": {"name": "Ada"}, **params})


def message(method: str, params: dict[str, Any] | None = None) -> bytes:
    """Return the body of a request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}).encode()


@contextmanager
def bench(users: int = 100) -> Iterator[Bench]:
    """Run a tenant with so many users."""
    with Auth0Tenant() as tenant:
        tokens = []
        for number in range(users):
            tenant.user(f"user-{number}", permissions=[PERMISSION])
            tokens.append(tenant.token(f"user-{number}"))
        environment = {
            **tenant.environment,
            "BENCH_ISSUER": tenant.issuer,
            "BENCH_JWKS": f"{tenant.issuer}.well-known/jwks.json",
            "BENCH_AUDIENCE": tenant.audience,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        yield Bench(tenant, environment, tokens)


def spread(values: list[float]) -> dict[str, float]:
    """Return the median of some measurements, and how far they lie apart."""
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }
