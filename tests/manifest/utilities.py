"""MCP 2026-07-28: caching, paging, logging, progress and cancellation (server/utilities, basic/patterns)."""

from __future__ import annotations

from .row import Row

UTILITIES: tuple[Row, ...] = (
    Row(
        "C1",
        "MUST",
        "discover, the four lists and resources/read carry ttlMs and cacheScope, the same scope on all pages; "
        "input_required results carry neither.",
        tests=(
            "tests/wire/test_base_protocol.py::test_lists_can_be_cached_and_are_private_where_they_depend_on_the_caller",
            "tests/wire/test_base_protocol.py::test_what_was_read_can_be_cached_and_a_question_cannot",
            "tests/protocol/test_lists.py::test_pages_hold_every_tool_once",
            "tests/protocol/test_modern_era.py::test_lists_say_how_long_they_hold_and_for_whom",
        ),
        checks=(
            "caching/sep-2549-ttl-non-negative",
            "caching/sep-2549-cache-scope-valid",
        ),
    ),
    Row(
        "C2",
        "MUST",
        "Only what is the same for every caller is public; what depends on the caller is private.",
        tests=(
            "tests/wire/test_base_protocol.py::test_what_was_read_can_be_cached_and_a_question_cannot",
            "tests/auth/test_decisions.py::test_a_list_that_is_the_same_for_everybody_says_so",
            "tests/protocol/test_modern_era.py::test_what_a_resource_says_is_private_and_not_kept",
        ),
    ),
    Row(
        "G1",
        "SHOULD",
        "A cursor that was not given out is refused with -32602; cursors stay good.",
        tests=(
            "tests/wire/test_base_protocol.py::test_a_cursor_that_was_not_given_out_is_refused",
            "tests/protocol/test_lists.py::test_pages_hold_every_tool_once",
            "tests/protocol/test_lists.py::test_a_cursor_that_is_none_of_ours_is_invalid",
        ),
    ),
    Row(
        "L1",
        "MUST",
        "A server that sends log messages declares logging.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
    ),
    Row(
        "L2",
        "MUST",
        "No log message without a log level in the request, and none on another request's stream.",
        tests=(
            "tests/wire/test_features.py::test_there_is_no_log_without_a_level",
            "tests/wire/test_subscriptions.py::test_what_calls_emit_stays_off_the_stream_of_a_subscription",
        ),
        checks=("server-stateless/sep-2575-server-no-log-without-loglevel",),
    ),
    Row(
        "L3",
        "MAY",
        "Only messages of the requested level and above are sent.",
        tests=("tests/wire/test_features.py::test_only_messages_of_the_level_asked_for_are_logged",),
    ),
    Row(
        "L4",
        "SHOULD",
        "An unknown log level is refused with -32602.",
        tests=("tests/wire/test_features.py::test_an_unknown_log_level_is_refused",),
    ),
    Row(
        "L5",
        "MUST",
        "What is sent as log holds only what the application put there.",
        tests=("tests/wire/test_features.py::test_only_messages_of_the_level_asked_for_are_logged",),
    ),
    Row(
        "M1",
        "MUST",
        "Progress carries the token with its type, grows strictly, and ends with the answer.",
        tests=(
            "tests/wire/test_features.py::test_progress_grows_under_the_token_that_was_given_and_ends_with_the_answer",
        ),
    ),
    Row(
        "M2",
        "MUST",
        "No progress without a token.",
        tests=("tests/wire/test_features.py::test_there_is_no_progress_without_a_token",),
    ),
    Row(
        "O1",
        "MUST",
        "The server never sends notifications/cancelled for a request of the client, except to end a "
        "subscription.",
        tests=(
            "tests/wire/test_transport.py::test_concurrent_streams_carry_only_what_belongs_to_their_call",
            "tests/wire/test_features.py::test_progress_grows_under_the_token_that_was_given_and_ends_with_the_answer",
        ),
    ),
    Row(
        "O2",
        "SHOULD",
        "Cancellations that are malformed or of nothing are ignored.",
        tests=(
            "tests/wire/test_handshake.py::test_a_cancellation_of_nothing_is_ignored",
            "tests/wire/test_transport.py::test_a_notification_is_accepted_without_a_body",
        ),
    ),
)
