"""Handing log entries to a web hook, as Auth0's custom log streams do.

A POST carries a JSON array of ``{"log_id", "data"}``; ``Authorization`` holds the configured value, as it
is. Best effort: from a thread of its own, with short time-outs, and an entry that cannot be delivered is
dropped.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

import requests

from .model import LogEvent

logger = logging.getLogger(__name__)

BATCH = 100
WAITING = 1000
TIMEOUT = (1.0, 3.0)  # seconds to connect, seconds to be answered


class LogStream:
    """A stream to ``url``.

    :param authorization: the value of the ``Authorization`` header, or ``None`` for none.
    """

    def __init__(self, url: str, authorization: str | None = None) -> None:
        self.url = url
        self.delivered = 0
        self._authorization = authorization
        self._events: queue.Queue[LogEvent] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"LogStream({self.url!r})"

    def send(self, event: LogEvent) -> None:
        """Hand over an entry and return at once; with a thousand entries waiting it is dropped."""
        try:
            self._events.put_nowait(event)
        except queue.Full:
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="log-stream", daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait until everything handed over so far was delivered or dropped."""
        self._events.join()

    def _work(self) -> None:
        while True:
            batch = [self._events.get()]
            while len(batch) < BATCH and not self._events.empty():
                batch.append(self._events.get_nowait())
            try:
                self._post(batch)
            finally:
                for _ in batch:
                    self._events.task_done()

    def _post(self, batch: list[LogEvent]) -> None:
        from .management.logs import as_json

        body: list[dict[str, Any]] = [{"log_id": event.log_id, "data": as_json(event)} for event in batch]
        headers = {"Authorization": self._authorization} if self._authorization else {}
        try:
            response = requests.post(
                self.url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            logger.warning("The log stream cannot be delivered: %s", type(error).__name__)
            return
        if response.ok:
            self.delivered += len(batch)
        else:
            logger.warning("The log stream was answered %s", response.status_code)
