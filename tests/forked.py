"""A forked child, for tests of what survives a fork."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

_LONGEST = 30


def in_child(function: Callable[[], Any]) -> Any:
    """Return what ``function`` returns in a forked child, as JSON can carry it.

    The child is ended if it hangs.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(_LONGEST)
        try:
            result = json.dumps(["returned", function()])
        except BaseException as error:
            result = json.dumps(["raised", repr(error)])
        os.write(writing, result.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    assert said, "the child hung"
    how, value = json.loads(said)
    assert how == "returned", value
    return value
