"""Keeping a tenant's state on disk, in SQLite: optional, and saved soon after each change.

The file holds client secrets, passwords and hashes of refresh tokens: it is made readable by its owner alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType

from .private_file import open_private
from .state import TenantState

FORMAT = 1
INTERVAL = 0.5
BUSY = 5.0  # seconds to wait for a file that another process holds


class KeepError(ValueError):
    """The file cannot be used; the text says why."""


class Keeper:
    """Keeps one state in one file.

    ``start()`` saves from a thread whenever something changed, ``close()`` saves for the last time.

    :param path: the file, made when it is not there.
    :param state: what to keep.
    :raises KeepError: when the file cannot be made or is something else.
    """

    def __init__(self, path: Path, state: TenantState) -> None:
        self.path, self.state = path, state
        self._saved = -1
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        with closing(_connect(path)):
            pass

    def load(self) -> bool:
        """Take over what the file holds. Returns whether it held anything.

        :raises KeepError: when it is damaged.
        """
        with closing(_connect(self.path)) as connection:
            row = connection.execute("SELECT format, state FROM tenant WHERE id = 1").fetchone()
        if row is None:
            return False
        if row[0] != FORMAT:
            raise KeepError(f"{self.path} was written in format {row[0]}, which this version does not know.")
        try:
            data = json.loads(row[1])
            if not isinstance(data, dict):
                raise ValueError("it holds no tenant")
            self.state.restore(data)
        except ValueError as error:
            raise KeepError(f"{self.path} cannot be read: {error}") from error
        self._saved = self.state.revision
        return True

    def save(self) -> bool:
        """Write the state if it changed since. Returns whether it did.

        :raises KeepError: when it cannot be written.
        """
        with self._lock:
            with self.state.lock:
                revision = self.state.revision
                if revision == self._saved:
                    return False
                text = json.dumps(self.state.snapshot())
            with closing(_connect(self.path)) as connection, connection:
                connection.execute(
                    "INSERT INTO tenant (id, format, state) VALUES (1, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET format = excluded.format, state = excluded.state",
                    (FORMAT, text),
                )
            self._saved = revision
            return True

    def start(self) -> Keeper:
        """Save from a thread, at most half a second after a change."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tenant-keeper", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Save for the last time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.save()

    def __enter__(self) -> Keeper:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _work(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self.save()
            except (KeepError, sqlite3.Error):
                # The next round tries again; close() reports it.
                continue


def open_state(path: str | Path, seed: Callable[[], TenantState]) -> Keeper:
    """Open the state kept in ``path``, or begin it with ``seed()``.

    The seed is built in either case: it gives the issuer and the clock, and where the file holds something,
    that replaces everything else.

    :raises KeepError: when the file cannot be used.
    """
    keeper = Keeper(Path(path), seed())
    if not keeper.load():
        keeper.save()
    return keeper


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # Made with these rights before anything is in it; sqlite3 would follow the umask.
        os.close(open_private(path))
        connection = sqlite3.connect(path, timeout=BUSY)
    except (OSError, sqlite3.Error) as error:
        raise KeepError(f"{path} cannot be opened: {error}") from error
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS tenant"
            " (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, state TEXT NOT NULL)"
        )
    except sqlite3.Error as error:
        connection.close()
        raise KeepError(f"{path} is not a tenant's file: {error}") from error
    return connection
