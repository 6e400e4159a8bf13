"""The memory of this process as a cache, for apps that have none of their own."""

from __future__ import annotations

from flask_caching.backends import SimpleCache


class _AsItIs:
    """Keeps a value as it is. Flask-Caching pickles even what stays in the process, at twice the price."""

    @staticmethod
    def dumps(value: str) -> str:
        return value

    @staticmethod
    def loads(value: str) -> str:
        return value


class MemoryCache(SimpleCache):
    """Flask-Caching's memory cache for texts, which nobody can change. Its lock makes it safe to share."""

    serializer = _AsItIs()  # type: ignore[assignment]
