"""The commands that look at a tenant and change it, as people and programs use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from flask_mcp_auth0.cli import mcp
from flask_mcp_auth0.local_tenant.server import TenantServer

from ..cli_runner import APART
from ..tenant.site import AUDIENCE, SECRET, make_app
from ..tenant.test_doctor_and_setup import (
    everything_but,
    narrow_own_grant,
    no_api,
    no_connection,
    setting,
    undefined_permission,
)
from .conftest import Run


def test_a_right_tenant_is_exit_code_0(run: Run) -> None:
    result = run("doctor")

    assert result.exit_code == 0
    assert "failure" not in result.output
    assert "skipped" in result.output
    assert result.output.rstrip().endswith("36 ok, 1 skipped.")


def test_warnings_are_exit_code_1_and_failures_2(run: Run, tenant: TenantServer) -> None:
    setting(authorization_response_iss_parameter_supported=False)(tenant.state)
    assert run("doctor").exit_code == 1

    setting(resource_parameter_profile="audience")(tenant.state)
    result = run("doctor")
    assert result.exit_code == 2
    assert "Run: flask mcp setup" in result.output
    assert "1 warning, 1 failure" in result.output


def test_a_line_to_copy_is_never_broken(run: Run, tenant: TenantServer) -> None:
    setting(resource_parameter_profile="audience")(tenant.state)

    output = run("doctor", "--only", "T3").output

    line = """auth0 api patch tenants/settings --data '{"resource_parameter_profile": "compatibility"}'"""
    assert any(one.endswith(line) for one in output.splitlines())


def test_programs_get_json(run: Run, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)

    result = run("doctor", "--json")

    findings = json.loads(result.stdout)
    assert result.exit_code == 2
    wrong = [finding for finding in findings if finding["status"] == "failure"]
    assert [finding["id"] for finding in wrong] == ["A10"]
    assert wrong[0]["cure"]["command"] == "flask mcp sync"
    assert set(wrong[0]) == {"id", "title", "group", "status", "reason", "cure", "explains", "incomplete"}


def test_only_the_named_checks_run(run: Run, tenant: TenantServer) -> None:
    result = run("doctor", "--json", "--only", "t3", "--only", "app")

    assert {finding["id"] for finding in json.loads(result.stdout)} == {"T3", *(f"S{n}" for n in range(1, 7))}
    assert tenant.state.count("GET /api/v2/connections") == 0
    unknown = run("doctor", "--only", "T99")
    assert unknown.exit_code == 2
    assert "there is no check 'T99'" in unknown.output


def test_without_a_terminal_there_is_no_colour_and_no_progress(run: Run) -> None:
    result = run("doctor")

    assert "\x1b" not in result.output
    assert result.stderr == ""


def test_a_broken_configuration_is_a_finding(run: Run) -> None:
    def broken() -> Flask:
        return make_app("", MCP_BASE_URL="ftp://x")

    result = (
        make_app("http://127.0.0.1:1")
        .test_cli_runner()
        .invoke(mcp, ["doctor"], obj=ScriptInfo(create_app=lambda: broken()))
    )

    assert result.exit_code == 2
    assert "AUTH0_DOMAIN is missing" in result.output
    assert "MCP_BASE_URL" in result.output
    assert "Traceback" not in result.output


def test_an_app_without_the_extension_is_told_what_to_do(run: Run) -> None:
    result = run("doctor", app=Flask("bare"))

    assert result.exit_code == 2
    assert "call mcp.init_app(app)" in result.output


@pytest.mark.parametrize("command", ["doctor", "setup", "sync", "tools", "connect", "clients list"])
def test_without_an_app_each_command_says_so(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner(**APART).invoke(FlaskGroup(), ["mcp", *command.split()])

    assert result.exit_code == 2
    assert "Could not locate a Flask application" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_app_that_cannot_be_loaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    info = ScriptInfo(create_app=lambda: 1 / 0)  # type: ignore[arg-type,return-value]

    result = CliRunner().invoke(mcp, ["tools"], obj=info)

    assert result.exit_code == 2
    assert "The app cannot be loaded: ZeroDivisionError" in result.output


def test_setup_shows_its_plan_and_changes_nothing_without_a_yes(run: Run, tenant: TenantServer) -> None:
    setting(resource_parameter_profile="audience")(tenant.state)

    asked = run("setup")
    assert asked.exit_code == 1
    assert "Nothing was changed" in asked.output
    dry = run("setup", "--dry-run")
    assert dry.exit_code == 0
    assert "audience  ->  compatibility" in dry.output
    assert tenant.state.settings.resource_parameter_profile == "audience"

    done = run("setup", "--yes")
    assert done.exit_code == 0
    assert "done  T3" in done.output
    assert run("doctor").exit_code == 0
    assert "There is nothing to change." in run("setup", "--yes").output


def test_setup_asks_on_a_terminal(run: Run, tenant: TenantServer, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(resource_parameter_profile="audience")(tenant.state)
    monkeypatch.setattr("flask_mcp_auth0.cli.output._somebody_is_there", lambda: True)

    assert run("setup", input="n\n").exit_code == 1
    assert tenant.state.settings.resource_parameter_profile == "audience"
    assert run("setup", input="y\n").exit_code == 0
    assert tenant.state.settings.resource_parameter_profile == "compatibility"


def test_setup_says_which_scopes_it_lacks_before_it_touches_anything(run: Run, tenant: TenantServer) -> None:
    setting(resource_parameter_profile="audience")(tenant.state)
    undefined_permission(tenant.state)
    everything_but("update:tenant_settings", "update:resource_servers")(tenant.state)

    result = run("setup", "--yes")

    assert result.exit_code == 2
    assert "Nothing was changed" in result.output
    assert "update:resource_servers, update:tenant_settings" in result.output
    assert not any(name.startswith("PATCH") for name in tenant.state.counts)


def test_setup_names_all_that_it_cannot_read_at_once(run: Run, tenant: TenantServer) -> None:
    narrow_own_grant("read:users", "read:resource_servers")(tenant.state)

    result = run("setup")

    assert result.exit_code == 2
    assert "lacks read:tenant_settings, read:client_grants, read:connections" in result.output


def test_setup_that_fails_half_way_says_how_to_go_on(run: Run, tenant: TenantServer) -> None:
    no_api(tenant.state)
    no_connection(tenant.state)
    setting(resource_parameter_profile="audience")(tenant.state)
    tenant.state.faults.add("POST /api/v2/client-grants", status=500, times=1)

    result = run("setup", "--yes")

    assert result.exit_code == 2
    assert "G1 (Grant for third-party clients) did not work" in result.output
    assert "Done: T3, A1." in result.output
    assert "Not tried: C1" in result.output
    assert "run flask mcp setup again" in result.output
    assert run("setup", "--yes").exit_code == 0
    assert run("doctor").exit_code == 0


def test_setup_names_what_it_leaves_alone(run: Run, tenant: TenantServer) -> None:
    tenant.state.settings.flags["enable_dynamic_client_registration"] = False

    result = run("setup", "--yes")

    assert "--dcr changes it" in result.stderr
    assert tenant.state.settings.flags["enable_dynamic_client_registration"] is False
    assert run("setup", "--yes", "--dcr", "--default-audience").exit_code == 0
    assert tenant.state.settings.flags["enable_dynamic_client_registration"] is True
    assert tenant.state.settings.default_audience == AUDIENCE


def test_sync_defines_what_is_missing(run: Run, tenant: TenantServer) -> None:
    undefined_permission(tenant.state)

    assert run("sync", "--dry-run").exit_code == 0
    assert "tool:close_month" not in tenant.state.resource_servers[AUDIENCE].scopes
    result = run("sync", "--yes", "--assign-role", "Accountant")

    assert result.exit_code == 0
    assert "done  defined tool:close_month" in result.output
    assert "done  the role Accountant brings tool:close_month" in result.output
    assert "There is nothing to change." in run("sync").output


def test_sync_warns_of_who_loses_what(run: Run, tenant: TenantServer) -> None:
    tenant.state.resource_servers[AUDIENCE].scopes["tool:retired"] = ""
    role = next(iter(tenant.state.roles.values()))
    role.permissions = {
        *role.permissions,
        next(iter(role.permissions))._replace(permission_name="tool:retired"),
    }

    assert "--prune tool:retired" in run("sync").output
    dry = run("sync", "--prune", "tool:retired", "--dry-run")
    assert f"the roles {role.name} lose it" in " ".join(dry.output.split())
    assert run("sync", "--prune", "tool:retired").exit_code == 1
    assert run("sync", "--prune", "tool:retired", "--yes").exit_code == 0
    assert "tool:retired" not in tenant.state.resource_servers[AUDIENCE].scopes


def test_sync_without_the_api_points_to_setup(run: Run, tenant: TenantServer) -> None:
    no_api(tenant.state)

    result = run("sync", "--yes")

    assert result.exit_code == 2
    assert "flask mcp setup" in result.output


@pytest.mark.parametrize("command", ["setup", "sync", "clients list", "explain auth0|alice close_month"])
def test_what_the_application_may_not_do_is_one_line(run: Run, tenant: TenantServer, command: str) -> None:
    narrow_own_grant("read:users")(tenant.state)

    result = run(*command.split())

    assert result.exit_code == 2
    assert "lacks read:" in result.output
    assert "AUTH0_MANAGEMENT_TOKEN" in result.output


@pytest.mark.parametrize("command", ["setup", "sync", "clients list", "explain auth0|alice close_month"])
def test_wrong_credentials_are_one_line(run: Run, tenant: TenantServer, command: str) -> None:
    app = make_app(tenant.issuer, AUTH0_CLIENT_SECRET="wrong-secret")

    result = run(*command.split(), app=app)

    assert result.exit_code == 2
    assert "access_denied" in result.output
    assert "wrong-secret" not in result.output
    assert SECRET not in result.output
