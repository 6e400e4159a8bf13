"""What 2025-11-25, 2025-06-18 and 2025-03-26 ask of a server that keeps no sessions."""

from __future__ import annotations

from .row import Row

HANDSHAKE: tuple[Row, ...] = (
    Row(
        "LG1",
        "MUST",
        "initialize with a version that is spoken is answered with it, with another one by the latest; "
        "capabilities and serverInfo are told.",
        tests=(
            "tests/wire/test_handshake.py::test_a_version_that_is_spoken_is_agreed_on",
            "tests/wire/test_handshake.py::test_for_any_other_version_the_newest_one_is_offered",
            "tests/wire/test_handshake.py::test_a_malformed_handshake_never_breaks_anything",
        ),
    ),
    Row(
        "LG2",
        "MUST",
        "A session id is visible ASCII; one that is not the caller's, or is made up, is answered with 404.",
        tests=(
            "tests/wire/test_handshake.py::test_a_session_id_is_visible_ascii",
            "tests/wire/test_handshake.py::test_a_session_that_is_made_up_or_somebody_elses_is_not_found",
        ),
    ),
    Row(
        "LG3",
        "MUST",
        "Accepted notifications and responses are answered with 202 and no body.",
        tests=(
            "tests/wire/test_handshake.py::test_a_batch_of_notifications_is_accepted_without_a_body",
            "tests/wire/test_handshake.py::test_a_cancellation_of_nothing_is_ignored",
        ),
    ),
    Row(
        "LG4",
        "MUST",
        "After initialize any worker serves a request by its headers alone.",
        tests=(
            "tests/wire/test_handshake.py::test_requests_need_nothing_but_the_version_header",
            "tests/wire/test_handshake.py::test_a_session_from_one_worker_is_known_at_another",
        ),
    ),
    Row(
        "LG5",
        "MUST",
        "A version header that is not spoken is answered with 400.",
        tests=(
            "tests/wire/test_handshake.py::test_a_version_header_that_is_not_spoken_is_refused",
            "tests/wire/test_handshake.py::test_a_session_is_served_by_what_it_negotiated_whatever_supported_version_the_header_names",
        ),
    ),
    Row(
        "LG6",
        "SHOULD",
        "Without a version header 2025-03-26 is assumed.",
        tests=("tests/wire/test_handshake.py::test_without_a_version_header_the_oldest_revision_is_spoken",),
    ),
    Row(
        "LG7",
        "MUST",
        "GET is a stream of the server's messages, or 405; DELETE is 405.",
        tests=(
            "tests/wire/test_handshake.py::test_delete_is_not_allowed",
            "tests/wire/test_handshake.py::test_a_get_that_does_not_ask_for_a_stream_is_not_allowed",
            "tests/wire/test_subscriptions.py::test_the_stream_of_a_get_carries_what_a_session_subscribed_to",
        ),
    ),
    Row(
        "LG8",
        "MUST",
        "ping is {}; logging/setLevel and resources/subscribe are {} where they are declared, else -32601.",
        tests=(
            "tests/wire/test_handshake.py::test_ping_and_the_log_level_are_answered_with_an_empty_result",
            "tests/wire/test_handshake.py::test_the_log_level_of_a_session_holds_at_every_worker",
            "tests/wire/test_subscriptions.py::test_the_stream_of_a_get_carries_what_a_session_subscribed_to",
            "tests/wire/test_subscriptions.py::test_without_a_shared_store_several_workers_promise_no_changes",
            "tests/protocol/test_handshake_era.py::test_what_cannot_be_kept_is_not_offered",
        ),
    ),
    Row(
        "LG9",
        "MUST",
        "A posted response is 202 if somebody waits for it, else an HTTP error.",
        tests=(
            "tests/wire/test_asking.py::test_an_answer_is_taken_once_and_only_from_the_caller_who_was_asked",
            "tests/wire/test_asking.py::test_an_answer_that_nobody_waits_for_is_an_http_error",
        ),
    ),
    Row(
        "LG10",
        "MUST",
        "2025-03-26 takes batches, each request of which is authorised on its own; later revisions refuse "
        "them.",
        tests=(
            "tests/wire/test_handshake.py::test_a_batch_is_answered_call_by_call_in_the_oldest_revision",
            "tests/wire/test_handshake.py::test_later_revisions_have_no_batches",
            "tests/extension/test_access.py::TestAnonymous::test_each_call_of_a_batch_is_decided_on_its_own",
        ),
    ),
    Row(
        "LG11",
        "MUST",
        "Origin is checked in every revision.",
        tests=("tests/wire/test_transport.py::test_a_foreign_origin_is_refused_for_every_verb_and_revision",),
    ),
    Row(
        "LG12",
        "MUST",
        "An unknown method is -32601 with the id of the request.",
        tests=("tests/wire/test_handshake.py::test_an_unknown_method_is_told_with_the_id_of_the_request",),
    ),
    Row(
        "LG13",
        "SHOULD",
        "An unknown resource is -32002 up to 2025-11-25.",
        tests=("tests/wire/test_handshake.py::test_an_unknown_resource_has_the_code_of_its_time",),
    ),
    Row(
        "LG14",
        "MUST",
        "A client is not asked for what it did not declare; the answer to a question may arrive at any "
        "worker.",
        tests=(
            "tests/wire/test_asking.py::test_a_client_that_cannot_be_asked_is_told_so_at_once",
            "tests/wire/test_asking.py::test_an_answer_may_arrive_at_another_worker_than_the_one_that_asked",
        ),
        checks=(
            "tools-call-elicitation/tools-call-elicitation",
            "tools-call-sampling/tools-call-sampling",
        ),
    ),
    Row(
        "LG15",
        "MUST",
        "Results have the form of the negotiated revision; input_required is never sent.",
        tests=(
            "tests/wire/test_handshake.py::test_results_have_the_form_of_their_revision",
            "tests/wire/test_handshake.py::test_every_kind_of_content_reaches_an_earlier_client",
            "tests/protocol/test_handshake_era.py::test_the_oldest_revision_gets_neither_links_nor_structured_content",
        ),
    ),
    Row(
        "LG16",
        "SHOULD",
        "A lost connection is no cancellation in the earlier revisions; notifications/cancelled is, at "
        "whichever worker it arrives.",
        tests=(
            "tests/wire/test_handshake.py::test_a_lost_connection_is_no_cancellation",
            "tests/wire/test_handshake.py::test_a_cancellation_may_arrive_at_another_worker",
        ),
    ),
)
