"""Files with keys and passwords, where something is already in their place."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.persistence import KeepError, open_state
from flask_mcp_auth0.local_tenant.private_file import write_private
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.local_tenant.tls import make_certificate


def make_state(path: Path) -> None:
    open_state(path, TenantState.from_yaml).close()


def make_tls_key(path: Path) -> None:
    make_certificate(path.parent)


Writer = Callable[[Path], object]
WRITERS = pytest.mark.parametrize(
    ("name", "write"),
    [("local-tenant-key.pem", make_tls_key), ("keys.pem", KeyRing), ("tenant.sqlite", make_state)],
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@WRITERS
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path, name: str, write: Writer) -> None:
    path = tmp_path / name
    path.touch()
    path.chmod(0o666)
    write(path)
    assert path.stat().st_size > 100
    assert mode(path) == 0o600


@WRITERS
def test_a_link_is_not_followed(tmp_path: Path, name: str, write: Writer) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    (tmp_path / name).symlink_to(elsewhere)
    with pytest.raises((OSError, KeepError)):
        write(tmp_path / name)
    assert elsewhere.read_bytes() == b""


@WRITERS
def test_a_file_of_somebody_else_is_not_written_to(
    tmp_path: Path, name: str, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / name
    path.touch()
    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises((OSError, KeepError), match=f"somebody else.*{name}"):
        write(path)
    assert path.read_bytes() == b""


def test_a_shorter_text_replaces_a_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    write_private(path, b"short")
    assert path.read_bytes() == b"short"


def test_the_certificate_itself_can_be_read_by_whoever_is_to_trust_it(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    assert mode(certificate.certificate) == 0o644
    assert mode(certificate.key) == 0o600
