"""The store that many workers on many machines share: a Redis or Valkey server.

Every value is sealed for its key. Who can write to the server can drop what is kept, or put back what was
kept under the same key before, but can neither read nor make anything, nor move it elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from ..condition import Condition
from ..errors import ConfigurationError
from ..per_process import PerProcess
from ..sealing import Sealer, SealError
from .rendezvous import Callback, Listeners, Rendezvous, log
from .store import (
    MAX_MEMBERS,
    MAX_QUEUE,
    Store,
    StoreUnavailable,
    checked_name,
    checked_ttl,
    encoded,
)
from .store_redis_bus import Bus
from .store_redis_server import Server, WrongType

_PURPOSE = "store"
#: Seconds after which a waiter looks by itself, in case the message that should have woken it was lost.
_LOOK_AGAIN = 5.0
_LOOK_AGAIN_IN_OUTAGE = 0.25

_PUSH = """
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""

_ADD_MEMBER = """
local new = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
if new and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if tonumber(ARGV[3]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) else redis.call('PERSIST', KEYS[1]) end
return 1
"""


class _Process:
    """Who waits and who listens in one process, and the bus that serves them all."""

    def __init__(self, make_bus: Callable[[_Process], Bus]) -> None:
        self.name = secrets.token_urlsafe(9)
        self.rendezvous = Rendezvous()
        self.listeners = Listeners()
        self.bus = make_bus(self)


class RedisStore(Store):
    """Keeps everything in a server that speaks the Redis protocol.

    :param url: ``redis://``, ``rediss://`` (TLS) or ``unix://``, as redis-py reads it; its query may set
        options of redis-py, such as ``socket_timeout``.
    :param sealer: must be the same in every process that shares the store.
    :param prefix: put before every key.
    :param clock: seconds that never run backwards.
    :raises ConfigurationError: if redis-py is missing, the URL is malformed, or there is no key to seal with.
    """

    shared = True

    def __init__(
        self, url: str, sealer: Sealer, *, prefix: str = "mcp", clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not sealer.available:
            raise ConfigurationError(
                "MCP_STORE_URL needs a key to seal with: set MCP_SECRET_KEYS or SECRET_KEY"
            )
        self._server = Server(url, clock=clock)
        self._sealer = sealer
        self._prefix = prefix
        self._channel = f"{prefix}:bus"
        self._of_process = PerProcess[_Process](lambda _: _Process(self._make_bus))

    def __repr__(self) -> str:
        return f"<RedisStore {self._prefix!r}>"

    def condition(self) -> Condition:
        """Tell how the server has answered this process, without asking it."""
        return self._server.condition()

    def may_evict(self) -> bool:
        memory = self._ask("INFO", "memory")
        # Without a limit there is nothing to make room for, whatever the policy.
        return bool(memory["maxmemory"]) and memory["maxmemory_policy"] != "noeviction"

    def add(self, key: str, value: Any, ttl: float) -> bool:
        name = self._name("v", key)
        return bool(self._ask("SET", name, self._seal(name, value), "NX", "PX", _milliseconds(ttl)))

    def get(self, key: str) -> Any | None:
        name = self._name("v", key)
        return self._open(name, self._ask("GET", name))

    def set(self, key: str, value: Any, ttl: float) -> None:
        name = self._name("v", key)
        self._ask("SET", name, self._seal(name, value), "PX", _milliseconds(ttl))

    def delete(self, key: str) -> None:
        self._ask("DEL", self._name("v", key))

    def members(self, name: str) -> frozenset[str]:
        key = self._name("s", name)
        sealed = self._ask("HVALS", key) or ()
        opened = (self._open(key, text) for text in sealed[:MAX_MEMBERS])
        return frozenset(member for member in opened if isinstance(member, str))

    def add_member(
        self, name: str, member: str, *, ttl: float | None = None, limit: int = MAX_MEMBERS
    ) -> bool:
        key = self._name("s", name)
        ends_in = 0 if ttl is None else _milliseconds(ttl)
        sealed = self._seal(key, checked_name(member))
        limit = min(limit, MAX_MEMBERS)
        return bool(self._ask("EVAL", _ADD_MEMBER, 1, key, _field(member), sealed, ends_in, limit))

    def remove_member(self, name: str, member: str) -> None:
        self._ask("HDEL", self._name("s", name), _field(member))

    def keep_members(self, name: str, ttl: float) -> None:
        self._ask("PEXPIRE", self._name("s", name), _milliseconds(ttl))

    def push(self, queue: str, value: Any, ttl: float) -> bool:
        key = self._name("q", queue)
        process = self._of_process.get()
        sealed = self._seal(key, value)
        news = self._seal(self._channel, {"from": process.name, "queue": queue})
        ends_in = _milliseconds(ttl)
        kept = bool(self._ask("EVAL", _PUSH, 1, key, sealed, ends_in, MAX_QUEUE, self._channel, news))
        process.rendezvous.wake(queue)
        return kept

    def publish(self, topic: str, message: Any) -> None:
        process = self._of_process.get()
        text = encoded(message)
        news = {"from": process.name, "topic": checked_name(topic), "message": message}
        # Those in this process hear it directly: at once, and during an outage too.
        process.listeners.tell(topic, json.loads(text))
        self._ask("PUBLISH", self._channel, self._seal(self._channel, news))

    def listen(
        self, topic: str, callback: Callback, on_gap: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        process = self._of_process.get()
        # The bus begins before the listener is known, so that its beginning is no gap to the listener.
        process.bus.start(wait=2.0)
        process.listeners.add(checked_name(topic), callback, on_gap)

        def stop() -> None:
            # A child does not know its parent's listeners, and must not wait for their lock.
            if self._of_process.peek() is process:
                process.listeners.remove(topic, callback, on_gap)

        return stop

    def close(self) -> None:
        process = self._of_process.peek()
        thread = process.bus.stop() if process is not None else None
        if thread is not None:
            # The thread sits in a read; any message makes it look up.
            with contextlib.suppress(StoreUnavailable):
                self._ask("PUBLISH", self._channel, "")
            if thread is not threading.current_thread():
                thread.join(timeout=1.0)
        self._server.disconnect()

    def _take(self, queue: str) -> Any | None:
        key = self._name("q", queue)
        for _ in range(MAX_QUEUE):
            sealed = self._ask("LPOP", key)
            if sealed is None:
                return None
            value = self._open(key, sealed)
            if value is not None:
                return value
        return None

    def _rendezvous(self) -> Rendezvous:
        process = self._of_process.get()
        process.bus.start()
        return process.rendezvous

    def _look_again_after(self, outage: StoreUnavailable | None) -> float:
        return _LOOK_AGAIN if outage is None else _LOOK_AGAIN_IN_OUTAGE

    def _name(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{kind}:{checked_name(name)}"

    def _seal(self, key: str, value: Any) -> str:
        encoded(value)
        return self._sealer.seal(_PURPOSE, value, context=key)

    def _open(self, key: str, sealed: bytes | None) -> Any | None:
        """Return the value of a sealed text. What cannot be opened was not put there by us: it is absent."""
        if sealed is None:
            return None
        try:
            return self._sealer.open(_PURPOSE, sealed.decode("ascii"), context=key)
        except (SealError, UnicodeDecodeError):
            log.warning("something in the shared store is not ours and was ignored")
            return None

    def _ask(self, *command: str | int) -> Any:
        try:
            return self._server.command(*command)
        except WrongType:
            log.warning("a key of the shared store holds what is not ours; it was ignored")
            return None

    def _make_bus(self, process: _Process) -> Bus:
        return Bus(
            lambda: self._server.subscribe(self._channel),
            lambda data: self._heard(process, data),
            lambda: _connected(process),
            self._server.errors,
        )

    def _heard(self, process: _Process, data: bytes) -> None:
        news = self._open(self._channel, data) if data else None  # empty: sent by close()
        if not isinstance(news, dict) or news.get("from") == process.name:
            return
        if "queue" in news:
            process.rendezvous.wake(news["queue"])
        elif "topic" in news:
            process.listeners.tell(news["topic"], news.get("message"))


def _connected(process: _Process) -> None:
    # Whatever was pushed or published while nobody listened is looked for now.
    process.rendezvous.wake_all()
    process.listeners.tell_gap()


def _milliseconds(ttl: float) -> int:
    return max(1, round(checked_ttl(ttl) * 1000))


def _field(member: str) -> str:
    """Return the name of a member's field: of fixed length, and telling nothing to who does not know it."""
    return hashlib.sha256(member.encode("utf-8", "surrogatepass")).hexdigest()
