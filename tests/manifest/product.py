"""What the product says that it does for an application and its Auth0 tenant."""

from __future__ import annotations

from .row import Row

PRODUCT: tuple[Row, ...] = (
    Row(
        "P1",
        "product",
        "The package installs with pip and is one object: Auth0MCP(app), or init_app on a factory's app.",
        tests=(
            "tests/extension/test_setup.py::test_tools_may_come_before_or_after_init_app",
            "tests/extension/test_setup.py::test_one_instance_may_serve_several_apps",
        ),
    ),
    Row(
        "P2",
        "product",
        "Clients register themselves at the tenant: the metadata shows them the way to dynamic registration.",
        tests=(
            "tests/wire/test_authorization.py::test_health_and_the_metadata_need_no_token",
            "tests/local_tenant/test_registration.py::test_a_registered_client_is_a_strict_third_party_without_a_secret",
        ),
    ),
    Row(
        "P3",
        "product",
        "Clients name the server with the resource parameter, and the name that is published fits what they "
        "know.",
        tests=(
            "tests/wire/test_authorization.py::test_the_metadata_is_at_both_well_known_places",
            "tests/extension/test_setup.py::test_an_audience_that_clients_would_refuse_is_an_error_at_start",
        ),
    ),
    Row(
        "P4",
        "product",
        "doctor tells whether dynamic registration is on in the tenant.",
        tests=(
            "tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_is_wrong_and_setup_cures_it",
            "tests/tenant/test_own_side.py::test_every_trouble_that_guides_list_is_explained_by_a_check",
        ),
    ),
    Row(
        "P5",
        "product",
        "doctor tells whether the resource parameter compatibility profile is on.",
        tests=("tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_is_wrong_and_setup_cures_it",),
    ),
    Row(
        "P6",
        "product",
        "doctor tells whether a connection is promoted to domain level, which self-registered clients need.",
        tests=("tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_is_wrong_and_setup_cures_it",),
    ),
    Row(
        "P7",
        "product",
        "doctor tells whether the API exists with exactly the identifier of the audience.",
        tests=(
            "tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_is_wrong_and_setup_cures_it",
            "tests/tenant/test_doctor_and_setup.py::test_a_near_miss_of_the_identifier_is_pointed_out",
        ),
    ),
    Row(
        "P8",
        "product",
        "doctor tells whether the default audience is set.",
        tests=(
            "tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_is_wrong_and_setup_cures_it",
            "tests/tenant/test_doctor_and_setup.py::test_setup_touches_the_door_and_the_default_audience_only_when_told_to",
        ),
    ),
    Row(
        "P9",
        "product",
        "Domain, client id and client secret come from the configuration; missing ones are reported together.",
        tests=(
            "tests/test_settings.py::test_a_malformed_value_is_named_with_its_key",
            "tests/extension/test_setup.py::test_every_missing_setting_is_reported_at_once_with_where_to_find_it",
            "tests/extension/test_setup.py::test_malformed_settings_are_reported_together_with_missing_ones",
            "tests/extension/test_setup.py::test_settings_come_from_prefixed_environment_variables",
        ),
    ),
    Row(
        "P10",
        "product",
        "doctor tells whether the client may read resource servers and users, and setup grants it.",
        tests=(
            "tests/tenant/test_doctor_and_setup.py::test_doctor_names_what_setup_has_no_say_in",
            "tests/tenant/test_bad_input.py::test_a_missing_scope_is_named_by_the_checks_that_need_it",
            "tests/tenant/test_doctor_and_setup.py::test_setup_makes_an_empty_tenant_right_in_the_safe_order",
        ),
    ),
    Row(
        "P11",
        "product",
        "The audience is compared exactly, trailing slash included.",
        tests=(
            "tests/auth/test_tokens.py::test_a_trailing_slash_too_many_is_pointed_out",
            "tests/auth/test_tokens.py::test_a_token_for_another_audience_is_refused",
        ),
    ),
    Row(
        "P12",
        "product",
        "AUTH0_DOMAIN takes a tenant's domain, a custom one, or a URL.",
        tests=(
            "tests/test_settings.py::test_a_domain_may_be_a_name_or_a_url",
            "tests/auth/test_discovery.py::test_the_issuer_is_spelled_as_the_document_spells_it",
            "tests/auth/test_discovery.py::test_an_issuer_with_a_path_is_found_in_every_form",
        ),
    ),
    Row(
        "P13",
        "product",
        "MCP_BASE_URL is the server's own URL and is never taken from a request.",
        tests=(
            "tests/auth/test_guard.py::test_dns_rebinding_is_stopped_before_anything_else",
            "tests/wire/test_authorization.py::test_the_name_of_the_server_never_comes_from_a_request",
        ),
    ),
    Row(
        "P14",
        "product",
        "Scopes of the application are published beside openid, profile and email.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
            "tests/extension/test_access.py::test_the_scopes_of_a_tool_stand_in_its_definition",
        ),
    ),
    Row(
        "P15",
        "product",
        "The Management API's domain, audience and credentials can be set apart.",
        tests=(
            "tests/test_settings.py::test_the_management_api_may_have_credentials_of_its_own",
            "tests/auth0_api/test_management.py::test_its_credentials_and_its_tenant_may_be_its_own",
        ),
    ),
    Row(
        "P16",
        "product",
        "The API whose permissions are looked up can be another than the audience.",
        tests=(
            "tests/wire/test_permissions.py::test_the_api_that_defines_the_permissions_may_be_another_than_the_audience",
        ),
    ),
    Row(
        "P17",
        "product",
        "A tool is open to every caller with a valid token where the tenant defines no permission for it.",
        tests=(
            "tests/auth/test_decisions.py::test_a_plain_tool_is_open_unless_the_tenant_defines_its_permission",
        ),
    ),
    Row(
        "P18",
        "product",
        "A protected tool is only for callers who hold its permission.",
        tests=(
            "tests/auth/test_decisions.py::test_a_protected_tool_is_for_those_who_hold_its_own_permission",
            "tests/extension/test_access.py::test_a_protected_tool_is_for_those_who_hold_its_permission",
        ),
    ),
    Row(
        "P19",
        "product",
        "The permission of a tool is tool:<name>.",
        tests=(
            "tests/auth/test_decisions.py::test_a_protected_tool_is_for_those_who_hold_its_own_permission",
        ),
    ),
    Row(
        "P20",
        "product",
        "Where the tenant defines tool:<name>, a caller without it is refused, though the code says nothing.",
        tests=(
            "tests/auth/test_decisions.py::test_a_plain_tool_is_open_unless_the_tenant_defines_its_permission",
        ),
    ),
    Row(
        "P21",
        "product",
        "Whether the permission is defined is asked of the resource server, once for all callers.",
        tests=(
            "tests/auth/test_permissions.py::test_the_permissions_of_the_api_are_asked_for_once_for_all_callers",
        ),
    ),
    Row(
        "P22",
        "product",
        "Whether the user holds it is asked with the user's permissions, and cached for a short time.",
        tests=(
            "tests/auth/test_permissions.py::test_a_users_permissions_are_asked_for_once_in_their_time_to_live",
            "tests/auth/test_permissions.py::test_a_revocation_is_seen_within_the_time_to_live",
        ),
    ),
    Row(
        "P23",
        "product",
        "Who lacks a permission reads: You don't have permission to use the 'NAME' tool.",
        tests=("tests/extension/test_access.py::test_a_protected_tool_is_for_those_who_hold_its_permission",),
    ),
    Row(
        "P24",
        "product",
        "Where the Management API cannot be asked, access is denied, and the caller is told that it is for "
        "now.",
        tests=("tests/auth/test_decisions.py::test_an_outage_is_told_apart_from_a_refusal",),
    ),
    Row(
        "P25",
        "product",
        "Permissions in the token are used where the configuration says so.",
        tests=(
            "tests/auth/test_decisions.py::test_the_token_decides_alone_if_the_settings_say_so",
            "tests/auth/test_decisions.py::test_with_auto_the_claim_grants_at_once_and_the_rest_is_asked_for",
        ),
    ),
    Row(
        "P26",
        "product",
        "Roles grant permissions: what the tenant resolves from a user's roles is what counts.",
        tests=(
            "tests/auth/test_permissions.py::test_a_role_that_is_revoked_or_emptied_is_seen_within_the_time_to_live",
        ),
    ),
    Row(
        "P27",
        "product",
        "get_auth_info() gives the caller inside a tool.",
        tests=("tests/extension/test_access.py::test_a_tool_knows_who_calls_it",),
    ),
    Row(
        "P28",
        "product",
        "The caller's token, client id, scopes, permissions, expiry and user are there.",
        tests=(
            "tests/wire/test_authorization.py::test_the_caller_is_told_who_they_are",
            "tests/auth/test_tokens.py::test_a_good_token_tells_who_is_calling",
        ),
    ),
    Row(
        "P29",
        "product",
        "A greeting by the caller's name and id works, as in the first example.",
        tests=("tests/example_app/test_identity.py::test_greet_uses_the_name_that_the_token_carries",),
    ),
    Row(
        "P30",
        "product",
        "get_client() exchanges the caller's token for one of another audience by a custom token exchange.",
        tests=(
            "tests/auth0_api/test_exchanges.py::test_a_profile_exchange_sends_everything_that_it_is_given",
        ),
    ),
    Row(
        "P31",
        "product",
        "get_management() calls the Management API, as in updating a user's metadata.",
        tests=("tests/auth0_api/test_management.py::test_it_writes_too",),
    ),
    Row(
        "P32",
        "product",
        "get_management() without credentials says which settings are missing.",
        tests=(
            "tests/auth0_api/test_management.py::test_without_credentials_every_setting_that_would_do_is_named",
        ),
    ),
    Row(
        "P33",
        "product",
        "No token is answered with unauthorized.",
        tests=(
            "tests/wire/test_authorization.py::test_without_a_token_nothing_is_served_and_the_way_in_is_shown",
        ),
    ),
    Row(
        "P34",
        "product",
        "An expired token is answered with token_expired.",
        tests=("tests/wire/test_authorization.py::test_a_token_that_is_not_good_is_refused",),
    ),
    Row(
        "P35",
        "product",
        "Any other token that fails is answered with invalid_token.",
        tests=(
            "tests/wire/test_authorization.py::test_a_token_that_is_not_good_is_refused",
            "tests/wire/test_authorization.py::test_a_token_that_was_changed_is_refused",
        ),
    ),
    Row(
        "P36",
        "product",
        "A missing scope is an InsufficientScopeError that reaches the client as a demand to step up.",
        tests=(
            "tests/wire/test_authorization.py::test_a_missing_scope_is_a_demand_to_step_up",
            "tests/extension/test_access.py::test_a_missing_scope_is_asked_for_with_all_that_is_needed",
        ),
    ),
    Row(
        "P37",
        "product",
        "A resource that Auth0 does not know is found by doctor before a user sees Service not found.",
        tests=(
            "tests/tenant/test_doctor_and_setup.py::test_a_near_miss_of_the_identifier_is_pointed_out",
            "tests/tenant/test_own_side.py::test_every_trouble_that_guides_list_is_explained_by_a_check",
        ),
    ),
    Row(
        "P38",
        "product",
        "Clients refresh: an expired token is told apart, so that they do.",
        tests=(
            "tests/wire/test_authorization.py::test_a_token_that_is_not_good_is_refused",
            "tests/auth/test_challenge.py::test_an_expired_token_is_an_invalid_token_to_rfc_6750",
        ),
    ),
    Row(
        "P39",
        "product",
        "Asking for the caller outside a request raises an error that says what to do.",
        tests=("tests/extension/test_setup.py::test_what_needs_the_app_says_so_outside_of_it",),
    ),
    Row(
        "P40",
        "product",
        "Tools work under the MCP path only while a request is served: nothing is shared between callers.",
        tests=(
            "tests/wire/test_base_protocol.py::test_another_token_on_the_same_connection_is_another_caller",
            "tests/extension/test_setup.py::test_several_apps_in_one_process_keep_to_themselves",
        ),
    ),
    Row(
        "P41",
        "product",
        "Tokens from the Token Vault reach other APIs without the caller's token being passed on.",
        tests=(
            "tests/auth0_api/test_exchanges.py::test_a_token_for_a_connection_comes_from_the_token_vault",
        ),
    ),
    Row(
        "P42",
        "product",
        "Roles and permissions can be set up and kept in step from the tools of the code (setup, sync).",
        tests=(
            "tests/tenant/test_sync.py::test_a_missing_permission_is_added_and_the_others_stay",
            "tests/tenant/test_sync.py::test_a_role_can_be_given_every_permission_of_the_app",
        ),
    ),
)
