"""``flask mcp tenant``, ``token`` and ``login``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from flask_mcp_auth0.cli.tenant import commands, login_command, tenant_command, token_command
from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.server import TenantServer, bind

from ..cli_runner import APART
from .conftest import SEED
from .flow import claims_of
from .test_clients import press_through

AUDIENCE = "http://127.0.0.1:8000/mcp"


@pytest.fixture
def server(keys: KeyRing) -> Iterator[TenantServer]:
    with TenantServer(keys=keys) as server:
        yield server


def run(command: object, *arguments: str) -> Result:
    return CliRunner(**APART).invoke(command, arguments)  # type: ignore[arg-type]


def refusal(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return result.stderr


def test_three_commands_are_offered() -> None:
    assert [command.name for command in commands] == ["tenant", "token", "login"]


def test_a_token_is_all_that_goes_to_standard_output(server: TenantServer) -> None:
    result = run(token_command, "--user", "alice", "--issuer", server.issuer)
    assert result.exit_code == 0
    assert claims_of(result.stdout.strip())["permissions"] == ["tool:monthly_report"]


def test_a_token_to_order(server: TenantServer) -> None:
    arguments = [
        "--user",
        "bob",
        "--permission",
        "a",
        "--permission",
        "b",
        "--expired",
        "--issuer",
        server.issuer,
    ]
    claims = claims_of(run(token_command, *arguments).stdout.strip())
    assert claims["permissions"] == ["a", "b"]
    assert claims["exp"] < claims["exp"] + 1 <= server.state.now()


def test_a_user_that_does_not_exist_is_named_with_those_who_do(server: TenantServer) -> None:
    result = run(token_command, "--user", "carol", "--issuer", server.issuer)
    assert refusal(result) == "Error: There is no user 'carol'; there are: alice, bob.\n"


def test_without_a_tenant_the_command_says_how_to_start_one() -> None:
    result = run(token_command, "--user", "alice", "--issuer", "http://127.0.0.1:9/")
    assert "flask mcp tenant" in refusal(result)


def test_something_else_at_the_address_is_no_tenant(server: TenantServer) -> None:
    result = run(token_command, "--issuer", f"{server.issuer}.well-known/jwks.json?")
    assert result.exit_code == 1


def test_a_login_in_the_browser_prints_the_token(
    server: TenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def browser(url: str) -> bool:
        def person() -> None:
            requests.get(press_through(url, "alice"), timeout=5)

        threading.Thread(target=person).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    result = run(login_command, "--issuer", server.issuer, "--scope", "tool:monthly_report")
    assert result.exit_code == 0, result.output
    assert claims_of(result.stdout.strip())["scope"] == "tool:monthly_report"
    assert "Log in at:" in result.stderr


def test_without_a_browser_the_address_is_shown_and_the_wait_ends(
    server: TenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    result = run(login_command, "--issuer", server.issuer, "--timeout", "1")
    assert "open the address yourself" in result.stderr
    assert "Nobody logged in within 1 seconds" in refusal(result)


def test_a_port_in_use_is_told_with_how_to_choose_another() -> None:
    taken = bind("127.0.0.1", 0)
    port = taken.getsockname()[1]
    text = refusal(run(tenant_command, "--port", str(port)))
    assert text == f"Error: Port {port} is in use. Choose another one: flask mcp tenant --port {port + 1}\n"
    taken.close()


def test_an_address_that_others_reach_is_refused() -> None:
    assert "--allow-remote" in refusal(run(tenant_command, "--host", "0.0.0.0", "--port", "0"))


def test_an_address_that_is_not_ours_is_told(tmp_path: Path) -> None:
    text = refusal(run(tenant_command, "--host", "192.0.2.1", "--port", "0", "--allow-remote"))
    assert "Cannot listen on 192.0.2.1" in text


def test_mistakes_in_the_description_are_told_plainly(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text("users:\n  - username: x\n")
    text = refusal(run(tenant_command, "--config", str(file), "--port", "0"))
    assert text == "Error: users.0.password: Field required.\n"
    assert "missing.yaml" in refusal(run(tenant_command, "--config", "missing.yaml", "--port", "0"))


class Running:
    """``flask mcp tenant`` as a process of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        code = "from flask_mcp_auth0.cli.tenant import tenant_command; tenant_command()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.said: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.strip())
            if line.strip().startswith("FLASK_AUTH0_CLIENT_SECRET="):
                break
        self.issuer = self.said[0].rpartition(" ")[2]
        self.secret = self.said[-1].partition("=")[2]

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return rest


def machine_status(running: Running, client_id: str, secret: str) -> int:
    body = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "audience": f"{running.issuer}api/v2/",
    }
    return requests.post(f"{running.issuer}oauth/token", data=body, timeout=5).status_code


def test_the_command_says_what_to_configure_and_ends_when_told(tmp_path: Path) -> None:
    running = Running("--audience", "http://localhost:3001/")
    assert running.said[0].startswith("Local tenant for development only: http://127.0.0.1:")
    assert "API       http://localhost:3001/" in running.said
    assert f"FLASK_AUTH0_DOMAIN={running.issuer}" in running.said
    assert machine_status(running, "local-m2m", running.secret) == 200
    rest = running.end()
    assert "POST /oauth/token 200" in rest
    assert "ended" in rest


@pytest.mark.parametrize("arguments", [(), ("--client-documents",)])
def test_clients_need_no_internet_to_log_in_unless_it_is_told_that_there_is_one(
    arguments: tuple[str, ...],
) -> None:
    running = Running(*arguments)
    document = requests.get(f"{running.issuer}.well-known/oauth-authorization-server", timeout=5).json()
    assert document["client_id_metadata_document_supported"] is bool(arguments)
    assert document["registration_endpoint"]
    running.end()


def test_the_command_speaks_https_when_told(tmp_path: Path) -> None:
    running = Running("--https", str(tmp_path))
    issuer = next(line for line in running.said if line.startswith("Local tenant")).rpartition(" ")[2]
    assert issuer.startswith("https://127.0.0.1:")
    trusted = str(tmp_path / "local-tenant.pem")
    document = requests.get(f"{issuer}.well-known/openid-configuration", verify=trusted, timeout=5).json()
    assert document["issuer"] == issuer
    running.end()


def test_behind_a_tunnel_administrators_and_tokens_are_at_the_loopback_address() -> None:
    running = Running("--issuer", "https://abc.tunnel.example/")
    admin = next(line for line in running.said if line.startswith("admin")).split()[1]
    assert requests.get(admin, timeout=5).status_code == 200
    base = admin.removesuffix("admin/")
    assert base.startswith("http://127.0.0.1:")
    result = run(token_command, "--user", "alice", "--issuer", base)
    assert claims_of(result.stdout.strip())["iss"] == "https://abc.tunnel.example/"
    headers = {"Host": "abc.tunnel.example", "X-Local-Tenant-Control": "1"}
    assert requests.post(f"{base}_control/token", json={}, headers=headers, timeout=5).status_code == 403
    running.end()


def test_secret_and_keys_and_everything_else_can_be_kept(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text(SEED)
    arguments = [
        *("--config", str(file), "--client-id", "server", "--quiet"),
        *("--keep", str(tmp_path / "state.db"), "--keep-keys", str(tmp_path / "keys.pem")),
    ]
    first = Running(*arguments, LOCAL_TENANT_CLIENT_SECRET="from-the-environment")
    assert first.secret == "(the one you gave)"
    assert machine_status(first, "server", "from-the-environment") == 200
    registration = {"redirect_uris": ["http://localhost/x"], "token_endpoint_auth_method": "none"}
    client = requests.post(f"{first.issuer}oidc/register", json=registration, timeout=5).json()
    keys = requests.get(f"{first.issuer}.well-known/jwks.json", timeout=5).json()
    assert "POST" not in first.end()
    second = Running(*arguments)
    assert second.secret == "from-the-environment"
    assert requests.get(f"{second.issuer}.well-known/jwks.json", timeout=5).json() == keys
    query = f"client_id={client['client_id']}&redirect_uri=http://localhost/x&response_type=token"
    page = requests.get(f"{second.issuer}authorize?{query}", timeout=5)
    assert "Unknown client" not in page.text
    second.end()
