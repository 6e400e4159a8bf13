"""MCP 2026-07-28: tools, resources, prompts and completion (server)."""

from __future__ import annotations

from .row import Row

FEATURES: tuple[Row, ...] = (
    Row(
        "I1",
        "MUST",
        "A server with tools declares tools.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
        checks=("server-stateless/sep-2575-discover-capabilities-match-handlers",),
    ),
    Row(
        "I2",
        "MUST",
        "tools/list is answered, the same on every connection and after any call; it differs only with what "
        "the caller may do.",
        tests=(
            "tests/wire/test_features.py::test_tools_are_listed_the_same_way_every_time",
            "tests/extension/test_access.py::test_lists_show_what_the_caller_may_use",
        ),
    ),
    Row(
        "I3",
        "SHOULD",
        "Tools are listed in the same order every time.",
        tests=(
            "tests/wire/test_features.py::test_tools_are_listed_the_same_way_every_time",
            "tests/protocol/test_lists.py::test_tools_come_in_the_order_of_their_registration",
        ),
    ),
    Row(
        "I4",
        "SHOULD",
        "An unknown tool is a protocol error -32602; names are compared with case.",
        tests=("tests/wire/test_features.py::test_an_unknown_tool_is_a_protocol_error",),
    ),
    Row(
        "I5",
        "MUST",
        "A tools/call without a name, or with arguments that are no object, is a protocol error.",
        tests=("tests/wire/test_features.py::test_a_malformed_call_is_a_protocol_error",),
    ),
    Row(
        "I6",
        "MUST",
        "Arguments are validated; what is wrong with them is told in a result with isError.",
        tests=("tests/wire/test_features.py::test_wrong_arguments_are_told_in_a_result_that_names_them",),
    ),
    Row(
        "I7",
        "SHOULD",
        "What a tool raises is a result with isError.",
        tests=("tests/wire/test_features.py::test_what_a_tool_refuses_is_a_result_with_its_text",),
        checks=("tools-call-error/tools-call-error",),
    ),
    Row(
        "I8",
        "MUST",
        "No traceback and no text of an unexpected exception reaches the caller.",
        tests=(
            "tests/wire/test_features.py::test_what_goes_wrong_in_a_tool_shows_nothing_of_it",
            "tests/protocol/test_tools.py::test_an_exceptions_text_stays_in_the_log",
        ),
    ),
    Row(
        "I9",
        "MUST",
        "An x-mcp-header annotation is valid or the tool cannot be registered: token syntax, unique, on a "
        "primitive, reachable.",
        tests=(
            "tests/protocol/test_modern_era.py::test_an_annotation_that_clients_would_drop_the_tool_for_is_refused",
            "tests/wire/test_features.py::test_a_mirrored_parameter_says_so_in_the_schema",
        ),
    ),
    Row(
        "I10",
        "MUST",
        "Structured content fits the output schema, and is there as text, too.",
        tests=(
            "tests/wire/test_features.py::test_structured_content_is_there_as_text_too",
            "tests/protocol/test_tools.py::test_a_result_that_breaks_the_declaration_is_masked",
            "tests/protocol/test_tools.py::test_an_output_schema_of_ones_own_is_enforced",
        ),
    ),
    Row(
        "I11",
        "SHOULD",
        "Tool names have 1 to 128 characters of the allowed set and are unique.",
        tests=(
            "tests/wire/test_features.py::test_every_tool_is_described_and_has_an_object_schema",
            "tests/extension/test_setup.py::test_two_tools_of_one_name_on_different_blueprints_are_refused_naming_both_places",
            "tests/protocol/test_tools.py::test_a_name_that_clients_would_refuse_is_refused",
        ),
    ),
    Row(
        "I12",
        "MUST",
        "The content of a result is a list of valid blocks.",
        tests=("tests/wire/test_features.py::test_content_is_a_list_of_blocks_of_every_kind",),
    ),
    Row(
        "I13",
        "MUST",
        "Every call is authorised, and limits bound what one caller can take.",
        tests=(
            "tests/extension/test_access.py::test_a_protected_tool_is_for_those_who_hold_its_permission",
            "tests/extension/test_access.py::TestAnonymous::test_each_call_of_a_batch_is_decided_on_its_own",
            "tests/wire/test_subscriptions.py::test_streams_are_bounded_and_the_next_one_is_told_so_while_calls_get_through",
        ),
    ),
    Row(
        "I14",
        "MUST",
        "An input schema is an object schema.",
        tests=(
            "tests/wire/test_features.py::test_every_tool_is_described_and_has_an_object_schema",
            "tests/protocol/test_tools.py::test_a_schema_that_is_none_is_refused_at_registration",
        ),
    ),
    Row(
        "J1",
        "MUST",
        "An unknown resource is -32602 with its URI, never empty contents.",
        tests=("tests/wire/test_features.py::test_an_unknown_resource_is_an_error_that_names_it",),
        checks=("sep-2164-resource-not-found/sep-2164-error-code",),
    ),
    Row(
        "J2",
        "MUST",
        "A server with resources declares them and lists them.",
        tests=("tests/wire/test_features.py::test_resources_and_templates_are_listed_apart",),
    ),
    Row(
        "J3",
        "MUST",
        "URIs are checked before anything is read.",
        tests=(
            "tests/wire/test_features.py::test_a_read_without_a_uri_is_refused",
            "tests/wire/test_features.py::test_an_unknown_resource_is_an_error_that_names_it",
        ),
    ),
    Row(
        "J4",
        "MUST",
        "Binary contents are Base64.",
        tests=("tests/wire/test_features.py::test_binary_contents_are_base64",),
    ),
    Row(
        "J5",
        "MUST",
        "A URI cannot escape from the directory that a template serves.",
        tests=("tests/wire/test_features.py::test_a_variable_of_a_template_stays_one_segment",),
    ),
    Row(
        "K1",
        "SHOULD",
        "An unknown prompt is -32602.",
        tests=("tests/wire/test_features.py::test_an_unknown_prompt_is_refused",),
    ),
    Row(
        "K2",
        "SHOULD",
        "A prompt without a required argument is -32602.",
        tests=("tests/wire/test_features.py::test_a_prompt_without_its_arguments_is_refused",),
    ),
    Row(
        "K3",
        "MUST",
        "A server with prompts declares them.",
        tests=("tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",),
        checks=("server-stateless/sep-2575-server-declares-prompts-in-discover",),
    ),
    Row(
        "H1",
        "SHOULD",
        "Completion for an unknown prompt or argument is -32602.",
        tests=("tests/wire/test_features.py::test_completion_of_what_is_not_there_is_refused",),
    ),
    Row(
        "H2",
        "MUST",
        "A server with completions declares them and gives at most 100 values.",
        tests=(
            "tests/wire/test_base_protocol.py::test_discover_tells_what_there_is",
            "tests/wire/test_features.py::test_at_most_a_hundred_values_are_given_and_more_are_announced",
        ),
    ),
)
