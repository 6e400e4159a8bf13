"""explain, inspect-token, tools, call, clients and connect, as people use them."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from flask_mcp_auth0 import Auth0MCP, Call, Image, MirroredHeader, ToolError
from flask_mcp_auth0.cli import mcp
from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
from flask_mcp_auth0.local_tenant.model import Client
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.tenant import tenant_of

from ..tenant.site import AUDIENCE, BASE_URL, SECRET, make_app
from ..tenant.test_doctor_and_setup import everything_but
from .conftest import Run

DAY = 86_400


def token_of(tenant: TenantServer, user: str = "alice", **wanted: Any) -> str:
    order = MintRequest.model_validate({"user": user, "audience": AUDIENCE, **wanted})
    token: str = mint(tenant_of(tenant.app), order)["access_token"]
    return token


# -- explain


def test_explain_answers_yes_and_no_with_exit_codes(run: Run) -> None:
    yes = run("explain", "alice@example.com", "monthly_report")
    assert yes.exit_code == 0
    assert "by the role Accountant" in yes.output
    assert "Yes: the permission is held." in yes.output

    no = run("explain", "auth0|bob", "monthly_report")
    assert no.exit_code == 2
    assert "Cure: give tool:monthly_report" in no.output


def test_explain_looks_at_a_token_without_showing_it(run: Run, tenant: TenantServer) -> None:
    token = token_of(tenant)

    result = run("explain", "auth0|alice", "monthly_report", "--token", "-", "--json", input=token)

    topics = {line["topic"] for line in json.loads(result.stdout)["lines"]}
    assert "in the token" in topics
    assert token.split(".")[2] not in result.output
    refused = run("explain", "auth0|alice", "monthly_report", "--token", "-", input="nonsense")
    assert refused.exit_code == 2
    assert "flask mcp inspect-token" in refused.output


def test_explain_takes_the_organization_of_the_token(run: Run, tenant: TenantServer) -> None:
    token = token_of(tenant, organization="acme")

    result = run("explain", "auth0|alice", "close_month", "--token", "-", input=token)

    assert result.exit_code == 0
    assert "Head of accounts within org_" in " ".join(result.output.split())


# -- inspect-token


def test_inspect_token_reads_standard_input_or_a_file_and_shows_neither(
    run: Run, tenant: TenantServer, tmp_path: Path
) -> None:
    token = token_of(tenant)
    file = tmp_path / "token"
    file.write_text(f"Bearer {token}\n")

    for result in (run("inspect-token", input=token), run("inspect-token", str(file))):
        assert result.exit_code == 0
        assert "auth0|alice" in result.output
        assert "The app's verdict: accepted" in result.output
        assert not any(part in result.output for part in token.split("."))


def test_inspect_token_names_every_broken_rule(run: Run, tenant: TenantServer) -> None:
    token = token_of(tenant, expired=True)

    result = run("inspect-token", "--json", input=token)

    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert [rule["name"] for rule in found["rules"] if rule["passed"] is False] == ["time"]
    assert found["verdict"].startswith("refused (token_expired)")


@pytest.mark.parametrize(("arguments", "text"), [(("nowhere",), "cannot be read"), ((), "no token to read")])
def test_inspect_token_without_a_token_says_so(run: Run, arguments: tuple[str, ...], text: str) -> None:
    result = run("inspect-token", *arguments, input="")

    assert result.exit_code == 2
    assert text in result.output


# -- tools


def test_tools_lists_who_may(run: Run) -> None:
    result = run("tools")

    assert result.exit_code == 0
    lines = {line.split()[1]: line for line in result.stdout.splitlines()[1:]}
    assert "everybody with a token" in lines["greet"]
    assert "[name]" in lines["greet"]
    assert "permission tool:close_month" in lines["close_month"]


def test_tools_shows_one_with_its_schema(run: Run) -> None:
    result = run("tools", "close_month")

    assert '"month"' in result.output
    assert "Close a month's books." in result.output
    assert "site.py:" in result.output
    definition = json.loads(run("tools", "close_month", "--json").stdout)["definition"]
    assert definition["name"] == "close_month"
    assert run("tools", "nothing").exit_code == 2


@pytest.fixture
def rich(tenant: TenantServer) -> Flask:
    """An app with everything that the commands have to show."""
    app = Flask("rich")
    app.config |= {
        "AUTH0_DOMAIN": tenant.issuer,
        "AUTH0_CLIENT_ID": "local-m2m",
        "AUTH0_CLIENT_SECRET": SECRET,
        "MCP_BASE_URL": BASE_URL,
        "MCP_ANONYMOUS": True,
        "SECRET_KEY": "what seals in the tests",
    }
    mcp = Auth0MCP()

    @mcp.tool(anonymous=True)
    def ping() -> str:
        return "pong"

    @mcp.tool
    def slow(call: Call) -> str:
        call.progress(1, 2, "half way")
        call.log("info", "still here")
        return "done"

    @mcp.tool
    def picture() -> Image:
        return Image(data=b"\x89PNG", mime_type="image/png")

    @mcp.tool
    def echo(text: str, times: int = 1, tags: list[str] | None = None) -> dict[str, Any]:
        return {"text": text, "times": times, "tags": tags}

    @mcp.tool
    def regional(region: Any) -> str:
        return str(region)

    @mcp.protected_tool(
        permissions=["tool:monthly_report", "tool:close_month"], match="any", scopes=["books"]
    )
    def either() -> str:
        return "either"

    @mcp.resource("books://{year}", name="book")
    def book(year: int) -> str:
        return str(year)

    @mcp.prompt
    def summarise(topic: str) -> str:
        return topic

    mcp.init_app(app)
    return app


def test_tools_tells_resources_and_prompts_too(run: Run, rich: Flask) -> None:
    output = " ".join(run("tools", app=rich).stdout.split())

    assert "tool ping - everybody, without a token" in output
    assert "permission tool:monthly_report or tool:close_month, scope books" in output
    assert "resource book books://{year}" in output
    assert "prompt summarise topic" in output
    assert run("tools", app=make_bare(rich)).stdout.startswith("The app exposes nothing")


def make_bare(like: Flask) -> Flask:
    app = Flask("empty")
    app.config |= {
        key: value for key, value in like.config.items() if key.startswith(("AUTH0", "MCP", "SECRET"))
    }
    Auth0MCP(app)
    return app


# -- call


def test_call_as_a_user_of_the_local_tenant(run: Run) -> None:
    result = run("call", "monthly_report", "month=3", "--user", "alice")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"month": 3, "total": 7}


def test_call_goes_through_permission_and_schema(run: Run) -> None:
    denied = run("call", "monthly_report", "month=3", "--user", "bob")
    assert denied.exit_code == 1
    assert "You don't have permission to use the 'monthly_report' tool." in denied.stderr

    invalid = run("call", "monthly_report", "month=soon", "--user", "alice")
    assert invalid.exit_code == 1
    assert "month" in invalid.stderr


def test_call_as_a_member_of_an_organization(run: Run) -> None:
    assert run("call", "close_month", "month=3", "--user", "alice").exit_code == 1
    assert run("call", "close_month", "month=3", "--user", "alice", "--organization", "acme").exit_code == 0


def test_call_takes_a_token_from_the_environment_or_standard_input(
    run: Run, tenant: TenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", token_of(tenant))

    assert run("call", "greet", "name=Ada", "--token-env", "MY_TOKEN").stdout == "Hello, Ada!\n"
    assert run("call", "greet", "--token", "-", input=token_of(tenant)).stdout == "Hello, you!\n"
    assert run("call", "greet", "--token-env", "NO_SUCH").exit_code == 2


def test_call_without_anybody_is_refused_as_the_endpoint_refuses_it(run: Run) -> None:
    result = run("call", "greet")

    assert result.exit_code == 2
    assert "HTTP 401: unauthorized" in result.stderr


def test_call_of_an_anonymous_tool_needs_nobody(run: Run, rich: Flask) -> None:
    assert run("call", "ping", app=rich).stdout == "pong\n"


def test_call_shows_progress_beside_the_result(run: Run, rich: Flask) -> None:
    result = run("call", "slow", "--user", "alice", app=rich)

    assert result.stdout == "done\n"
    assert "progress: half way" in result.stderr
    assert "message: still here" in result.stderr
    assert result.exit_code == 0


HOSTILE = "Desk \x1b[2J\x1b]0;owned\x07\x9b31m\u202e\x7f end"
MOVES = ("\x1b", "\x07", "\x9b", "\u202e", "\x7f")


def moves_the_cursor(text: str) -> bool:
    return any(char in text for char in MOVES)


def on_a_terminal(app: Flask, *arguments: str) -> str:
    """Run a command whose standard output and error are a terminal, and return what got there."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        patch.setattr(sys, "stderr", terminal)
        with pytest.raises(SystemExit):
            mcp.main(list(arguments), obj=ScriptInfo(create_app=lambda: app))
        terminal.flush()
        shown = os.read(ours, 65536).decode()
    os.close(ours)
    return shown


@pytest.fixture
def hostile(tenant: TenantServer) -> Flask:
    """An app whose tools return what strangers wrote."""
    app = Flask("hostile")
    app.config |= make_app(tenant.issuer).config
    extension = Auth0MCP()

    @extension.tool
    def letter() -> str:
        """A letter."""
        return f"First line\n{HOSTILE}"

    @extension.tool
    def complaint() -> str:
        """A complaint."""
        raise ToolError(HOSTILE)

    @extension.tool
    def diary(call: Call) -> str:
        """A diary."""
        call.progress(1, message=HOSTILE)
        return "done"

    extension.init_app(app)
    return app


@pytest.mark.parametrize("tool", ["letter", "complaint", "diary"])
def test_what_a_tool_returns_cannot_steer_the_terminal(hostile: Flask, tool: str) -> None:
    shown = on_a_terminal(hostile, "call", tool, "--user", "alice")

    assert "Desk" in shown
    assert not moves_the_cursor(shown)
    assert tool != "letter" or "First line\r\n" in shown


def test_programs_get_a_tools_text_as_it_is(run: Run, hostile: Flask) -> None:
    # click itself takes colours out where nobody looks.
    expected = f"First line\n{HOSTILE}\n".replace("\x1b[2J", "")
    assert run("call", "letter", "--user", "alice", app=hostile).stdout == expected


def test_call_names_what_is_no_text(run: Run, rich: Flask) -> None:
    assert run("call", "picture", "--user", "alice", app=rich).stdout == "[image image/png]\n"


def test_call_reads_arguments_as_the_schema_says(run: Run, rich: Flask) -> None:
    result = run("call", "echo", "text=42", "times=3", 'tags:=["a"]', "--user", "alice", "--json", app=rich)

    assert json.loads(result.stdout)["structuredContent"] == {"text": "42", "times": 3, "tags": ["a"]}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nothing",), "There is no tool called 'nothing'; there are: greet"),
        (("greet", "name"), "'name' is not KEY=VALUE"),
        (("greet", "name:={"), "name is not JSON"),
        (("greet", "--user", "nobody"), "There is no user 'nobody'"),
        (("greet", "--user", "alice", "--token-env", "X"), "Say once who is calling"),
        (("greet", "--organization", "acme"), "goes with --user"),
    ],
)
def test_call_says_what_is_wrong_with_its_arguments(run: Run, arguments: tuple[str, ...], text: str) -> None:
    result = run("call", *arguments)

    assert result.exit_code == 2
    assert text in result.output


def test_call_as_a_user_needs_a_local_tenant(run: Run) -> None:
    result = run("call", "greet", "--user", "alice", app=make_app("https://tenant.example.com"))

    assert result.exit_code == 2
    assert "local tenant only" in result.output


def test_call_mirrors_headers_as_a_client_does(run: Run, tenant: TenantServer) -> None:
    app = make_bare(make_app(tenant.issuer))
    app = Flask("mirrors")
    app.config |= make_app(tenant.issuer).config
    mcp = Auth0MCP()

    def weather(region) -> str:  # type: ignore[no-untyped-def]
        return f"Rain in {region}."

    from typing import Annotated

    weather.__annotations__["region"] = Annotated[str, MirroredHeader("Region")]
    mcp.tool(weather)
    mcp.init_app(app)

    assert run("call", "weather", "region=Zürich", "--user", "alice", app=app).stdout == "Rain in Zürich.\n"


# -- clients


def add_client(tenant: TenantServer, client_id: str, days: float, how: str | None = "dcr") -> None:
    tenant.state.clients[client_id] = Client(
        client_id,
        "Claude",
        is_first_party=False,
        third_party_security_mode="strict",
        external_metadata_type=how,
        created_at=time.time() - days * DAY,
    )


def test_clients_are_listed_oldest_first(run: Run, tenant: TenantServer) -> None:
    add_client(tenant, "tpc_new", 1)
    add_client(tenant, "tpc_old", 40)

    lines = run("clients", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["tpc_old", "tpc_new"]
    assert "40 d" in lines[1]
    assert [one["client_id"] for one in json.loads(run("clients", "list", "--json").stdout)] == [
        "tpc_old",
        "tpc_new",
    ]


def test_a_clients_name_cannot_steer_the_terminal(run: Run, tenant: TenantServer) -> None:
    add_client(tenant, "tpc_x", 1)
    name = f"{HOSTILE} Zoë \U0001f600 \U000e0001"
    tenant.state.clients["tpc_x"].name = name

    assert not moves_the_cursor(run("clients", "list").stdout)
    printed = run("clients", "list", "--json").stdout
    assert not moves_the_cursor(printed)
    assert "\U000e0001" not in printed
    assert "Zoë \U0001f600" in printed
    assert json.loads(printed)[0]["name"] == name


def test_clients_prune_removes_old_registrations_and_no_others(run: Run, tenant: TenantServer) -> None:
    add_client(tenant, "tpc_old", 40)
    add_client(tenant, "tpc_new", 1)
    add_client(tenant, "tpc_document", 40, "cimd")
    add_client(tenant, "tpc_by_hand", 40, None)
    before = set(tenant.state.clients)

    assert "tpc_old" in run("clients", "prune", "--dry-run").stdout
    assert run("clients", "prune").exit_code == 1
    assert set(tenant.state.clients) == before
    assert run("clients", "prune", "--yes").stdout.endswith("Deleted 1.\n")
    assert set(tenant.state.clients) == before - {"tpc_old"}
    assert "No client registered itself" in run("clients", "prune").stdout


def test_clients_prune_cures_what_doctor_warns_of(run: Run, tenant: TenantServer) -> None:
    for number in range(9):
        add_client(tenant, f"tpc_{number}", 40)

    assert run("doctor", "--only", "X1").exit_code == 1
    assert run("clients", "prune", "--yes").exit_code == 0
    assert run("doctor", "--only", "X1").exit_code == 0


def test_clients_prune_says_how_far_it_came(run: Run, tenant: TenantServer) -> None:
    for number in range(3):
        add_client(tenant, f"tpc_{number}", 40 + number)
    tenant.state.faults.add("DELETE /api/v2/clients/tpc_1", status=500)

    result = run("clients", "prune", "--yes")

    assert result.exit_code == 2
    assert "tpc_1 was not deleted" in result.output
    assert "Deleted before it: 1 of 3" in result.output


def test_clients_prune_wants_an_age(run: Run, tenant: TenantServer) -> None:
    result = run("clients", "prune", "--older-than", "long")

    assert result.exit_code == 2
    assert "is not an age such as 30d" in result.output


@pytest.fixture
def documents(tenant: TenantServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL whose metadata document the tenant can fetch."""
    url = "https://client.example.com/metadata.json"
    document = {
        "client_id": url,
        "client_name": "Desk",
        "redirect_uris": ["https://client.example.com/callback"],
    }
    target = "flask_mcp_auth0.local_tenant.management.client_documents.fetch_document"
    monkeypatch.setattr(target, lambda tenant, url: document)
    monkeypatch.setattr(
        "flask_mcp_auth0.local_tenant.client_documents.fetch_document", lambda tenant, url: document
    )
    return url


def test_clients_register_takes_a_metadata_document(run: Run, tenant: TenantServer, documents: str) -> None:
    assert "Desk" in run("clients", "register", documents, "--dry-run").stdout
    assert tenant.state.find_client(documents) is None
    first = run("clients", "register", documents)
    assert first.exit_code == 0
    assert "Registered as tpc_" in first.stdout
    assert run("clients", "register", documents).stdout == first.stdout


def test_clients_register_says_why_not(run: Run, tenant: TenantServer) -> None:
    result = run("clients", "register", "http://localhost/x")
    assert result.exit_code == 2
    assert "the document is not accepted" in result.output

    everything_but("read:clients")(tenant.state)
    assert "read:clients" in run("clients", "register", "https://x.example.com/y").output


def test_what_a_metadata_document_holds_cannot_steer_the_terminal(run: Run, tenant: TenantServer) -> None:
    problem = f"client_name '{HOSTILE}\nError: all is well' is too long"
    tenant.state.faults.add(
        "POST /api/v2/clients/cimd/preview",
        status=200,
        content=json.dumps({"errors": [problem]}),
        content_type="application/json",
    )

    result = run("clients", "register", "https://client.example.com/metadata.json")

    assert result.exit_code == 2
    assert "is too long" in result.output
    assert not moves_the_cursor(result.output)
    assert len(result.output.splitlines()) == 1


# -- connect


def test_connect_prints_every_client_without_a_secret(run: Run) -> None:
    result = run("connect")

    for title in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "ChatGPT", "MCP Inspector"):
        assert title in result.output
    assert f"claude mcp add --transport http accounts {BASE_URL}/mcp" in result.output
    assert SECRET not in result.output
    assert "local-m2m" not in result.output
    assert "cannot be reached from there" in result.stderr


def test_connect_prints_one(run: Run) -> None:
    result = run("connect", "Claude-Code")

    assert "VS Code" not in result.output
    assert run("connect", "netscape").exit_code == 2


def test_a_date_of_the_tenant_is_read_as_one() -> None:
    assert datetime.fromisoformat("2026-11-01T00:00:00.000Z") == datetime(2026, 11, 1, tzinfo=UTC)
