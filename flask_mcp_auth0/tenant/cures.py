"""Where things are put right: the dashboard, Auth0's command line, and our own commands."""

from __future__ import annotations

import json
import shlex
from typing import Any

from .findings import Cure
from .management import segment

SETUP = "flask mcp setup"
_ADVANCED = "Settings > Advanced"


def tenant_setting(where: str, body: Any, command: str | None = SETUP) -> Cure:
    """For a tenant setting.

    :param where: what to do on the dashboard.
    :param body: what to PATCH.
    """
    return Cure(where, _api("patch", "tenants/settings", body), command)


def advanced(what: str, body: Any, command: str | None = SETUP) -> Cure:
    """For a tenant setting on the dashboard's page of advanced ones."""
    return tenant_setting(f"{_ADVANCED}: {what}", body, command)


def api_setting(identifier: str, what: str, body: Any, command: str | None = SETUP) -> Cure:
    """For a setting of the API."""
    return Cure(
        f"Applications > APIs > (your API) > Settings: {what}",
        _api("patch", f"resource-servers/{segment(identifier)}", body),
        command,
    )


def post(where: str, path: str, body: Any, command: str | None = SETUP) -> Cure:
    """For something that has to be made."""
    return Cure(where, _api("post", path, body), command)


def patch(where: str, path: str, body: Any, command: str | None = SETUP) -> Cure:
    """For something that has to be changed."""
    return Cure(where, _api("patch", path, body), command)


def grant_scopes(*scopes: str) -> Cure:
    """For a grant on the Management API that lacks scopes."""
    return Cure(
        "Applications > APIs > Auth0 Management API > Application Access > (this app's application): "
        f"grant {', '.join(scopes)}"
    )


def _api(method: str, path: str, body: Any) -> str:
    return f"auth0 api {method} {shlex.quote(path)} --data {shlex.quote(json.dumps(body))}"
