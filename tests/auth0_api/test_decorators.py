from __future__ import annotations

import asyncio
import inspect
import json
import typing
from typing import Any

import pytest

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth0_api.decorators import approved_by_user, on_behalf_of, with_connection_token
from flask_mcp_auth0.auth0_api.injection import outermost
from flask_mcp_auth0.errors import (
    Auth0APIError,
    OutsideRequestError,
    PermissionDenied,
    RegistrationError,
    ToolError,
)

from .doubles import USER_TOKEN
from .fake_auth0 import Answer, FakeAuth0, refusal, token

API = "https://orders.example.com/"


@with_connection_token("google-oauth2", parameter="google_token", login_hint="me")
def next_meeting(day: str, google_token: str, *, limit: int = 3) -> str:
    """Tell the next meeting.

    :param day: which day.
    """
    return f"{day} {google_token} {limit}"


@on_behalf_of(audience=API, scope=["read:orders"], parameter="orders_token")
def orders(orders_token: str) -> str:
    return orders_token


@approved_by_user("Pay {amount} to {payee}")
def pay(amount: int, payee: str = "Bob") -> str:
    return f"paid {amount} to {payee}"


def test_the_token_of_the_connection_is_passed(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", token("ya29"))

    assert next_meeting(day="today") == "today ya29 3"  # type: ignore[call-arg]
    (received,) = auth0.to("/oauth/token")
    assert received["connection"] == "google-oauth2"
    assert received["login_hint"] == "me"
    assert received["subject_token"] == USER_TOKEN


def test_the_exchanged_token_is_passed_and_never_the_current_one(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    auth0.on("/oauth/token", token("for-orders"))

    assert orders() == "for-orders"  # type: ignore[call-arg]
    (received,) = auth0.to("/oauth/token")
    assert received["audience"] == API
    assert received["scope"] == "read:orders"


@pytest.mark.parametrize("function", [next_meeting, orders])
def test_what_is_injected_is_in_no_schema(function: Any) -> None:
    names = set(inspect.signature(function).parameters)

    assert not {name for name in names if name.endswith("_token")}
    assert not {name for name in function.__annotations__ if name.endswith("_token")}


def test_everything_else_about_the_function_stays() -> None:
    signature = inspect.signature(next_meeting)

    assert next_meeting.__name__ == "next_meeting"
    assert (next_meeting.__doc__ or "").startswith("Tell the next meeting.")
    assert list(signature.parameters) == ["day", "limit"]
    assert signature.parameters["limit"].default == 3
    assert typing.get_type_hints(next_meeting) == {"day": str, "limit": int, "return": str}
    assert next_meeting.__wrapped__("today", "given", limit=1) == "today given 1"  # type: ignore[attr-defined]


def test_a_caller_cannot_pass_what_is_injected(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    with pytest.raises(TypeError, match="callers do not pass it"):
        next_meeting(day="today", google_token="of-the-caller")
    with pytest.raises(TypeError):
        orders("of-the-caller")

    assert [r for r in auth0.to("/oauth/token") if r["connection"]] == []


def test_a_parameter_after_the_injected_one_is_passed_by_name(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    @on_behalf_of(audience=API)
    def read(api_token: str, number: int) -> str:
        return f"{api_token} {number}"

    auth0.on("/oauth/token", token("t"))

    assert read(number=5) == "t 5"  # type: ignore[call-arg]
    assert inspect.signature(read).parameters["number"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda *connection_token: None, lambda connection_token, /: None, lambda **rest: None],
)
def test_a_function_without_the_parameter_cannot_be_decorated(function: Any) -> None:
    with pytest.raises(RegistrationError, match=r"'connection_token'.*test_decorators"):
        with_connection_token("google-oauth2")(function)


@pytest.mark.parametrize(
    "error",
    ["federated_connection_refresh_token_not_found", "federated_connection_refresh_token_flow_failed"],
)
def test_a_caller_without_the_account_is_told_how_to_connect_it(
    auth0: FakeAuth0, as_ada: AuthInfo, error: str
) -> None:
    auth0.on("/oauth/token", refusal(error, "Federated connection Refresh Token not found.", 401))

    with pytest.raises(ToolError) as caught:
        next_meeting(day="today")  # type: ignore[call-arg]

    assert caught.value.message == (
        "This needs your 'google-oauth2' account, which is not connected yet. Log in to the application with that "
        "account, or connect it in your profile there (Connected Accounts), and then call the tool again."
    )
    assert caught.value.__cause__ is None


def test_the_app_can_say_where_accounts_are_connected(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    @with_connection_token("github", how="Connect it at https://app.example.com/accounts.")
    def issues(connection_token: str) -> str:
        return connection_token

    auth0.on("/oauth/token", refusal("federated_connection_refresh_token_not_found", "", 401))

    with pytest.raises(ToolError, match=r"Connect it at https://app\.example\.com/accounts\.$"):
        issues()  # type: ignore[call-arg]


@pytest.mark.parametrize("function", [lambda: next_meeting(day="x"), orders])  # type: ignore[call-arg]
def test_what_is_wrong_with_the_tenant_is_for_its_developers(
    auth0: FakeAuth0, as_ada: AuthInfo, function: Any
) -> None:
    auth0.on("/oauth/token", refusal("unauthorized_client", "Grant type not allowed for the client."))

    with pytest.raises(Auth0APIError, match="Grant Types"):
        function()


@pytest.mark.parametrize("function", [lambda: next_meeting(day="x"), orders, lambda: pay(1)])  # type: ignore[call-arg]
def test_a_machine_is_refused(auth0: FakeAuth0, as_machine: AuthInfo, function: Any) -> None:
    with pytest.raises(PermissionDenied, match="needs a user"):
        function()

    assert auth0.received == []


@pytest.mark.parametrize("function", [lambda: next_meeting(day="x"), orders, lambda: pay(1)])  # type: ignore[call-arg]
def test_outside_an_app_one_is_told(function: Any) -> None:
    with pytest.raises(OutsideRequestError):
        function()


def test_asynchronous_functions_stay_so(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    @approved_by_user("Read orders")
    @on_behalf_of(audience=API)
    async def read(number: int, api_token: str) -> str:
        return f"{number} {api_token}"

    auth0.on("/oauth/token", token("t"))
    auth0.on("/bc-authorize", Answer(200, {"auth_req_id": "r"}))

    assert inspect.iscoroutinefunction(read)
    assert asyncio.run(read(number=5)) == "5 t"  # type: ignore[call-arg]
    assert len(auth0.to("/bc-authorize")) == 1


def test_an_approved_call_is_made(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    auth0.on("/bc-authorize", Answer(200, {"auth_req_id": "r"}))
    auth0.on("/oauth/token", token())

    assert pay(10) == "paid 10 to Bob"
    (asked,) = auth0.to("/bc-authorize")
    assert asked["binding_message"] == "Pay 10 to Bob"
    assert asked["scope"] == "openid"
    assert json.loads(asked["login_hint"] or "")["sub"] == "auth0|ada"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal("access_denied"), "did not approve"),
        (refusal("authorization_pending", status=400), "did not answer on their device in time"),
    ],
)
def test_a_call_that_is_not_approved_is_not_made(
    auth0: FakeAuth0, as_ada: AuthInfo, answer: Answer, words: str
) -> None:
    made: list[int] = []

    @approved_by_user("Pay {amount}", timeout=30)
    def pay_it(amount: int) -> None:
        made.append(amount)

    auth0.on("/bc-authorize", Answer(200, {"auth_req_id": "r"}))
    auth0.on("/oauth/token", answer)

    with pytest.raises(PermissionDenied, match=words):
        pay_it(10)
    assert made == []


def test_a_failure_to_ask_is_not_an_approval(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    auth0.on("/bc-authorize", refusal("unauthorized_client", "Grant type not allowed for the client."))

    with pytest.raises(Auth0APIError, match="Grant Types"):
        pay(10)


@pytest.mark.parametrize("payee", ["Bob@example.com", "B" * 60, "Bob\nand keep the rest", "Bób"])
def test_arguments_that_the_device_cannot_show_are_refused(
    auth0: FakeAuth0, as_ada: AuthInfo, payee: str
) -> None:
    with pytest.raises(ToolError, match="64 characters"):
        pay(10, payee)

    assert auth0.to("/bc-authorize") == []


def test_a_message_is_a_template_and_its_arguments_are_not(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    with pytest.raises(ToolError):
        pay(10, "{amount.__class__}")

    assert auth0.to("/bc-authorize") == []


@pytest.mark.parametrize(
    "message", ["Pay {sum}", "Pay {}", "Pay {amount.real}", "Pay {amount[0]}", "Pay {0}"]
)
def test_a_message_may_name_parameters_only(message: str) -> None:
    with pytest.raises(RegistrationError, match="no parameter"):

        @approved_by_user(message)
        def pay_it(amount: int) -> None: ...


def test_arguments_by_a_schema_of_one_s_own_are_shown_too(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    @approved_by_user("Pay {amount}")
    def pay_it(**arguments: Any) -> str:
        return f"paid {arguments['amount']}"

    auth0.on("/bc-authorize", Answer(200, {"auth_req_id": "r"}))
    auth0.on("/oauth/token", token())

    assert pay_it(amount=10) == "paid 10"
    assert auth0.to("/bc-authorize")[0]["binding_message"] == "Pay 10"
    with pytest.raises(ToolError, match="'amount' is missing"):
        pay_it(other=10)


def test_a_wrong_call_is_wrong_before_anybody_is_asked(auth0: FakeAuth0, as_ada: AuthInfo) -> None:
    with pytest.raises(TypeError, match="amount"):
        pay()  # type: ignore[call-arg]

    assert auth0.received == []


def test_the_decorated_form_of_a_function_can_be_found_from_the_plain_one() -> None:
    def tool(amount: int, api_token: str) -> None: ...

    inner = on_behalf_of(audience=API)(tool)
    outer = approved_by_user("Pay {amount}")(inner)

    assert outermost(tool) is outermost(inner) is outermost(outer) is outer
    assert outermost(len) is len

    again = on_behalf_of(audience=API)(tool)
    assert outermost(again) is again
    assert outermost(tool) is again
