"""Which store a configuration asks for."""

from __future__ import annotations

from ..sealing import Sealer
from .store import Store
from .store_process import ProcessStore
from .store_redis import RedisStore

__all__ = ["open_store"]


def open_store(url: str | None, sealer: Sealer, prefix: str = "mcp") -> Store:
    """Return the store that a configuration asks for. Opens no connection yet.

    :param url: ``redis://…``, ``rediss://…`` or ``unix://…``; ``None`` for one that lives in the process.
    :param sealer: seals what leaves the process.
    :param prefix: put before every key, so that several applications can share a server.
    :raises ConfigurationError: if the URL is malformed, redis-py is missing or there is no key to seal with.
    """
    if url is None:
        return ProcessStore()
    return RedisStore(url, sealer, prefix=prefix)
