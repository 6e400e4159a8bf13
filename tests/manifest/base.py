"""MCP 2026-07-28: messages, versions and discovery (basic/index, basic/versioning, server/discover)."""

from __future__ import annotations

from .row import Row

BASE: tuple[Row, ...] = (
    Row(
        "B1",
        "MUST",
        "An id is a text or a whole number, never null.",
        tests=("tests/wire/test_base_protocol.py::test_an_id_that_is_neither_text_nor_number_is_refused",),
    ),
    Row(
        "B2",
        "MUST",
        "The answer carries the id of the request, of the same type.",
        tests=(
            "tests/wire/test_base_protocol.py::test_an_answer_carries_the_id_of_its_request_of_the_same_type",
        ),
    ),
    Row(
        "B3",
        "MUST",
        "Every result says its resultType.",
        tests=("tests/wire/test_base_protocol.py::test_every_result_tells_its_type_and_the_server",),
        checks=("tools-list/wire-schema-valid",),
    ),
    Row(
        "B4",
        "MUST",
        "Every error has a whole number as code and a message.",
        tests=("tests/wire/test_base_protocol.py::test_every_error_has_a_defined_code_and_a_message",),
    ),
    Row(
        "B5",
        "MUST",
        "No error code is used that MCP reserves without defining it, nor one that it took back.",
        tests=("tests/wire/test_base_protocol.py::test_every_error_has_a_defined_code_and_a_message",),
    ),
    Row(
        "B6",
        "MUST",
        "Notifications are never answered.",
        tests=("tests/wire/test_transport.py::test_a_notification_is_accepted_without_a_body",),
    ),
    Row(
        "B7",
        "MUST",
        "Version, capabilities and identity come from the request alone, not from earlier ones or the "
        "connection.",
        tests=(
            "tests/wire/test_base_protocol.py::test_nothing_is_remembered_from_one_request_to_the_next",
            "tests/wire/test_base_protocol.py::test_another_token_on_the_same_connection_is_another_caller",
        ),
    ),
    Row(
        "B8",
        "MUST",
        "A request without _meta, without its version or without client capabilities is refused with -32602 "
        "and 400.",
        tests=(
            "tests/wire/test_base_protocol.py::test_a_request_without_what_meta_must_hold_is_refused",
            "tests/wire/test_base_protocol.py::test_a_request_without_meta_is_refused",
            "tests/wire/test_base_protocol.py::test_client_info_is_optional",
        ),
        checks=(
            "server-stateless/sep-2575-request-meta-invalid-missing-meta",
            "server-stateless/sep-2575-http-server-meta-invalid-400",
        ),
    ),
    Row(
        "B9",
        "MUST",
        "What needs a capability that the client did not declare is refused with -32021 and 400, naming it in "
        "an object.",
        tests=("tests/wire/test_base_protocol.py::test_an_undeclared_capability_is_named_in_the_error",),
        checks=(
            "server-stateless/sep-2575-server-rejects-undeclared-capability",
            "server-stateless/sep-2575-missing-capability-http-400",
        ),
    ),
    Row(
        "B10",
        "SHOULD",
        "Every result identifies the server in _meta.",
        tests=("tests/wire/test_base_protocol.py::test_every_result_tells_its_type_and_the_server",),
    ),
    Row(
        "B11",
        "MUST",
        "What is sent on a subscription's stream carries the subscription's id.",
        tests=(
            "tests/wire/test_subscriptions.py::test_changes_at_one_worker_reach_those_who_listen_at_another_and_want_them",
        ),
        checks=("server-stateless/sep-2575-server-tags-subscription-id",),
    ),
    Row(
        "B12",
        "MUST",
        "Schemas are JSON Schema 2020-12 and valid; an unknown dialect is an error at registration; "
        "references to the network are never fetched.",
        tests=(
            "tests/wire/test_features.py::test_a_schema_of_the_applications_own_is_published_as_it_is",
            "tests/wire/test_features.py::test_conditions_of_a_schema_of_the_applications_own_are_enforced",
            "tests/protocol/test_tools.py::test_a_reference_to_the_network_is_never_fetched",
            "tests/protocol/test_tools.py::test_a_schema_that_is_none_is_refused_at_registration",
        ),
    ),
    Row(
        "B13",
        "MUST",
        "Messages are UTF-8, those of the client as those of the server.",
        tests=("tests/wire/test_base_protocol.py::test_messages_are_utf_8_in_both_directions",),
    ),
    Row(
        "B14",
        "MUST",
        "A body that is not JSON is answered with 400 and -32700, without an id.",
        tests=(
            "tests/wire/test_base_protocol.py::test_a_body_that_is_not_json_is_a_parse_error_without_an_id",
        ),
    ),
    Row(
        "B15",
        "MUST",
        "A message of the wrong shape is answered with -32600 or -32602 and a 4xx status.",
        tests=(
            "tests/wire/test_base_protocol.py::test_a_message_of_the_wrong_shape_is_refused",
            "tests/wire/test_base_protocol.py::test_a_body_that_is_no_message_is_refused",
        ),
    ),
    Row(
        "B16",
        "MUST",
        "Unknown members of _meta, of params and of capabilities are ignored.",
        tests=("tests/wire/test_base_protocol.py::test_what_is_not_known_is_ignored",),
    ),
    Row(
        "V1",
        "MUST",
        "The error about an unsupported version lists the supported ones.",
        tests=(
            "tests/wire/test_transport.py::test_a_version_that_is_not_spoken_is_refused_with_those_that_are",
        ),
    ),
    Row(
        "V2",
        "MUST",
        "server/discover is there.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
        checks=("server-stateless/sep-2575-server-implements-discover",),
    ),
    Row(
        "V3",
        "MUST",
        "Names of extensions have a prefix and follow the rules for keys of _meta.",
        tests=(
            "tests/wire/test_base_protocol.py::test_names_of_extensions_have_a_prefix",
            "tests/protocol/test_apps.py::test_the_extension_is_offered_where_there_are_pages",
        ),
    ),
    Row(
        "V4",
        "MUST",
        "Both eras share the endpoint: the version in the request decides, not the method.",
        tests=("tests/wire/test_transport.py::test_the_version_decides_about_the_era_and_not_the_method",),
    ),
    Row(
        "V5",
        "SHOULD",
        "A client that shakes hands for an unknown version learns which one is spoken.",
        tests=("tests/wire/test_handshake.py::test_for_any_other_version_the_newest_one_is_offered",),
    ),
    Row(
        "D1",
        "MUST",
        "server/discover tells supported versions, capabilities, resultType, ttlMs and cacheScope.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
    ),
    Row(
        "D2",
        "SHOULD",
        "server/discover identifies the server.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
        checks=("server-stateless/sep-2575-server-identifies-in-result-meta",),
    ),
)
