"""Clients that call without a pause over connections that they keep, and count what failed."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ..wire.raw import MODERN, meta
from .served import PATIENCE, Workers, until

_BODY = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "who", "arguments": {}, "_meta": meta()},
    }
)


class Load:
    """Threads that call ``who``; a context manager that ends them.

    An idle connection that the server closes is no failure: its closing may cross the next request, and every
    HTTP client sends that once more, as long as no byte of an answer has come (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    Anything else that is not an answer is one.

    :param pauses: seconds that each thread rests between two calls, one thread for each.
    :ivar failures: what failed.
    :ivar answered: how often each process answered.
    :ivar resent: how many calls were sent a second time.
    """

    def __init__(self, workers: Workers, *pauses: float) -> None:
        self.failures: list[str] = []
        self.answered: Counter[int] = Counter()
        self.resent = 0
        parts = urlsplit(workers.server.url)
        self._address = (parts.hostname or "", parts.port)
        self._headers = {
            "Authorization": f"Bearer {workers.token()}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": "who",
        }
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(pause,)) for pause in pauses]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def calls(self) -> int:
        """How many calls were answered."""
        with self._lock:
            return self.answered.total()

    def go_on(self, calls: int) -> None:
        """Wait until as many more calls were answered, or one failed."""
        wanted = self.calls + calls
        until(lambda: self.calls >= wanted or bool(self.failures), f"{calls} calls are answered")

    def reaches(self, others_than: set[int], count: int) -> None:
        """Wait until as many other processes have answered, or a call failed."""
        until(
            lambda: len(self._pids() - others_than) >= count or bool(self.failures),
            f"{count} new workers answer",
        )

    def _pids(self) -> set[int]:
        with self._lock:
            return set(self.answered)

    def _run(self, pause: float) -> None:
        connection = self._connect()
        try:
            fresh = True
            while not self._stop.wait(pause):
                try:
                    answer = self._call(connection)
                except (ConnectionError, http.client.HTTPException) as error:
                    connection.close()
                    connection = self._connect()
                    if fresh:
                        raise
                    # RemoteDisconnected, a reset or a broken pipe: not a byte has come.
                    if not isinstance(error, ConnectionError):
                        raise
                    with self._lock:
                        self.resent += 1
                    answer = self._call(connection)
                fresh = connection.sock is None
                with self._lock:
                    self.answered[answer] += 1
        except Exception as error:
            with self._lock:
                self.failures.append(repr(error))
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._address, timeout=PATIENCE)

    def _call(self, connection: http.client.HTTPConnection) -> int:
        connection.request("POST", "/mcp", _BODY, self._headers)
        response = connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, body
        assert body["result"]["structuredContent"]["sub"] == "auth0|ada"
        pid: int = body["result"]["structuredContent"]["pid"]
        return pid
