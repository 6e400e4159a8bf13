"""Users, as auth0-python reads and changes them."""

from __future__ import annotations

import pytest
from auth0.management import Auth0
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError

from flask_mcp_auth0.local_tenant.state import TenantState

ALICE, BOB = "auth0|alice", "auth0|bob"


def test_a_user_is_shown_without_the_password(auth0: Auth0) -> None:
    user = auth0.users.get(ALICE)
    assert (user.user_id, user.email, user.name) == (ALICE, "alice@example.com", "Alice Archer")
    assert user.user_metadata == {"color": "blue", "address": {"city": "Bern"}}
    assert user.created_at is not None
    assert user.identities is not None
    assert user.identities[0].connection == "Username-Password-Authentication"
    assert "password" not in user.model_dump_json()


def test_only_the_fields_that_are_named_are_shown(auth0: Auth0) -> None:
    shown = auth0.users.get(ALICE, fields="email,name")
    assert shown.model_dump(exclude_none=True) == {"email": "alice@example.com", "name": "Alice Archer"}
    without = auth0.users.get(ALICE, fields="user_metadata,app_metadata", include_fields=False)
    assert without.user_metadata is None
    assert without.email == "alice@example.com"


def test_metadata_is_merged_at_the_first_level_and_null_removes(auth0: Auth0, state: TenantState) -> None:
    changed = auth0.users.update(
        ALICE, user_metadata={"address": {"zip": "3000"}, "color": None, "pet": "cat"}
    )
    assert changed.user_metadata == {"address": {"zip": "3000"}, "pet": "cat"}
    assert state.users[ALICE].user_metadata == {"address": {"zip": "3000"}, "pet": "cat"}
    assert state.users[ALICE].app_metadata == {"plan": "gold"}


def test_empty_metadata_removes_all_of_it(auth0: Auth0) -> None:
    assert auth0.users.update(ALICE, app_metadata={}).app_metadata is None


def test_a_profile_is_changed(auth0: Auth0, state: TenantState) -> None:
    changed = auth0.users.update(BOB, name="Robert", blocked=True)
    assert (changed.name, changed.blocked) == ("Robert", True)
    assert state.users[BOB].blocked


def test_an_email_address_belongs_to_one_user(auth0: Auth0, state: TenantState) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.update(BOB, email="Alice@example.com")
    assert refused.value.body["errorCode"] == "auth0_idp_error"
    assert state.users[BOB].email == "bob@shop.example"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('email:"alice@example.com"', [ALICE]),
        ("email:ALICE@example.com", [ALICE]),
        ("name:Ali*", [ALICE]),
        ("app_metadata.plan:gold", [ALICE]),
        ("app_metadata.plan:gold AND name:Bob", []),
        ("app_metadata.plan:gold OR username:bob", [ALICE, BOB]),
        ("bob", [BOB]),
        ('user_id:"auth0|bob"', [BOB]),
    ],
)
def test_users_are_searched(auth0: Auth0, query: str, found: list[str]) -> None:
    assert [user.user_id for user in auth0.users.list(q=query)] == found


@pytest.mark.parametrize("query", ["(name:a)", "password:alice-password", 'email:"', "created_at:[1 TO 2]"])
def test_a_search_that_is_not_understood_is_refused(auth0: Auth0, query: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.list(q=query)
    assert refused.value.body["errorCode"] == "invalid_query_string"


def test_users_are_sorted(auth0: Auth0) -> None:
    assert [user.user_id for user in auth0.users.list(sort="email:-1")] == [BOB, ALICE]
    with pytest.raises(BadRequestError):
        auth0.users.list(sort="password:1")


def test_users_are_found_by_email_address(auth0: Auth0) -> None:
    assert [user.user_id for user in auth0.users.list_users_by_email(email="BOB@shop.example")] == [BOB]


def test_a_search_reaches_a_thousand_users(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.list(page=10, per_page=100)
    assert refused.value.body["errorCode"] == "invalid_paging"


def test_a_deleted_user_is_nowhere_any_more(auth0: Auth0, state: TenantState) -> None:
    state.remember_consent(ALICE, "tpc_inspector", "http://localhost:3001/", ["tool:report"])
    auth0.users.delete(ALICE)
    with pytest.raises(NotFoundError):
        auth0.users.get(ALICE)
    assert not state.user_grants
    assert all(ALICE not in group.members for group in state.groups.values())
    assert all(ALICE not in organization.members for organization in state.organizations.values())


def test_unknown_properties_of_a_user_are_refused(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.users.update(ALICE, phone_number="+41790000000")
    assert refused.value.body["message"] == (
        "Payload validation error: 'Additional properties not allowed: phone_number'."
    )


def test_a_user_is_made(auth0: Auth0, state: TenantState) -> None:
    made = auth0.users.create(
        connection="Username-Password-Authentication",
        email="carol@example.com",
        password="carol-password",
        user_metadata={"color": "red"},
    )
    assert made.user_id is not None
    assert made.user_id.startswith("auth0|")
    assert (made.email_verified, made.user_metadata) == (False, {"color": "red"})
    assert state.users[made.user_id].password == "carol-password"
    with pytest.raises(ConflictError):
        auth0.users.create(
            connection="Username-Password-Authentication", email="Carol@example.com", password="another"
        )
    with pytest.raises(BadRequestError) as refused:
        auth0.users.create(connection="google", email="dave@example.com", password="dave-password")
    assert refused.value.body["errorCode"] == "inexistent_connection"


def test_an_empty_change_is_refused(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError):
        auth0.users.update(ALICE)
