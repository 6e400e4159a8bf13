"""How a Redis-protocol server is reached: pooled, bounded in time, anew in every process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ..condition import Condition
from ..errors import ConfigurationError
from ..per_process import PerProcess
from .store import StoreUnavailable

#: Seconds during which nothing is asked of a server that did not answer in time.
_QUIET_AFTER_TIMEOUT = 1.0


class WrongType(Exception):
    """The key holds another type than the command is for."""


class _Pool:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.quiet_until = 0.0
        self.failing = False
        self.failed_at: float | None = None


class Server:
    """Runs commands. Safe to share between threads and greenlets, and after a fork.

    :param url: ``redis://``, ``rediss://`` (TLS) or ``unix://``, as redis-py reads it.
    :param clock: seconds that never run backwards.
    :raises ConfigurationError: if redis-py is missing or the URL is malformed.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        try:
            import redis
        except ImportError as error:
            raise ConfigurationError(
                "MCP_STORE_URL needs redis-py: pip install 'flask-mcp-auth0[redis]'"
            ) from error
        self._redis = redis
        self._url = url
        self._clock = clock
        #: What a broken connection raises.
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        try:
            self._client(retries=0).connection_pool.make_connection()
        except (ValueError, TypeError, redis.RedisError):
            # Neither the URL nor the error's text is repeated: both may hold the password.
            raise ConfigurationError(
                "MCP_STORE_URL is not a URL that redis-py understands, as in redis://host:6379/0"
            ) from None
        self._of_process = PerProcess[_Pool](lambda _: _Pool(self._client(retries=1)))

    def command(self, *command: str | int) -> Any:
        """Run one command and return its answer, texts as bytes.

        :raises StoreUnavailable: if the server cannot be reached, is too slow, or refuses.
        :raises WrongType: if the key holds something else.
        """
        pool = self._of_process.get()
        if self._clock() < pool.quiet_until:
            raise StoreUnavailable("the shared store did not answer in time a moment ago")
        try:
            answer = pool.client.execute_command(*command)
            pool.failing = False
            return answer
        except self._redis.TimeoutError as error:
            pool.failing, pool.failed_at = True, time.time()
            # Each worker thread would otherwise wait in turn for a server that does not answer.
            pool.quiet_until = self._clock() + _QUIET_AFTER_TIMEOUT
            raise StoreUnavailable("the shared store did not answer in time") from error
        except self._redis.ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise WrongType from None
            pool.failing, pool.failed_at = True, time.time()
            raise StoreUnavailable(f"the shared store refused ({type(error).__name__})") from error
        except self._redis.RedisError as error:
            pool.failing, pool.failed_at = True, time.time()
            raise StoreUnavailable(f"the shared store cannot be reached ({type(error).__name__})") from error

    def condition(self) -> Condition:
        """Tell how commands of this process have fared."""
        pool = self._of_process.peek()
        if pool is None:
            return Condition(failing=False, usable=True)
        return Condition(pool.failing, usable=not pool.failing, failed_at=pool.failed_at)

    def subscribe(self, channel: str) -> Any:
        """Return redis-py's ``PubSub`` on a connection of its own, which never reconnects by itself.

        :raises Exception: one of :attr:`errors`.
        """
        pubsub = self._client(retries=0).pubsub()
        pubsub.subscribe(channel)
        return pubsub

    def disconnect(self) -> None:
        """Close this process's connections; they come back when needed."""
        pool = self._of_process.peek()
        if pool is not None:
            pool.client.connection_pool.disconnect()

    def _client(self, *, retries: int) -> Any:
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options: dict[str, Any] = {
            "protocol": 2,
            "socket_connect_timeout": 1.0,
            "socket_timeout": 2.0,
            "health_check_interval": 30,
            # Once more on a fresh connection, since the server may have closed a pooled one; never after a
            # time-out, which would only double the wait.
            "retry": Retry(NoBackoff(), retries, supported_errors=(self._redis.ConnectionError,)),
            # Commands are short, so a few connections serve many threads; who finds none waits its turn.
            "max_connections": 32,
            "timeout": 2.0,
        }
        if urlsplit(self._url).scheme != "unix":
            options["socket_keepalive"] = True
        pool = self._redis.BlockingConnectionPool.from_url(self._url, **options)
        return self._redis.Redis(connection_pool=pool)
