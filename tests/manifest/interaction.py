"""MCP 2026-07-28: questions and subscriptions (basic/patterns/mrtr, basic/patterns/subscriptions)."""

from __future__ import annotations

from .row import Row

INTERACTION: tuple[Row, ...] = (
    Row(
        "Q1",
        "MUST",
        "What the server needs from the client it asks for in an input_required result only.",
        tests=(
            "tests/wire/test_asking.py::test_a_question_has_its_key_its_form_and_a_state",
            "tests/wire/test_transport.py::test_the_stream_of_a_response_carries_no_requests",
        ),
    ),
    Row(
        "Q2",
        "MUST",
        "input_required answers tools/call, prompts/get and resources/read, nothing else.",
        tests=(
            "tests/wire/test_asking.py::test_lists_never_ask",
            "tests/wire/test_asking.py::test_a_prompt_may_ask_too",
        ),
        checks=("input-required-result-unsupported-methods/sep-2322-not-on-unsupported-requests",),
    ),
    Row(
        "Q3",
        "MUST",
        "Nothing is asked for that the client did not declare.",
        tests=("tests/wire/test_asking.py::test_nothing_is_asked_for_that_the_client_did_not_declare",),
        checks=("input-required-result-capability-check/sep-2322-respect-client-capabilities",),
    ),
    Row(
        "Q4",
        "MUST",
        "An input_required result has questions or a state, says its resultType, and carries no cache hints.",
        tests=(
            "tests/wire/test_asking.py::test_a_question_has_its_key_its_form_and_a_state",
            "tests/wire/test_base_protocol.py::test_what_was_read_can_be_cached_and_a_question_cannot",
        ),
        checks=("input-required-result-result-type/sep-2322-result-type-included",),
    ),
    Row(
        "Q5",
        "MUST",
        "A state that was changed is refused.",
        tests=(
            "tests/wire/test_asking.py::test_a_changed_state_is_refused",
            "tests/wire/test_asking.py::test_a_state_that_is_none_is_refused",
        ),
        checks=("input-required-result-tampered-state/sep-2322-reject-tampered-state",),
    ),
    Row(
        "Q6",
        "SHOULD",
        "A state is bound to caller, function, arguments and time, and is used once.",
        tests=(
            "tests/wire/test_asking.py::test_a_state_is_good_only_for_the_caller_the_function_and_the_arguments_it_was_made_for",
            "tests/wire/test_asking.py::test_a_state_is_spent_for_all_workers_once_it_was_used",
            "tests/protocol/test_asking.py::TestAskingAgain::test_a_state_expires",
        ),
    ),
    Row(
        "Q7",
        "SHOULD",
        "A missing answer is asked for again, extra ones are ignored, malformed ones are not taken.",
        tests=(
            "tests/wire/test_asking.py::test_an_answer_that_is_none_is_asked_for_again",
            "tests/wire/test_asking.py::test_answers_that_are_no_object_are_refused",
            "tests/wire/test_asking.py::test_answers_without_a_state_are_taken_only_where_the_tool_says_so",
        ),
        checks=(
            "input-required-result-ignore-extra-params/sep-2322-ignore-unexpected-params",
            "input-required-result-validate-input/sep-2322-validate-input-responses",
        ),
    ),
    Row(
        "N1",
        "MUST",
        "Where nothing can be subscribed to, subscriptions/listen is not there.",
        tests=(
            "tests/wire/test_subscriptions.py::test_without_a_shared_store_several_workers_promise_no_changes",
        ),
    ),
    Row(
        "N2",
        "MUST",
        "A subscription starts with an acknowledgement of what is both offered and asked for, with the id of "
        "the request, of the same type.",
        tests=(
            "tests/wire/test_subscriptions.py::test_the_acknowledgement_comes_first_and_grants_what_is_there",
            "tests/wire/test_subscriptions.py::test_only_what_was_asked_for_is_granted",
        ),
        checks=("server-stateless/sep-2575-server-sends-subscription-ack",),
    ),
    Row(
        "N3",
        "MUST",
        "A malformed filter is -32602.",
        tests=("tests/wire/test_subscriptions.py::test_a_malformed_filter_is_refused",),
    ),
    Row(
        "N4",
        "SHOULD",
        "Changes of lists and resources reach the subscriptions that asked for them, and no others.",
        tests=(
            "tests/wire/test_subscriptions.py::test_changes_at_one_worker_reach_those_who_listen_at_another_and_want_them",
        ),
        checks=(
            "server-stateless/sep-2575-server-sends-tools-list-changed-on-subscription",
            "server-stateless/sep-2575-server-sends-prompts-list-changed-on-subscription",
            "server-stateless/sep-2575-server-honors-notification-filter",
        ),
    ),
    Row(
        "N5",
        "MUST",
        "A subscription's stream carries no progress and no log messages.",
        tests=(
            "tests/wire/test_subscriptions.py::test_what_calls_emit_stays_off_the_stream_of_a_subscription",
        ),
    ),
    Row(
        "N6",
        "SHOULD",
        "A subscription that the server ends is ended with a result.",
        tests=(
            "tests/wire/test_subscriptions.py::test_a_subscription_ends_with_a_result_when_its_token_does",
        ),
    ),
)
