"""MCP 2026-07-28: the server as a resource server (basic/authorization, RFC 6750, RFC 9728)."""

from __future__ import annotations

from .row import Row

AUTHORIZATION: tuple[Row, ...] = (
    Row(
        "A1",
        "MUST",
        "Protected-resource metadata is published at both well-known places and names this server and its "
        "authorization server.",
        tests=(
            "tests/wire/test_authorization.py::test_the_metadata_is_at_both_well_known_places",
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
        ),
    ),
    Row(
        "A2",
        "MUST",
        "A request without a valid token is answered with 401 and a challenge that leads to the metadata.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
        ),
    ),
    Row(
        "A3",
        "SHOULD",
        "The challenge names the scopes to ask for.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
        ),
    ),
    Row(
        "A4",
        "MUST",
        "Invalid and expired tokens are 401.",
        tests=("tests/wire/test_authorization.py::test_a_token_that_is_not_good_is_refused",),
    ),
    Row(
        "A5",
        "MUST",
        "A token for another audience, of another issuer, expired, or signed with another algorithm is "
        "refused.",
        tests=(
            "tests/wire/test_authorization.py::test_a_token_that_is_not_good_is_refused",
            "tests/auth/test_tokens.py::test_a_token_for_another_audience_is_refused",
            "tests/auth/test_tokens.py::test_algorithms_are_pinned",
            "tests/auth/test_tokens.py::test_another_issuer_is_refused",
        ),
    ),
    Row(
        "A6",
        "MUST",
        "A token whose signature does not fit is refused.",
        tests=(
            "tests/wire/test_authorization.py::test_a_token_that_was_changed_is_refused",
            "tests/auth/test_tokens.py::test_every_other_last_character_of_a_signature_is_refused",
        ),
    ),
    Row(
        "A7",
        "MUST",
        "Tokens in the query string or the body are not taken.",
        tests=("tests/wire/test_authorization.py::test_a_token_outside_the_header_is_not_taken",),
    ),
    Row(
        "A8",
        "MUST",
        "Every HTTP request is authorised on its own, also those of one connection, one session, one batch.",
        tests=(
            "tests/wire/test_authorization.py::test_every_request_of_a_connection_and_a_session_is_authorised_on_its_own",
            "tests/extension/test_access.py::TestAnonymous::test_each_call_of_a_batch_is_decided_on_its_own",
        ),
    ),
    Row(
        "A9",
        "SHOULD",
        "offline_access is neither in a challenge nor among the published scopes.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
            "tests/auth/test_challenge.py::test_offline_access_and_malformed_scopes_are_never_advertised",
        ),
    ),
    Row(
        "A10",
        "MUST",
        "The metadata names the authorization server exactly as it names itself, trailing slash included.",
        tests=(
            "tests/wire/test_authorization.py::test_the_metadata_names_the_authorization_server_as_it_names_itself",
        ),
    ),
    Row(
        "A11",
        "SHOULD",
        "A challenge to a request without a token names no error.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
            "tests/auth/test_challenge.py::test_a_missing_token_is_challenged_without_an_error",
        ),
    ),
    Row(
        "A12",
        "MUST",
        "Two Authorization headers are refused.",
        tests=(
            "tests/wire/test_authorization.py::test_two_authorization_headers_are_refused",
            "tests/auth/test_guard.py::test_two_authorization_headers_are_refused",
        ),
    ),
    Row(
        "A13",
        "MUST",
        "Metadata and challenges are readable for browsers of other origins that are allowed.",
        tests=(
            "tests/wire/test_authorization.py::test_the_metadata_is_at_both_well_known_places",
            "tests/wire/test_authorization.py::test_browsers_of_allowed_origins_may_ask_and_read_the_challenge",
        ),
    ),
    Row(
        "A14",
        "MUST",
        "A key set that changes is followed.",
        tests=(
            "tests/auth/test_tokens.py::test_a_rotated_key_is_followed_at_once",
            "tests/auth/test_tokens.py::test_a_revoked_key_takes_its_tokens_with_it",
            "tests/auth/test_jwks.py::test_threads_that_meet_a_rotated_key_share_one_fetch",
        ),
    ),
    Row(
        "A15",
        "SHOULD",
        "A missing scope is 403 with insufficient_scope, every needed scope and the metadata's place.",
        tests=(
            "tests/wire/test_authorization.py::test_a_missing_scope_is_a_demand_to_step_up",
            "tests/wire/test_authorization.py::test_a_token_with_the_scope_is_served",
            "tests/auth/test_challenge.py::test_a_missing_scope_is_challenged_with_all_that_are_needed",
        ),
    ),
    Row(
        "A16",
        "MUST",
        "A broader permission or scope that includes a narrower one is honoured where the application says "
        "so.",
        tests=("tests/auth/test_decisions.py::test_all_permissions_are_needed_or_any_one",),
    ),
    Row(
        "A17",
        "MUST",
        "The caller's token is never sent to another API.",
        tests=(
            "tests/auth0_api/test_exchanges.py::test_on_behalf_of_exchanges_the_current_token",
            "tests/auth0_api/test_exchanges.py::test_user_info_asks_auth0_and_nobody_else",
        ),
    ),
)
