"""A tenant that is kept on disk."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from auth0.management import Auth0

from flask_mcp_auth0.local_tenant import persistence
from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.persistence import Keeper, KeepError, open_state
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE, SEED

BOB = "auth0|bob"
REFUND = Permission(AUDIENCE, "tool:refund")


def seed(issuer: str = "http://127.0.0.1:8400/") -> TenantState:
    return TenantState.from_yaml(SEED, audience=AUDIENCE, issuer=issuer)


def test_a_new_file_begins_with_the_seed_and_later_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    first = open_state(path, seed)
    first.state.assign(BOB, [REFUND])
    first.close()
    second = open_state(path, seed)
    assert second.state.users[BOB].permissions == {REFUND}
    assert second.state.clients["backend"].client_secret == "backend-secret"
    second.close()


def test_what_is_kept_under_one_address_opens_under_another(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    open_state(path, seed).close()
    moved = open_state(path, lambda: seed("http://127.0.0.1:9999/"))
    assert "http://127.0.0.1:9999/api/v2/" in moved.state.resource_servers
    assert moved.state.issuer == "http://127.0.0.1:9999/"


def test_only_a_change_is_written(tmp_path: Path) -> None:
    keeper = open_state(tmp_path / "tenant.sqlite", seed)
    assert keeper.save() is False
    keeper.state.assign(BOB, [REFUND])
    assert keeper.save() is True
    assert keeper.save() is False


def test_a_change_through_the_api_is_saved_without_being_told_to(
    tmp_path: Path, state: TenantState, auth0: Auth0, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "INTERVAL", 0.001)
    path = tmp_path / "tenant.sqlite"
    keeper = Keeper(path, state)
    with keeper:
        permission = {"resource_server_identifier": AUDIENCE, "permission_name": "tool:refund"}
        auth0.users.permissions.create(BOB, permissions=[permission])
    assert open_state(path, seed).state.users[BOB].permissions == {REFUND}


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    open_state(path, seed).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, not a tenant. " * 100)
    with pytest.raises(KeepError, match="not a tenant's file"):
        open_state(path, seed)
    with pytest.raises(KeepError, match="cannot be opened"):
        open_state(tmp_path / "missing" / "tenant.sqlite", seed)


@pytest.mark.parametrize(("format_", "text"), [(99, "{}"), (1, "{"), (1, '{"format": 1}'), (1, "[]")])
def test_a_damaged_file_is_refused(tmp_path: Path, format_: int, text: str) -> None:
    path = tmp_path / "tenant.sqlite"
    open_state(path, seed).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tenant SET format = ?, state = ?", (format_, text))
    with pytest.raises(KeepError, match=r"tenant\.sqlite"):
        open_state(path, seed)
