"""``python -m example_app.demo``: see ``make demo``."""

from __future__ import annotations

import argparse
import logging
import secrets
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import anyio

from .connect import print_connections
from .processes import PortTaken, Server, ServerFailed, free_port, gunicorn, listen
from .story import Stage, StepFailed, tell
from .tenant import Administrator
from .transcript import Transcript

CLIENT_ID = "support-desk"
LOYALTY_AUDIENCE = "https://loyalty.example.com"
DESCRIPTION = Path(__file__).parent.with_name("tenant.yaml")


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; return its exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the example app; 0 takes a free one")
    parser.add_argument(
        "--tenant-port", type=int, default=8400, help="of the local tenant; 0 takes a free one"
    )
    parser.add_argument("--workers", type=int, default=2, help="gunicorn workers of the example app")
    parser.add_argument("--once", action="store_true", help="end after the transcript")
    options = parser.parse_args(arguments)

    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # what it would log, the transcript says
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = Transcript()
    logs = Path(tempfile.mkdtemp(prefix="flask-mcp-auth0-demo-"))
    failed = True
    try:
        run(options, logs, say)
        failed = False
    except PortTaken as error:
        say.failure(f"{error}. Choose others: make demo PORT=8010 TENANT_PORT=8410")
    except ServerFailed as error:
        say.failure(str(error))
        say.plain(error.log)
    except StepFailed as error:
        say.failure(f"This did not go as it should: {error}")
        for log in sorted(logs.glob("*.log")):
            say.plain(f"--- {log}")
            say.plain("\n".join(log.read_text("utf-8", "replace").splitlines()[-20:]))
    except KeyboardInterrupt:
        say.plain("\nStopped.")
        failed = False
    finally:
        if not failed:
            shutil.rmtree(logs, ignore_errors=True)
    return 1 if failed else 0


def run(options: argparse.Namespace, logs: Path, say: Transcript) -> None:
    """Start the servers, tell the story, and go on serving unless told otherwise."""
    with ExitStack() as servers:
        app_socket = servers.enter_context(listen(options.port))
        loyalty_socket = servers.enter_context(listen(0))
        tenant_port = free_port(options.tenant_port)
        base_url = f"http://127.0.0.1:{app_socket.getsockname()[1]}"
        loyalty_url = f"http://127.0.0.1:{loyalty_socket.getsockname()[1]}"
        issuer = f"http://127.0.0.1:{tenant_port}/"
        mcp_url = f"{base_url}/mcp"
        client_secret, admin_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        description = logs / "tenant.yaml"
        description.write_text(DESCRIPTION.read_text("utf-8").replace("$ADMIN_CLIENT_SECRET", admin_secret))
        description.chmod(0o600)

        say.title("Starting a local tenant, the example app, and a loyalty service of another team's …")
        tenant = Server(
            "tenant",
            [
                *("-m", "flask", "mcp", "tenant", "--port", str(tenant_port), "--config", str(description)),
                *("--audience", mcp_url, "--client-id", CLIENT_ID),
            ],
            ready_url=f"{issuer}.well-known/openid-configuration",
            environment={"LOCAL_TENANT_CLIENT_SECRET": client_secret},
            logs=logs,
        )
        loyalty = Server(
            "loyalty",
            gunicorn("example_app.downstream:create_app()", loyalty_socket),
            ready_url=f"{loyalty_url}/points",
            environment={"FLASK_AUTH0_DOMAIN": issuer, "FLASK_LOYALTY_AUDIENCE": LOYALTY_AUDIENCE},
            logs=logs,
            sock=loyalty_socket,
        )
        app = Server(
            "app",
            gunicorn("example_app:create_app()", app_socket, workers=options.workers, threads=8),
            ready_url=f"{base_url}/.well-known/oauth-protected-resource",
            environment={
                "FLASK_AUTH0_DOMAIN": issuer,
                "FLASK_AUTH0_CLIENT_ID": CLIENT_ID,
                "FLASK_AUTH0_CLIENT_SECRET": client_secret,
                "FLASK_MCP_BASE_URL": base_url,
                "FLASK_SECRET_KEY": secrets.token_hex(32),
                "FLASK_ORDERS_DATABASE": str(logs / "orders.sqlite"),
                "FLASK_LOYALTY_API_URL": loyalty_url,
                "FLASK_LOYALTY_AUDIENCE": LOYALTY_AUDIENCE,
            },
            logs=logs,
            sock=app_socket,
        )
        children = [servers.enter_context(server) for server in (tenant, loyalty, app)]
        say.table(
            [
                ("tenant", f"{issuer}   stands in for Auth0"),
                ("app", f"{mcp_url}   gunicorn, {options.workers} workers with 8 threads each"),
                ("loyalty", f"{loyalty_url}   an API with an audience of its own"),
                ("logs", str(logs)),
            ]
        )
        anyio.run(tell, Stage(mcp_url, issuer, Administrator(issuer, admin_secret)), say)
        if options.once:
            say.plain()
            say.title("Every step went as told.")
            return
        print_connections(mcp_url, issuer, say)
        say.plain("   Ctrl-C stops everything.")
        while True:
            for child in children:
                child.check()
            time.sleep(0.5)


if __name__ == "__main__":
    raise SystemExit(main())
