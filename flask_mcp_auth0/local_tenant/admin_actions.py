"""What the administrator's buttons do: each is a request of the Management API, made from within."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from .management import ROUTER, perform
from .management.call import Call, Caller
from .management.errors import ManagementError
from .management.routing import PREFIX
from .state import TenantState

Form = Mapping[str, str]
CHANNEL = "https://manage.auth0.com/"  # what Auth0 writes for a change made in its dashboard


class ActionError(Exception):
    """It could not be done; the text says why."""


class Action(NamedTuple):
    """A method, a path below ``/api/v2``, a body, and what to say afterwards."""

    method: str
    path: Callable[[Form], str]
    body: Callable[[Form], Any]
    said: str


def act(state: TenantState, action: Action, form: Form) -> str:
    """Do it. Returns the sentence for the person who clicked. :raises ActionError: when it cannot be done."""
    path = action.path(form)
    found = ROUTER.match(action.method, path)
    if found is None:
        raise ActionError("There is nothing to change: something is missing in the form.")
    route, variables = found
    try:
        body = action.body(form)
        if action.path is _API:
            body = _scopes_of(state, form, body)
        call = Call(state, Caller("", frozenset()), body=body)
        perform(route, variables, call, PREFIX + path, channel=CHANNEL)
    except ManagementError as error:
        raise ActionError(error.message) from error
    return action.said.format_map(_Missing(form))


class _Missing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def _segment(form: Form, name: str) -> str:
    return quote(form.get(name, ""), safe="")


def _path(template: str) -> Callable[[Form], str]:
    return lambda form: template.format(**{name: _segment(form, name) for name in ("user", "role", "client")})


def _API(form: Form) -> str:
    return f"/resource-servers/{_segment(form, 'api')}"


def _permission(form: Form) -> dict[str, Any]:
    one = {"resource_server_identifier": form.get("api", ""), "permission_name": form.get("permission", "")}
    return {"permissions": [one]}


def _role(form: Form) -> dict[str, Any]:
    return {"roles": [form.get("role", "")]}


def _nothing(form: Form) -> None:
    return None


def _scopes_of(state: TenantState, form: Form, change: Mapping[str, str | None]) -> dict[str, Any]:
    """The whole list of an API's scopes after ``change`` (``None`` takes one away): a PATCH replaces all of
    them.
    """
    api = state.resource_servers.get(form.get("api", ""))
    scopes: dict[str, str | None] = {**(api.scopes if api else {}), **change}
    return {
        "scopes": [
            {"value": value, "description": text} for value, text in scopes.items() if text is not None
        ]
    }


ACTIONS: Mapping[str, Action] = {
    "grant": Action("POST", _path("/users/{user}/permissions"), _permission, "Granted {permission}."),
    "revoke": Action("DELETE", _path("/users/{user}/permissions"), _permission, "Revoked {permission}."),
    "assign": Action("POST", _path("/users/{user}/roles"), _role, "Assigned the role {name}."),
    "unassign": Action("DELETE", _path("/users/{user}/roles"), _role, "Took the role {name} away."),
    "allow": Action(
        "POST", _path("/roles/{role}/permissions"), _permission, "The role now gives {permission}."
    ),
    "disallow": Action(
        "DELETE", _path("/roles/{role}/permissions"), _permission, "The role no longer gives {permission}."
    ),
    "block": Action("PATCH", _path("/users/{user}"), lambda form: {"blocked": True}, "Blocked the user."),
    "unblock": Action(
        "PATCH", _path("/users/{user}"), lambda form: {"blocked": False}, "Unblocked the user."
    ),
    "define": Action(
        "PATCH",
        _API,
        lambda form: {form.get("permission", "").strip(): form.get("description", "").strip()},
        "The API now defines {permission}.",
    ),
    "undefine": Action(
        "PATCH",
        _API,
        lambda form: {form.get("permission", ""): None},
        "The API no longer defines {permission}; whoever held it has lost it.",
    ),
    "create-role": Action(
        "POST",
        lambda form: "/roles",
        lambda form: {
            "name": form.get("name", "").strip(),
            "description": form.get("description", "").strip(),
        },
        "Created the role {name}.",
    ),
    "delete-role": Action("DELETE", _path("/roles/{role}"), _nothing, "Deleted the role {name}."),
    "delete-client": Action("DELETE", _path("/clients/{client}"), _nothing, "Deleted {name}."),
}
