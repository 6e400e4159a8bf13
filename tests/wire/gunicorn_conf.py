"""Gunicorn's settings that are Python: tells the test which started the server when each worker can serve."""

from __future__ import annotations

import os
from typing import Any

#: Servers side by side would share it. Versions before 25.1 have none, and pass over the setting.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Write one byte to the pipe of the test: the application is loaded in this worker."""
    os.write(int(os.environ["TEST_READY_FD"]), b".")
