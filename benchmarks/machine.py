"""On what, and with what, something was measured."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

_PACKAGES = (
    "flask",
    "werkzeug",
    "gunicorn",
    "gunicorn-h1c",
    "gevent",
    "mcp-types",
    "pydantic",
    "joserfc",
    "flask-caching",
    "redis",
)


def described() -> dict[str, str]:
    """Return the date, the machine, the interpreter and the versions of what was measured."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{_processor()}, {os.cpu_count()} processors",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()
