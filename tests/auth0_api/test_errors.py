from __future__ import annotations

import httpx
import pytest
from auth0.management.core.api_error import ApiError

from flask_mcp_auth0.auth0_api.errors import Wanted, from_management_error, refused
from flask_mcp_auth0.errors import Auth0APIError

WANTED = Wanted("call()", audience="https://api.example.com/", connection="google-oauth2", keys="SOME_KEY")


@pytest.mark.parametrize(
    ("status", "error", "description", "cure"),
    [
        (401, "access_denied", "Unauthorized", "does not accept SOME_KEY"),
        (401, "invalid_client", "", "does not accept SOME_KEY"),
        (
            403,
            "access_denied",
            "Service not enabled within domain: https://api.example.com/",
            "a trailing slash",
        ),
        (403, "access_denied", "Service not found: https://api.example.com/", "a trailing slash"),
        (
            403,
            "access_denied",
            'Client is not authorized to access "https://api.example.com/".',
            "'https://api.example.com/' in the Dashboard under Applications > APIs > (the API) > Application Access",
        ),
        (
            403,
            "unauthorized_client",
            "Client x is not authorized to access resource server y",
            "Application Access",
        ),
        (403, "unauthorized_client", "Grant type 'x' not allowed for the client.", "Grant Types"),
        (400, "unsupported_grant_type", "", "Grant Types"),
        (403, "unauthorized_client", "Token exchange is not enabled for this client", "On-Behalf-Of"),
        (400, "invalid_request", "Invalid token exchange profile", "Token Exchange"),
        (403, "unauthorized_client", "", "Advanced Settings"),
        (403, "mfa_required", "Multifactor authentication required", "Multi-factor"),
        (403, "consent_required", "Consent required", "consent"),
        (400, "invalid_scope", "", "Permissions"),
        (403, "invalid_grant", "Invalid subject token", "it expired, was revoked"),
        (
            401,
            "federated_connection_refresh_token_not_found",
            "Not found.",
            "has not connected 'google-oauth2'",
        ),
        (403, "federated_connection_refresh_token_flow_failed", "", "must connect it again"),
        (429, "too_many_requests", "Global limit reached", "rate limit"),
        (500, None, "", "in trouble"),
    ],
)
def test_a_refusal_names_its_cause_and_its_cure(
    status: int, error: str | None, description: str, cure: str
) -> None:
    answered = refused(WANTED, status, {"error": error, "error_description": description}, None)

    assert cure in str(answered)
    assert str(answered).startswith("call() was refused by Auth0: HTTP ")
    assert answered.error == error
    assert answered.status_code == status


def test_a_refusal_that_nobody_foresaw_is_told_as_it_is() -> None:
    answered = refused(WANTED, 418, {"error": "teapot", "error_description": "short and stout."}, None)

    assert str(answered) == "call() was refused by Auth0: HTTP 418 teapot (short and stout)."


@pytest.mark.parametrize("code", [5, "", "with spaces in it", "x" * 200, None, {}, "\x1b[31m"])
def test_an_error_code_that_is_none_is_left_out(code: object) -> None:
    answered = refused(WANTED, 400, {"error": code}, None)

    assert answered.error is None
    assert str(answered) == "call() was refused by Auth0: HTTP 400."


def test_a_management_error_names_the_scope_and_where_to_grant_it() -> None:
    error = ApiError(
        status_code=403,
        headers={"set-cookie": "secret=1"},
        body={
            "statusCode": 403,
            "error": "Forbidden",
            "message": "Insufficient scope, expected any of: read:users",
            "errorCode": "insufficient_scope",
        },
    )

    told = from_management_error(error, "users.get()")

    assert told.error == "insufficient_scope"
    assert told.status_code == 403
    assert str(told).startswith(
        "users.get() answered HTTP 403 insufficient_scope (Insufficient scope, expected any"
    )
    assert "read:users" in str(told)
    assert "Auth0 Management API > Application Access" in str(told)
    assert "secret" not in str(told)


@pytest.mark.parametrize(
    ("status", "words"), [(429, "rate limit"), (401, "AUTH0_MANAGEMENT_AUDIENCE"), (404, "HTTP 404")]
)
def test_other_management_errors_are_told_too(status: int, words: str) -> None:
    assert words in str(from_management_error(ApiError(status_code=status, body="not JSON")))


def test_a_management_call_without_an_answer_is_told_without_its_request() -> None:
    told = from_management_error(httpx.ConnectTimeout("https://user:password@host"))

    assert "ConnectTimeout" in str(told)
    assert "password" not in str(told)
    assert told.status_code is None


def test_an_error_that_was_told_already_stays_as_it_is() -> None:
    error = Auth0APIError("no token", error="access_denied")

    assert from_management_error(error) is error
