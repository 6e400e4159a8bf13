from __future__ import annotations

import subprocess
import sys


def test_the_sdks_are_imported_only_when_they_are_used() -> None:
    code = "import flask_mcp_auth0, sys; print({'auth0', 'httpx', 'authlib', 'mcp'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
