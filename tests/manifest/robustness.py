"""What no specification spells out and every client and every attacker finds."""

from __future__ import annotations

from .row import Row

ROBUSTNESS: tuple[Row, ...] = (
    Row(
        "R1",
        "MUST",
        "A body that is not declared as JSON is refused; parameters of the content type do not matter.",
        tests=(
            "tests/wire/test_robustness.py::test_a_body_that_is_not_declared_as_json_is_refused",
            "tests/wire/test_robustness.py::test_parameters_of_the_content_type_do_not_matter",
        ),
    ),
    Row(
        "R2",
        "MUST",
        "A client that takes neither JSON nor event streams is refused, any other is served.",
        tests=(
            "tests/wire/test_robustness.py::test_a_client_that_takes_no_form_of_answer_is_refused",
            "tests/wire/test_robustness.py::test_any_other_client_is_served",
        ),
    ),
    Row(
        "R3",
        "MUST",
        "A body above the limit is 413 without being read; one below is served.",
        tests=(
            "tests/wire/test_robustness.py::test_a_body_above_the_limit_is_refused_and_one_below_served",
            "tests/wire/test_robustness.py::test_a_body_that_is_announced_as_huge_is_refused_unread",
            "tests/wire/test_robustness.py::test_a_chunked_body_above_the_limit_is_refused",
        ),
    ),
    Row(
        "R4",
        "MUST",
        "Deep nesting is an answer of 4xx, never a 5xx.",
        tests=("tests/wire/test_robustness.py::test_deep_nesting_is_answered",),
    ),
    Row(
        "R5",
        "MUST",
        "Numbers of absurd size are an answer of 4xx or a tool's error, never a 5xx.",
        tests=(
            "tests/wire/test_robustness.py::test_numbers_of_absurd_size_are_answered",
            "tests/wire/test_robustness.py::test_numbers_of_absurd_size_in_a_mirrored_argument_are_answered",
        ),
    ),
    Row(
        "R6",
        "MUST",
        "Lone surrogates are an answer, never a 5xx.",
        tests=("tests/wire/test_robustness.py::test_lone_surrogates_are_answered",),
    ),
    Row(
        "R7",
        "MUST",
        "A body with a key twice cannot say one thing to a proxy and another to the server.",
        tests=("tests/wire/test_robustness.py::test_a_key_that_comes_twice_says_only_one_thing",),
    ),
    Row(
        "R8",
        "MUST",
        "Chunked bodies are served; a byte order mark and compressed bodies are answered without a 5xx.",
        tests=(
            "tests/wire/test_robustness.py::test_a_chunked_body_is_served",
            "tests/wire/test_robustness.py::test_a_byte_order_mark_is_answered",
            "tests/wire/test_robustness.py::test_a_compressed_body_is_refused",
        ),
    ),
    Row(
        "R9",
        "MUST",
        "Unknown verbs, query strings, trailing slashes and long headers are answered without a 5xx, and none "
        "of them is a way around authentication.",
        tests=(
            "tests/wire/test_robustness.py::test_odd_verbs_are_answered_and_let_nobody_in",
            "tests/wire/test_robustness.py::test_query_strings_and_trailing_slashes_change_nothing",
            "tests/wire/test_robustness.py::test_a_long_header_is_answered",
            "tests/wire/test_authorization.py::test_no_spelling_of_the_path_is_a_way_around_the_token",
        ),
    ),
    Row(
        "R10",
        "MUST",
        "Many requests at once are all served.",
        tests=("tests/wire/test_robustness.py::test_many_requests_at_once_are_all_served",),
    ),
    Row(
        "R11",
        "MUST",
        "Errors of the endpoint are JSON, not HTML.",
        tests=("tests/wire/test_robustness.py::test_errors_of_the_endpoint_are_json",),
    ),
    Row(
        "R12",
        "MUST",
        "Streams are bounded: where all are taken, the next is refused at once and requests are still served.",
        tests=(
            "tests/wire/test_subscriptions.py::test_streams_are_bounded_and_the_next_one_is_told_so_while_calls_get_through",
            "tests/wire/test_subscriptions.py::test_the_slot_of_a_listener_that_left_is_free_again_soon",
        ),
    ),
    Row(
        "R13",
        "MUST",
        "What a worker that serves one request at a time cannot do, it refuses at once and in plain words.",
        tests=(
            "tests/wire/test_subscriptions.py::test_a_worker_that_serves_one_request_at_a_time_refuses_at_once_and_in_plain_words",
            "tests/wire/test_subscriptions.py::test_progress_streams_from_a_worker_that_serves_one_request_at_a_time",
        ),
    ),
)
