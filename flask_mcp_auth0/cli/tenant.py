"""``flask mcp tenant``, ``token`` and ``login``: a tenant of one's own, and tokens from it.

None of them needs a Flask app. What a program wants (the token) goes to standard output, everything else to
standard error.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from .output import clean_lines

if TYPE_CHECKING:
    from ..local_tenant.model import Client
    from ..local_tenant.state import TenantState

DEFAULT_ISSUER = "http://127.0.0.1:8400/"
DEFAULT_AUDIENCE = "http://127.0.0.1:8000/mcp"
SECRET_VARIABLE = "LOCAL_TENANT_CLIENT_SECRET"  # noqa: S105


@click.command("tenant", short_help="Run a local tenant: an Auth0 of your own, for development.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8400, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--config", type=click.Path(path_type=Path), help="YAML file with users, roles, APIs, applications."
)
@click.option(
    "--audience",
    default=DEFAULT_AUDIENCE,
    show_default=True,
    help="Identifier of your MCP server ($AUDIENCE).",
)
@click.option(
    "--client-documents",
    is_flag=True,
    help="Know clients by the URL of their own description, fetched from the internet; else they register.",
)
@click.option("--issuer", help="The tenant's URL, if it is reached under another than that of host and port.")
@click.option(
    "--client-id", default="local-m2m", show_default=True, help="Id of the machine-to-machine application."
)
@click.option(
    "--client-secret",
    envvar=SECRET_VARIABLE,
    help=f"Its secret; default {SECRET_VARIABLE}, or a new one at each start.",
)
@click.option(
    "--keep-keys", type=click.Path(path_type=Path, dir_okay=False), help="Keep the signing keys in this file."
)
@click.option(
    "--keep", type=click.Path(path_type=Path, dir_okay=False), help="Keep everything in this SQLite file."
)
@click.option(
    "--https",
    "certificate_directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Speak https, with a certificate that is written into this directory.",
)
@click.option(
    "--allow-remote", is_flag=True, help="Allow an address that other machines can reach. Rarely a good idea."
)
@click.option("--quiet", is_flag=True, help="Do not write a line for each request.")
def tenant_command(
    host: str,
    port: int,
    config: Path | None,
    audience: str,
    client_documents: bool,
    issuer: str | None,
    client_id: str,
    client_secret: str | None,
    keep_keys: Path | None,
    keep: Path | None,
    certificate_directory: Path | None,
    allow_remote: bool,
    quiet: bool,
) -> None:
    """Run a local tenant: an Auth0 of your own on this machine, for development only.

    It logs people in, issues tokens, registers clients and has the Management API's endpoints, with the users
    and permissions of a YAML file. Without --keep, everything is in memory and gone when it ends.
    """
    from ..errors import ConfigurationError
    from ..local_tenant.app import create_tenant
    from ..local_tenant.persistence import KeepError, open_state
    from ..local_tenant.security import is_loopback_url, is_same_place
    from ..local_tenant.server import serve
    from ..local_tenant.state import TenantState
    from ..local_tenant.tls import make_certificate

    listener = _bind(host, port, allow_remote)
    shown = f"[{host}]" if ":" in host else host
    scheme, own_port = "https" if certificate_directory else "http", listener.getsockname()[1]
    own_issuer = issuer or f"{scheme}://{shown}:{own_port}/"

    def seed() -> TenantState:
        state = TenantState.from_yaml(
            config,
            audience=audience,
            issuer=own_issuer if own_issuer.endswith("/") else f"{own_issuer}/",
            m2m_client_id=client_id,
            m2m_client_secret=client_secret,
        )
        if client_documents or config is None:
            # A client that could describe itself would not register, and could not log in without internet.
            state.settings.client_id_metadata_document_supported = client_documents
        return state

    with ExitStack() as at_end:
        at_end.callback(listener.close)
        try:
            state = at_end.enter_context(open_state(keep, seed)).state if keep else seed()
            app = create_tenant(state, keep_keys=keep_keys)
            certificate = make_certificate(certificate_directory) if certificate_directory else None
        except (ConfigurationError, KeepError, ValueError, OSError) as error:
            raise click.ClickException(str(error)) from error
        machine = state.clients.get(client_id)
        if machine is not None and client_secret:
            machine.client_secret = client_secret
        server = serve(app, listener, said=None if quiet else _say, certificate=certificate)
        at_end.callback(server.server_close)
        if certificate is not None:
            _say("Its certificate is to be trusted by whoever calls it:")
            _say(f"  SSL_CERT_FILE={certificate.certificate} REQUESTS_CA_BUNDLE={certificate.certificate}")
        # Pages for administrators are where it listens, and on loopback alone.
        listening, issued = f"{_near(host)}:{own_port}", urlsplit(state.issuer)
        here = f"{scheme}://{listening}/" if is_loopback_url(f"{scheme}://{listening}/") else None
        if issued.scheme == scheme and is_same_place(issued.netloc, listening):
            here = state.issuer
        _announce(state, machine, here, given=bool(client_secret))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            server.serve_forever()
        except (KeyboardInterrupt, SystemExit):
            _say("The local tenant has ended.")


@click.command("token", short_help="Mint a token from a running local tenant.")
@click.option("--user", help="Name, e-mail address or id of the user; without it the token is a machine's.")
@click.option("--audience", help="Identifier of the API; default the tenant's first one.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    help="Put exactly these permissions in, whatever the user holds.",
)
@click.option("--scope", "scopes", multiple=True, help="Scopes; default the permissions.")
@click.option("--client-id", help="In the name of this application.")
@click.option("--organization", help="As a member of this organisation (name or id).")
@click.option("--lifetime", type=click.IntRange(min=1), help="Seconds; default what the API says.")
@click.option("--expired", is_flag=True, help="One that expired an hour ago.")
@click.option("--issuer", default=DEFAULT_ISSUER, show_default=True, help="The running tenant.")
def token_command(
    user: str | None,
    audience: str | None,
    permissions: tuple[str, ...],
    scopes: tuple[str, ...],
    client_id: str | None,
    organization: str | None,
    lifetime: int | None,
    expired: bool,
    issuer: str,
) -> None:
    """Print an access token, made to order by a running local tenant (`flask mcp tenant`)."""
    wanted: dict[str, Any] = {
        "user": user,
        "audience": audience,
        "permissions": list(permissions) or None,
        "scope": list(scopes) or None,
        "client_id": client_id,
        "organization": organization,
        "lifetime": lifetime,
        "expired": expired,
    }
    body = _control(issuer, "token", {key: value for key, value in wanted.items() if value is not None})
    click.echo(body["access_token"])


@click.command("login", short_help="Log in in the browser and print the access token.")
@click.option("--issuer", default=DEFAULT_ISSUER, show_default=True, help="The tenant to log in at.")
@click.option(
    "--audience",
    default=DEFAULT_AUDIENCE,
    show_default=True,
    help="Identifier of the API that the token is for.",
)
@click.option("--scope", "scopes", multiple=True, help="Scopes to ask for.")
@click.option("--client-id", help="A public application with the callback below; default: register one.")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the callback http://127.0.0.1:PORT/callback; 0 takes a free one.",
)
@click.option("--organization", help="Log in to this organisation.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option(
    "--timeout", default=300, show_default=True, type=click.IntRange(1, 3600), help="Seconds to wait."
)
def login_command(
    issuer: str,
    audience: str,
    scopes: tuple[str, ...],
    client_id: str | None,
    port: int,
    organization: str | None,
    no_browser: bool,
    timeout: int,
) -> None:
    """Log in in the browser (authorization code with PKCE) and print the access token."""
    import webbrowser

    from ..local_tenant.login import LoginError, LoopbackLogin

    try:
        login = LoopbackLogin(issuer, audience=audience, scopes=scopes, organization=organization, port=port)
        with login:
            url = login.begin(client_id)
            _say(f"Log in at:\n  {url}")
            if not no_browser and not webbrowser.open(url):
                _say("No browser could be opened: open the address yourself.")
            token = login.finish(timeout)
    except LoginError as error:
        raise click.ClickException(clean_lines(str(error))) from error
    click.echo(token["access_token"])


commands: list[click.Command] = [tenant_command, token_command, login_command]


def _bind(host: str, port: int, allow_remote: bool) -> Any:
    from ..local_tenant.server import NotLoopback, bind

    try:
        return bind(host, port, allow_remote=allow_remote)
    except NotLoopback as error:
        raise click.ClickException(
            f"{host} can be reached by other machines, and the local tenant hands out tokens to whoever asks. "
            "Use 127.0.0.1, or add --allow-remote if that is what you want."
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(
                f"Port {port} is in use. Choose another one: flask mcp tenant --port {port + 1 if port < 65535 else 0}"
            ) from error
        raise click.ClickException(
            f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}."
        ) from error


def _near(host: str) -> str:
    """The name by which this machine reaches what listens on ``host``, as a URL has it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (not to listen on)
    return f"[{host}]" if ":" in host else host


def _announce(state: TenantState, machine: Client | None, here: str | None, *, given: bool) -> None:
    """Say where the tenant is, who can log in, and what to configure."""
    _say(f"Local tenant for development only: {state.issuer}")
    _say(f"  users     {', '.join(user.username for user in state.users.values())}")
    for api in state.resource_servers.values():
        if not api.is_system:
            _say(f"  API       {api.identifier}")
    if here is not None:
        _say(f"  admin     {here}admin/")
    _say("Configure your app with:")
    _say(f"  FLASK_AUTH0_DOMAIN={state.issuer}")
    if machine is not None:
        _say(f"  FLASK_AUTH0_CLIENT_ID={machine.client_id}")
        _say(f"  FLASK_AUTH0_CLIENT_SECRET={'(the one you gave)' if given else machine.client_secret}")


def _control(issuer: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    import requests

    url = f"{issuer.rstrip('/')}/_control/{path}"
    try:
        response = requests.post(
            url, json=body, headers={"X-Local-Tenant-Control": "1"}, timeout=(3, 10), allow_redirects=False
        )
        answer = response.json()
    except requests.ConnectionError as error:
        raise click.ClickException(
            f"No local tenant answers at {issuer}. Start one: flask mcp tenant"
        ) from error
    except (requests.RequestException, json.JSONDecodeError) as error:
        raise click.ClickException(f"What answers at {issuer} is not a local tenant.") from error
    if response.status_code != 200 or not isinstance(answer, dict):
        text = answer.get("error_description") or answer.get("message") if isinstance(answer, dict) else None
        raise click.ClickException(clean_lines(str(text or f"{url} answered {response.status_code}.")))
    return answer


def _say(text: str) -> None:
    click.echo(clean_lines(text), err=True)
