"""Run the commands that the documentation shows, each in a real terminal, and draw what is on its screen.

``make pictures`` runs it. The tenant, the app and the demo are on the ports that the documentation names.
"""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape, quoteattr

import pyte

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
BIN = Path(sys.executable).parent

sys.path.insert(0, str(ROOT))

from example_app.demo.processes import wait_until_ready  # noqa: E402
from flask_mcp_auth0.local_tenant.server import TenantServer  # noqa: E402

BASE_URL = "http://127.0.0.1:8000"
SECRET = "any-secret-you-like"  # noqa: S105
COLOURS = {"green": "#7ee787", "brown": "#e3b341", "red": "#ff7b72", "blue": "#79c0ff", "cyan": "#76e3ea"}
LINE, CELL, LEFT, TOP = 18, 8.4, 16, 54


def run(
    command: str, folder: Path, environment: Mapping[str, str], answers: Mapping[str, str] | None = None
) -> pyte.Screen:
    """Type a command in; return the screen once it has ended.

    :param answers: what is typed in when the screen's last line ends with the key.
    """
    columns = int(environment.get("COLUMNS", "100"))
    screen, left = pyte.Screen(columns, 250), dict(answers or {})
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[1m$ {command}\x1b[0m\r\n".encode())
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe("/bin/sh", ["sh", "-c", command], environment)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            printed = os.read(terminal, 65_536)
        except OSError:  # how Linux tells that the other end is closed
            break
        stream.feed(printed)
        written = screen.display[screen.cursor.y].rstrip()
        for question in [question for question in left if written.endswith(question)]:
            os.write(terminal, f"{left.pop(question)}\n".encode())
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 2 or left:
        raise SystemExit(f"{command} ended with {status}:\n" + "\n".join(screen.display).rstrip())
    return screen


Run = tuple[int, str, str, bool]


def runs(screen: pyte.Screen, height: int | None = None) -> list[list[Run]]:
    """Return each line's pieces: where one begins, its text, its colour, whether it is bold.

    :param height: how many lines; default those above the cursor, and its own.
    """
    lines: list[list[Run]] = []
    for y in range(height or screen.cursor.y + 1):
        cells, pieces, x = [screen.buffer[y][x] for x in range(screen.columns)], list[Run](), 0
        for (colour, bold), same in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
            text = "".join(cell.data for cell in same)
            for piece in re.finditer(r"\S+(?: \S+)*", text):
                pieces.append((x + piece.start(), piece[0], colour, bold))
            x += len(text)
        lines.append(pieces)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def draw(name: str, title: str, lines: Sequence[list[Run]]) -> None:
    """Write a picture of a terminal's lines."""
    right = max(x + len(text) for line in lines for x, text, _, _ in line)
    width, height = round(right * CELL + 2 * LEFT), TOP + len(lines) * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label={quoteattr(title)}>',
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        '<g fill="#30363d"><circle cx="20" cy="18" r="5"/><circle cx="38" cy="18" r="5"/>'
        '<circle cx="56" cy="18" r="5"/></g>',
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14"'
        ' fill="#e6edf3" xml:space="preserve">',
    ]
    for number, line in enumerate(lines):
        for x, text, colour, bold in line:
            style = f' fill="{COLOURS[colour]}"' if colour in COLOURS else ""
            style += ' font-weight="bold"' if bold else ""
            parts.append(
                f'<text x="{LEFT + x * CELL:.1f}" y="{TOP + number * LINE}" '
                f'textLength="{len(text) * CELL:.1f}"{style}>{escape(text)}</text>'
            )
    (IMAGES / f"{name}.svg").write_text("\n".join([*parts, "</g>", "</svg>", ""]), "utf-8")


@contextmanager
def reports(tenant: TenantServer) -> Iterator[tuple[Path, dict[str, str]]]:
    """The tutorial's app, served; yields its folder and its environment."""
    tenant.state.clients["local-m2m"].client_secret = SECRET
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm-256color",
        "COLUMNS": "118",
        "FLASK_APP": "app:create_app()",
        "FLASK_AUTH0_DOMAIN": tenant.issuer,
        "FLASK_AUTH0_CLIENT_ID": "local-m2m",
        "FLASK_AUTH0_CLIENT_SECRET": SECRET,
        "FLASK_MCP_BASE_URL": BASE_URL,
        "FLASK_SECRET_KEY": "of-these-pictures-only",
    }
    environment.pop("NO_COLOR", None)
    command = [str(BIN / "gunicorn"), "--bind", BASE_URL.removeprefix("http://"), "--threads", "8"]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text((ROOT / "docs" / "samples" / "quickstart.py").read_text("utf-8"))
        served = subprocess.Popen(
            [*command, "--graceful-timeout", "1", "--log-level", "error", "app:create_app()"],
            cwd=folder,
            env=environment,
        )
        try:
            wait_until_ready(f"{BASE_URL}/mcp/health", lambda: None)
            yield folder, environment
        finally:
            served.terminate()
            served.wait(30)


def local_tenant() -> TenantServer:
    """The tutorial's tenant."""
    return TenantServer(audience=f"{BASE_URL}/mcp", port=8400)


def neglect(tenant: TenantServer) -> None:
    """Leave a tenant as if its administrator had hardly begun to set it up."""
    state, settings = tenant.state, tenant.state.settings
    settings.resource_parameter_profile = "audience"
    settings.authorization_response_iss_parameter_supported = False
    for key in [key for key, grant in state.client_grants.items() if grant.default_for is not None]:
        del state.client_grants[key]
    for connection in state.connections.values():
        connection.is_domain_connection = False
    api = next(api for api in state.resource_servers.values() if api.identifier == f"{BASE_URL}/mcp")
    api.enforce_policies, api.scopes = False, {}


def main() -> None:
    """Draw the demo, and what the doctor and the set-up say of a tenant that is not right."""
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    demo = runs(run("make demo ONCE=1", ROOT, environment))
    begin = next(n for n, line in enumerate(demo) if line and line[0][1].startswith("8. "))
    draw(
        "demo",
        "make demo: Bob is refused a tool, the administrator grants it, and the same call works",
        [demo[0], [(0, "…", "default", False)], [], *demo[begin:]],
    )
    with local_tenant() as tenant, reports(tenant) as (folder, environment):
        neglect(tenant)
        looked = runs(run("flask mcp doctor", folder, environment))
        draw("doctor", "flask mcp doctor names what is wrong with a tenant, each with its cure", looked)
        set_up = runs(run("flask mcp setup", folder, environment, {"[y/N]:": "y"}))
        again = runs(run("flask mcp doctor --only tenant --only api", folder, environment))
        draw(
            "setup",
            "flask mcp setup shows its plan, asks, and carries it out; flask mcp doctor is content",
            [*set_up, [], *again],
        )


if __name__ == "__main__":
    main()
