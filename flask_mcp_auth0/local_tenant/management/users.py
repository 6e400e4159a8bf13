"""Users: ``/users`` and ``/users-by-email``."""

from __future__ import annotations

from typing import Any

from ..model import User
from ..state import TenantState, new_id
from .bodies import BOOLEAN, NULLABLE_STRING, OBJECT, REQUIRED_STRING, STRING, checked, merged_metadata
from .call import NO_CONTENT, Answer, Call, created, iso_time, without_none
from .errors import ManagementError, inexistent, invalid_body, invalid_query
from .paging import by_offset, selected
from .routing import Routes
from .user_search import matching_users

routes = Routes()

DEEPEST_SEARCH = 1000
DATABASE = "Username-Password-Authentication"

_SORTABLE = ("user_id", "email", "name", "created_at", "updated_at", "last_login", "logins_count")
_PROFILE = {
    "email": STRING,
    "email_verified": BOOLEAN,
    "name": STRING,
    "nickname": STRING,
    "given_name": NULLABLE_STRING,
    "family_name": NULLABLE_STRING,
    "picture": STRING,
    "username": STRING,
    "password": STRING,
    "blocked": BOOLEAN,
}
_CHANGEABLE = {
    **_PROFILE,
    "user_metadata": OBJECT,
    "app_metadata": OBJECT,
    "connection": STRING,
    "client_id": STRING,
    "verify_email": BOOLEAN,
}


@routes.get("/users", "read:users", "read:user_idp_tokens")
def list_users(call: Call) -> Any:
    found = matching_users(call.state, call.query.get("q"))
    field, _, order = call.query.get("sort", "").partition(":")
    if field:
        if field not in _SORTABLE:
            raise invalid_query(f"'Users cannot be sorted by {field}' on property sort.")
        empty: str | float = "" if field in ("user_id", "email", "name") else 0.0
        found.sort(key=lambda user: getattr(user, field) or empty, reverse=order == "-1")
    users = [selected(call.query, as_json(call.state, user)) for user in found]
    return by_offset(call.query, "users", users, deepest=DEEPEST_SEARCH)


@routes.post("/users", "create:users", description="Create a User")
def create_user(call: Call) -> Answer:
    fields = {**_PROFILE, "user_metadata": OBJECT, "app_metadata": OBJECT, "user_id": STRING}
    required = dict.fromkeys(("connection", "email", "password"), REQUIRED_STRING)
    body = checked(call.body, {**fields, **required, "verify_email": BOOLEAN})
    state, email = call.state, body["email"]
    connection = next((c for c in state.connections.values() if c.name == body["connection"]), None)
    if connection is None or connection.strategy != "auth0":
        raise ManagementError(400, "The connection does not exist.", "inexistent_connection")
    user_id = f"auth0|{body.get('user_id') or new_id('', 24).lower()}"
    if user_id in state.users or any(u.email.casefold() == email.casefold() for u in state.users.values()):
        raise ManagementError(409, "The user already exists.", "auth0_idp_error")
    now = state.now()
    user = User(
        user_id, body.get("username") or email, email, body["password"], created_at=now, updated_at=now
    )
    user.name, user.nickname, user.email_verified = email, email.partition("@")[0], False
    for name in (_PROFILE.keys() | {"user_metadata", "app_metadata"}) & body.keys():
        setattr(user, name, body[name])
    state.users[user_id] = user
    return created(as_json(state, user))


@routes.get("/users-by-email", "read:users")
def list_users_by_email(call: Call) -> Any:
    email = call.query.get("email")
    if email is None:
        raise invalid_query("'Missing required property: email'.")
    return [
        selected(call.query, as_json(call.state, user))
        for user in call.state.users.values()
        if user.email.casefold() == email.casefold()
    ]


@routes.get("/users/{id}", "read:users", "read:current_user", "read:user_idp_tokens")
def get_user(call: Call, id: str) -> Any:
    return selected(call.query, as_json(call.state, found_user(call, id)))


@routes.patch(
    "/users/{id}",
    "update:users",
    "update:users_app_metadata",
    "update:current_user_metadata",
    description="Update a User",
)
def update_user(call: Call, id: str) -> Any:
    body = checked(call.body, _CHANGEABLE)
    user = found_user(call, id)
    if not body:
        raise invalid_body("'Too few properties defined (0), minimum 1'.")
    _refuse_taken_email(call.state, user, body.get("email"))
    for name in _PROFILE.keys() & body.keys():
        setattr(user, name, body[name])
    if "user_metadata" in body:
        user.user_metadata = merged_metadata(user.user_metadata, body["user_metadata"])
    if "app_metadata" in body:
        user.app_metadata = merged_metadata(user.app_metadata, body["app_metadata"])
    user.updated_at = call.state.now()
    return as_json(call.state, user)


@routes.delete("/users/{id}", "delete:users", "delete:current_user", description="Delete a User")
def delete_user(call: Call, id: str) -> Answer:
    check_user_id(id)
    forget_user(call.state, id)
    return NO_CONTENT


def forget_user(state: TenantState, user_id: str) -> None:
    """Remove a user from everywhere; nothing happens when there is none."""
    if state.users.pop(user_id, None) is None:
        return
    for group in state.groups.values():
        group.members = [member for member in group.members if member != user_id]
    for organization in state.organizations.values():
        organization.members.pop(user_id, None)
    for grant in [g for g in state.user_grants.values() if g.user_id == user_id]:
        state.withdraw_consent(grant.id)
    for token in [t for t in state.refresh_tokens.values() if t.user_id == user_id]:
        del state.refresh_tokens[token.id]


def check_user_id(user_id: str) -> None:
    """Auth0's user ids are ``<provider>|<id>``; a machine's subject (``…@clients``) is none.

    :raises ManagementError: 400.
    """
    provider, bar, own = user_id.partition("|")
    if not (provider and bar and own):
        raise ManagementError(
            400, f"Object didn't pass validation for format user-id: {user_id}", "invalid_uri"
        )


def found_user(call: Call, user_id: str) -> User:
    """The user of an id. :raises ManagementError: 400 when it cannot be one, 404 when nobody has it."""
    check_user_id(user_id)
    user = call.state.users.get(user_id)
    if user is None:
        raise inexistent("user", "The user does not exist.")
    return user


def as_json(state: TenantState, user: User) -> dict[str, Any]:
    """The user as the Management API shows it: without what has no value, and never the password."""
    provider, _, own_id = user.user_id.partition("|")
    connection = next((c.name for c in state.connections.values() if c.strategy == provider), None)
    return without_none(
        {
            "user_id": user.user_id,
            "username": user.username,
            "email": user.email,
            "email_verified": user.email_verified,
            "name": user.name,
            "nickname": user.nickname,
            "given_name": user.given_name,
            "family_name": user.family_name,
            "picture": user.picture or None,
            "identities": [
                {
                    "provider": provider,
                    "user_id": own_id,
                    "connection": connection or (DATABASE if provider == "auth0" else provider),
                    "isSocial": provider != "auth0",
                }
            ],
            "created_at": iso_time(user.created_at),
            "updated_at": iso_time(user.updated_at),
            "last_login": None if user.last_login is None else iso_time(user.last_login),
            "logins_count": user.logins_count or None,
            "blocked": user.blocked or None,
            "user_metadata": user.user_metadata or None,
            "app_metadata": user.app_metadata or None,
        }
    )


def _refuse_taken_email(state: TenantState, user: User, email: str | None) -> None:
    if email is None:
        return
    taken = any(
        other.user_id != user.user_id and other.email.casefold() == email.casefold()
        for other in state.users.values()
    )
    if taken:
        raise ManagementError(400, "The specified new email already exists", "auth0_idp_error")
