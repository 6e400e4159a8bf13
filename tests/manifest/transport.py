"""MCP 2026-07-28 over HTTP: the endpoint, its headers and its streams (basic/transports/streamable-http)."""

from __future__ import annotations

from .row import Row

TRANSPORT: tuple[Row, ...] = (
    Row(
        "T1",
        "MUST",
        "One path is the MCP endpoint and takes POST.",
        tests=("tests/wire/test_transport.py::test_the_endpoint_answers_a_posted_request_with_json",),
    ),
    Row(
        "T2",
        "MUST",
        "Every connection's Origin is checked; a foreign one is answered with 403, an allowed one is served.",
        tests=(
            "tests/wire/test_transport.py::test_a_foreign_origin_is_refused_with_403",
            "tests/wire/test_transport.py::test_the_servers_own_origin_and_none_are_served",
            "tests/wire/test_transport.py::test_a_foreign_origin_is_refused_for_every_verb_and_revision",
        ),
        checks=(
            "dns-rebinding-protection/localhost-host-rebinding-rejected",
            "dns-rebinding-protection/localhost-host-valid-accepted",
        ),
    ),
    Row(
        "T3",
        "SHOULD",
        "What runs on a developer's machine listens on loopback only.",
        tests=(
            "tests/local_tenant/test_server.py::test_the_tenant_listens_on_nothing_but_loopback_unless_told",
        ),
    ),
    Row(
        "T4",
        "SHOULD",
        "No connection is served without authentication.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
        ),
    ),
    Row(
        "T5",
        "MUST",
        "A notification that is accepted is answered with 202 and no body; one that cannot be is an HTTP "
        "error.",
        tests=(
            "tests/wire/test_transport.py::test_a_notification_is_accepted_without_a_body",
            "tests/wire/test_transport.py::test_a_malformed_notification_is_an_http_error",
        ),
    ),
    Row(
        "T7",
        "MUST",
        "The answer to a request is application/json or text/event-stream.",
        tests=(
            "tests/wire/test_transport.py::test_a_silent_call_is_answered_with_json_and_one_that_speaks_only_to_those_who_take_streams",
            "tests/wire/test_transport.py::test_a_client_that_takes_only_streams_gets_one",
        ),
    ),
    Row(
        "T8",
        "MUST",
        "A modern body is one request or one notification: batches and responses are refused.",
        tests=("tests/wire/test_transport.py::test_batches_and_responses_are_no_modern_bodies",),
    ),
    Row(
        "T9",
        "MUST",
        "What is sent on the stream of a response belongs to its request.",
        tests=(
            "tests/wire/test_transport.py::test_concurrent_streams_carry_only_what_belongs_to_their_call",
        ),
    ),
    Row(
        "T10",
        "MUST",
        "The server sends no requests of its own on the stream of a response.",
        tests=("tests/wire/test_transport.py::test_the_stream_of_a_response_carries_no_requests",),
        checks=("server-stateless/sep-2575-http-server-no-independent-requests-on-stream",),
    ),
    Row(
        "T11",
        "SHOULD",
        "The stream ends with the answer.",
        tests=(
            "tests/wire/test_transport.py::test_a_stream_is_well_formed_unbuffered_and_ends_with_its_answer",
        ),
    ),
    Row(
        "T12",
        "SHOULD",
        "Event streams tell proxies not to buffer (X-Accel-Buffering: no).",
        tests=(
            "tests/wire/test_transport.py::test_a_stream_is_well_formed_unbuffered_and_ends_with_its_answer",
        ),
    ),
    Row(
        "T13",
        "SHOULD",
        "Long streams carry comment lines that keep them alive.",
        tests=("tests/wire/test_subscriptions.py::test_a_silent_stream_is_kept_alive_with_comments",),
    ),
    Row(
        "T14",
        "SHOULD",
        "Last-Event-ID is ignored: modern streams cannot be resumed.",
        tests=("tests/wire/test_transport.py::test_last_event_id_is_ignored",),
    ),
    Row(
        "T15",
        "MUST",
        "A client that closes the stream has cancelled: the function can notice, and nothing more is sent.",
        tests=(
            "tests/wire/test_features.py::test_a_closed_stream_cancels_its_call",
            "tests/wire/test_python_client.py::test_a_call_that_it_cancels_is_cancelled_at_the_server",
            "tests/wire/test_typescript_clients.py::test_a_call_that_it_cancels_is_cancelled_at_the_server",
        ),
    ),
    Row(
        "T16",
        "MUST",
        "A version header other than the version in the body is refused with 400 and -32020.",
        tests=(
            "tests/wire/test_transport.py::test_a_version_header_that_differs_from_the_body_is_a_mismatch",
        ),
        checks=("server-stateless/sep-2575-http-server-header-mismatch-400",),
    ),
    Row(
        "T17",
        "MUST",
        "A version that is not spoken is refused with 400 and -32022, naming the requested one and the ones "
        "spoken.",
        tests=(
            "tests/wire/test_transport.py::test_a_version_that_is_not_spoken_is_refused_with_those_that_are",
        ),
        checks=(
            "server-stateless/sep-2575-server-unsupported-version-error",
            "server-stateless/sep-2575-http-server-unsupported-version-400",
        ),
    ),
    Row(
        "T18",
        "MUST",
        "A method that is not there, the methods of earlier revisions included, is answered with 404 and "
        "-32601.",
        tests=(
            "tests/wire/test_transport.py::test_a_method_that_this_revision_does_not_have_is_not_found",
            "tests/protocol/test_modern_era.py::test_a_method_is_not_found_where_nothing_of_its_kind_is_registered",
        ),
        checks=("server-stateless/sep-2575-http-server-method-not-found-404",),
    ),
    Row(
        "T19",
        "MUST",
        "A modern body without a version header is refused with -32020; a body of an earlier revision without "
        "one is served.",
        tests=(
            "tests/wire/test_transport.py::test_a_modern_body_without_a_version_header_is_refused",
            "tests/wire/test_transport.py::test_a_body_of_an_earlier_revision_without_a_version_header_is_served",
        ),
    ),
    Row(
        "T20",
        "MUST",
        "Mcp-Method is required and equals the method, letter by letter.",
        tests=("tests/wire/test_transport.py::test_mcp_method_must_be_the_method_letter_by_letter",),
    ),
    Row(
        "T21",
        "MUST",
        "Mcp-Name is required and equals the name, or the URI, of tools/call, prompts/get and resources/read.",
        tests=("tests/wire/test_transport.py::test_mcp_name_must_be_what_the_body_names",),
    ),
    Row(
        "T22",
        "MUST",
        "The Base64 form of Mcp-Name is decoded before it is compared; malformed Base64 is -32020.",
        tests=(
            "tests/wire/test_transport.py::test_mcp_name_may_come_in_base64",
            "tests/wire/test_transport.py::test_malformed_base64_in_mcp_name_is_refused",
        ),
    ),
    Row(
        "T23",
        "MUST",
        "Mcp-Param headers equal their arguments; without an argument there must be no header, with one there "
        "must; others are ignored.",
        tests=(
            "tests/wire/test_transport.py::test_a_mirrored_argument_agrees_with_its_header",
            "tests/wire/test_transport.py::test_a_mirrored_argument_that_disagrees_with_its_header_is_refused",
            "tests/wire/test_transport.py::test_headers_of_parameters_that_are_not_mirrored_are_ignored",
        ),
    ),
    Row(
        "T24",
        "MUST",
        "A header value with characters that no field may hold is refused with 400.",
        tests=(
            "tests/wire/test_transport.py::test_a_mirrored_header_with_characters_that_no_field_may_hold_is_refused",
        ),
    ),
    Row(
        "T25",
        "SHOULD",
        "Whole numbers in headers are compared as numbers.",
        tests=(
            "tests/wire/test_transport.py::test_whole_numbers_in_headers_are_compared_as_numbers",
            "tests/wire/test_transport.py::test_another_number_in_a_header_is_refused",
        ),
    ),
    Row(
        "T26",
        "MUST",
        "Header names are compared without case, values with it.",
        tests=(
            "tests/wire/test_transport.py::test_names_of_headers_have_no_case",
            "tests/wire/test_transport.py::test_a_mirrored_argument_that_disagrees_with_its_header_is_refused",
        ),
    ),
    Row(
        "T27",
        "MUST",
        "What fails the validation of headers is answered with 400 and a JSON-RPC error -32020.",
        tests=(
            "tests/wire/test_transport.py::test_mcp_method_must_be_the_method_letter_by_letter",
            "tests/wire/test_transport.py::test_mcp_name_must_be_what_the_body_names",
        ),
    ),
    Row(
        "T28",
        "SHOULD",
        "Methods other than POST are answered with 405, where nothing else is offered there.",
        tests=("tests/wire/test_transport.py::test_other_verbs_are_not_allowed",),
    ),
    Row(
        "T29",
        "SHOULD",
        "Mcp-Session-Id is ignored on modern requests and never sent back.",
        tests=(
            "tests/wire/test_transport.py::test_a_session_id_means_nothing_to_a_modern_request_and_is_not_sent_back",
        ),
    ),
    Row(
        "T31",
        "MUST",
        "Two different values of one of the mirrored headers are refused.",
        tests=("tests/wire/test_transport.py::test_two_different_values_of_a_mirrored_header_are_refused",),
    ),
    Row(
        "S1",
        "MUST",
        "Event streams are well formed: UTF-8, data lines, empty lines between events, the answer last, sent "
        "as it is produced.",
        tests=(
            "tests/wire/test_transport.py::test_a_stream_is_well_formed_unbuffered_and_ends_with_its_answer",
            "tests/wire/test_transport.py::test_progress_arrives_while_the_call_runs",
        ),
    ),
)
