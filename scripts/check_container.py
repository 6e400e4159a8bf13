"""Do what the documented container file says, without an engine: ``python scripts/check_container.py dist``.

Its COPY, RUN, CMD and HEALTHCHECK lines are carried out as written, in an empty environment, with the wheel in ``dist``
standing in for the one that a package index would give. What only an engine can do is not tried: the base image, USER,
useradd, and the read-only file system.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "docs" / "samples"
REQUIREMENTS = "flask-mcp-auth0[gunicorn,redis]\n"

#: Seconds in which the app must become healthy.
START = 60.0


def instructions(text: str) -> list[tuple[str, str]]:
    """Return a container file's instructions: the name in capitals, and the rest of its line."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return [(line.split()[0].upper(), line.partition(" ")[2]) for line in lines if line and line[0] != "#"]


def context(folder: Path) -> None:
    """Fill the folder that the documentation builds from."""
    for sample, name in (("quickstart.py", "app.py"), ("gunicorn_conf.py", "gunicorn_conf.py")):
        shutil.copy(SAMPLES / sample, folder / name)
    (folder / "requirements.txt").write_text(REQUIREMENTS)


class Container:
    """A container file carried out in a directory.

    :param text: the container file.
    :param source: the folder that it is built from.
    :param workdir: an empty one, in the place of its ``WORKDIR``.
    :param environ: variables; the ``PATH`` must lead to an environment to install into, and to run from.
    """

    def __init__(self, text: str, source: Path, workdir: Path, environ: Mapping[str, str]) -> None:
        self.instructions = instructions(text)
        self.source, self.workdir = source, workdir
        self.environ = dict(environ)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]

    def build(self, *, install: bool) -> None:
        """Copy and install as it says.

        :param install: whether to run the commands that install packages.
        :raises subprocess.CalledProcessError: if a command fails.
        """
        for name, rest in self.instructions:
            if name == "COPY":
                *names, target = shlex.split(rest)
                for each in names:
                    shutil.copy(self.source / each, self.workdir / target)
            elif name == "RUN" and rest.startswith("pip ") and install:
                subprocess.run(shlex.split(rest), cwd=self.workdir, env=self.environ, check=True)  # noqa: S603

    def _command(self, instruction: str) -> list[str]:
        """Return the words of the last ``CMD``, or of the one within ``HEALTHCHECK``, for our port of loopback."""
        rest = [rest for name, rest in self.instructions if name == instruction][-1]
        words: list[str] = json.loads(rest.removeprefix("CMD").strip())
        exposed = [rest for name, rest in self.instructions if name == "EXPOSE"][-1]
        here = f":{self.port}"
        return [word.replace("0.0.0.0", "127.0.0.1").replace(f":{exposed}", here) for word in words]  # noqa: S104

    def healthy(self) -> bool:
        """Tell what its health check says."""
        check = subprocess.run(  # noqa: S603
            self._command("HEALTHCHECK"), cwd=self.workdir, env=self.environ, capture_output=True, check=False
        )
        return check.returncode == 0

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run its command until it is healthy, for as long as the block takes, and end it as an engine does.

        :return: the app's origin.
        :raises RuntimeError: if it ends, becomes not healthy in time, or does not end well.
        """
        with tempfile.TemporaryFile("w+b") as log:
            process = subprocess.Popen(  # noqa: S603
                self._command("CMD"), cwd=self.workdir, env=self.environ, stdout=log, stderr=log
            )

            def failed(what: str) -> RuntimeError:
                log.seek(0)
                return RuntimeError(f"{what}:\n{log.read().decode(errors='replace')[-3000:]}")

            try:
                deadline = time.monotonic() + START
                while not self.healthy():
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise failed("the app did not become healthy")
                yield f"http://127.0.0.1:{self.port}"
            finally:
                process.terminate()
                try:
                    status = process.wait(40)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise failed("the app did not end") from None
            if status:
                raise failed(f"the app ended with status {status}")


def main(dist: str) -> int:
    """Build and run it in an empty environment; return the exit code."""
    with tempfile.TemporaryDirectory() as directory:
        source, workdir, environment = (
            Path(directory, name) for name in ("source", "workdir", "environment")
        )
        source.mkdir()
        workdir.mkdir()
        context(source)
        subprocess.run([sys.executable, "-I", "-m", "venv", str(environment)], check=True)  # noqa: S603
        environ = os.environ | {
            "PATH": f"{environment / 'bin'}{os.pathsep}{os.defpath}",
            "HOME": directory,
            "PIP_FIND_LINKS": str(Path(dist).resolve()),
            "PIP_QUIET": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "FLASK_AUTH0_DOMAIN": "tenant.example.com",
            "FLASK_MCP_BASE_URL": "https://app.example.com",
            "FLASK_SECRET_KEY": os.urandom(16).hex(),
        }
        container = Container((SAMPLES / "Dockerfile").read_text("utf-8"), source, workdir, environ)
        container.build(install=True)
        with container.running() as origin:
            print(f"The container file's commands install, serve at {origin}, and are healthy.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
