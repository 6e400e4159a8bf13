"""What the tenant consists of: settings, APIs, applications, grants, organisations."""

from __future__ import annotations

import pytest
from auth0.management import Auth0
from auth0.management.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError

from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.local_tenant.tenant import tenant_of

from .conftest import AUDIENCE, CALENDAR, Client

ALICE = "auth0|alice"
DOCUMENT = "https://app.example.com/oauth/client.json"


def test_settings_change_only_where_they_are_told_to(auth0: Auth0, state: TenantState) -> None:
    before = auth0.tenants.settings.get()
    assert before.flags is not None
    assert before.flags.enable_dynamic_client_registration is True
    assert before.resource_parameter_profile == "compatibility"
    after = auth0.tenants.settings.update(
        flags={"use_scope_descriptions_for_consent": True},
        default_audience=AUDIENCE,
        support_email="a@b.example",
    )
    assert after.default_audience == AUDIENCE
    assert state.settings.flags == {
        "enable_dynamic_client_registration": True,
        "use_scope_descriptions_for_consent": True,
    }
    assert auth0.tenants.settings.get(fields="support_email,default_audience").model_dump(
        exclude_none=True
    ) == {
        "support_email": "a@b.example",
        "default_audience": AUDIENCE,
    }


def test_settings_of_a_wrong_kind_are_refused(auth0: Auth0, state: TenantState) -> None:
    with pytest.raises(BadRequestError):
        auth0.tenants.settings.update(resource_parameter_profile="both")
    with pytest.raises(BadRequestError):
        auth0.tenants.settings.update(default_audience="http://nobody.example")
    with pytest.raises(BadRequestError):
        auth0.tenants.settings.update(flags={"enable_dynamic_client_registration": "yes"})
    assert state.settings.resource_parameter_profile == "compatibility"


def test_an_api_is_made_as_auth0_presets_it(auth0: Auth0) -> None:
    made = auth0.resource_servers.create(
        identifier="http://localhost:9/mcp", name="New", scopes=[{"value": "tool:a"}]
    )
    assert made.token_dialect == "access_token"
    assert made.enforce_policies is False
    assert [scope.value for scope in made.scopes or []] == ["tool:a"]
    with pytest.raises(ConflictError):
        auth0.resource_servers.create(identifier="http://localhost:9/mcp")


def test_changing_the_scopes_of_an_api_replaces_them_and_takes_them_from_everybody(
    auth0: Auth0, state: TenantState
) -> None:
    changed = auth0.resource_servers.update(
        AUDIENCE, scopes=[{"value": "tool:refund"}, {"value": "tool:new", "description": "New"}]
    )
    assert [scope.value for scope in changed.scopes or []] == ["tool:refund", "tool:new"]
    assert Permission(AUDIENCE, "tool:report") not in state.users[ALICE].permissions
    assert state.permissions_of(ALICE, AUDIENCE) == ["tool:refund"]


def test_an_apis_settings_are_kept_even_those_that_do_nothing_here(auth0: Auth0) -> None:
    changed = auth0.resource_servers.update(
        AUDIENCE,
        enforce_policies=False,
        token_dialect="rfc9068_profile_authz",
        subject_type_authorization={"user": {"policy": "deny_all"}, "client": {"policy": "deny_all"}},
        authorization_details=[{"type": "payment"}],
    )
    assert changed.enforce_policies is False
    assert changed.subject_type_authorization is not None
    assert changed.authorization_details == [{"type": "payment"}]


@pytest.mark.parametrize("value", ["with space", "é", "", "x" * 281])
def test_what_cannot_be_a_scope_is_refused(auth0: Auth0, value: str) -> None:
    with pytest.raises(BadRequestError):
        auth0.resource_servers.update(AUDIENCE, scopes=[{"value": value}])


def test_the_management_api_itself_cannot_be_changed(auth0: Auth0, tenant: TenantServer) -> None:
    with pytest.raises(BadRequestError):
        auth0.resource_servers.update(tenant.state.management_audience, name="Mine")


def test_apis_are_listed_and_deleted_with_their_grants(auth0: Auth0, state: TenantState) -> None:
    assert [a.identifier for a in auth0.resource_servers.list(identifiers=[CALENDAR])] == [CALENDAR]
    auth0.resource_servers.delete(AUDIENCE)
    assert AUDIENCE not in state.resource_servers
    assert all(grant.audience != AUDIENCE for grant in state.client_grants.values())


def test_connections_are_listed_and_made_domain_connections(auth0: Auth0, state: TenantState) -> None:
    listed = {c.name: c for c in auth0.connections.list(fields="id,name,strategy,is_domain_connection")}
    assert listed["google"].is_domain_connection is False
    google = listed["google"].id
    assert google is not None
    changed = auth0.connections.update(google, is_domain_connection=True)
    assert changed.is_domain_connection is True
    assert auth0.connections.get(google).strategy == "google-oauth2"
    assert [c.name for c in auth0.connections.list(strategy="auth0")] == ["Username-Password-Authentication"]
    with pytest.raises(NotFoundError):
        auth0.connections.get("con_none")


def test_applications_are_listed_by_party(auth0: Auth0) -> None:
    third = list(auth0.clients.list(is_first_party=False))
    assert [client.client_id for client in third] == ["tpc_inspector"]
    assert third[0].third_party_security_mode == "strict"
    assert {client.client_id for client in auth0.clients.list()} == {"backend", "tpc_inspector"}


def test_a_secret_is_shown_only_to_those_who_may_read_keys(client: Client) -> None:
    assert client("read:clients").clients.get("backend").client_secret is None
    assert client("read:clients", "read:client_keys").clients.get("backend").client_secret == "backend-secret"


def test_an_application_is_made_changed_and_deleted(auth0: Auth0, state: TenantState) -> None:
    made = auth0.clients.create(
        name="Exchanger",
        app_type="resource_server",
        resource_server_identifier=AUDIENCE,
        client_metadata={"a": "1"},
    )
    assert made.client_id is not None
    assert made.client_secret
    assert made.resource_server_identifier == AUDIENCE
    changed = auth0.clients.update(
        made.client_id,
        token_exchange={"allow_any_profile_of_type": ["on_behalf_of_token_exchange"]},
        client_metadata={"a": None, "b": "2"},
    )
    assert changed.client_metadata == {"b": "2"}
    assert changed.token_exchange is not None
    rotated = auth0.clients.rotate_secret(made.client_id)
    assert rotated.client_secret not in (None, made.client_secret)
    auth0.clients.delete(made.client_id)
    auth0.clients.delete(made.client_id)  # nothing to delete is no error
    with pytest.raises(NotFoundError) as refused:
        auth0.clients.get(made.client_id)
    assert refused.value.body["errorCode"] == "inexistent_client"


def test_a_third_party_application_is_strict_from_the_start(auth0: Auth0) -> None:
    made = auth0.clients.create(name="Somebody", is_first_party=False)
    assert (made.client_id or "").startswith("tpc_")
    assert made.third_party_security_mode == "strict"


def test_deleting_an_application_ends_what_it_was_granted(auth0: Auth0, state: TenantState) -> None:
    state.remember_consent(ALICE, "backend", AUDIENCE, ["tool:report"])
    auth0.clients.delete("backend")
    assert not state.user_grants
    assert all(grant.client_id != "backend" for grant in state.client_grants.values())
    assert all("backend" not in connection.enabled_clients for connection in state.connections.values())


def test_a_metadata_document_is_previewed_and_registered_once(
    auth0: Auth0, tenant: TenantServer, state: TenantState
) -> None:
    tenant_of(tenant.app).document_source = lambda url: {
        "client_id": url,
        "client_name": "App",
        "redirect_uris": ["https://app.example.com/callback"],
    }
    preview = auth0.clients.preview_cimd_metadata(external_client_id=DOCUMENT)
    assert preview.validation is not None
    assert preview.validation.valid
    assert preview.mapped_fields is not None
    assert preview.mapped_fields.callbacks == ["https://app.example.com/callback"]
    assert state.find_client(DOCUMENT) is None
    registered = auth0.clients.register_cimd_client(external_client_id=DOCUMENT)
    assert registered.client_id.startswith("tpc_")
    assert auth0.clients.register_cimd_client(external_client_id=DOCUMENT).client_id == registered.client_id
    shown = auth0.clients.get(registered.client_id)
    assert (shown.external_metadata_type, shown.external_metadata_created_by) == ("cimd", "admin")
    assert [c.client_id for c in auth0.clients.list(external_client_id=DOCUMENT)] == [registered.client_id]


def test_a_metadata_document_that_is_no_good_says_why(auth0: Auth0, tenant: TenantServer) -> None:
    tenant_of(tenant.app).document_source = lambda url: {"client_id": "https://else.example/x"}
    preview = auth0.clients.preview_cimd_metadata(external_client_id=DOCUMENT)
    assert preview.validation is not None
    assert not preview.validation.valid
    assert preview.errors == preview.validation.violations
    with pytest.raises(BadRequestError):
        auth0.clients.register_cimd_client(external_client_id=DOCUMENT)
    with pytest.raises(BadRequestError):
        auth0.clients.register_cimd_client(external_client_id="http://127.0.0.1/client.json")


def test_metadata_documents_need_the_tenants_leave(auth0: Auth0, state: TenantState) -> None:
    state.settings.client_id_metadata_document_supported = False
    with pytest.raises(ForbiddenError):
        auth0.clients.preview_cimd_metadata(external_client_id=DOCUMENT)


def test_grants_are_found_by_what_they_are_for(auth0: Auth0) -> None:
    default = list(
        auth0.client_grants.list(audience=AUDIENCE, default_for="third_party_clients", subject_type="user")
    )
    assert [grant.allow_all_scopes for grant in default] == [True]
    assert default[0].client_id is None
    assert [g.client_id for g in auth0.client_grants.list(client_id="backend")] == ["backend"]
    assert list(auth0.client_grants.list(client_id="tpc_inspector")) == []


def test_a_grant_is_made_changed_and_deleted(auth0: Auth0, state: TenantState) -> None:
    made = auth0.client_grants.create(
        client_id="tpc_inspector", audience=AUDIENCE, scope=["tool:report"], subject_type="user"
    )
    assert made.id is not None
    assert auth0.client_grants.get(made.id).scope == ["tool:report"]
    with pytest.raises(ConflictError):
        auth0.client_grants.create(
            client_id="tpc_inspector", audience=AUDIENCE, scope=[], subject_type="user"
        )
    assert auth0.client_grants.update(made.id, scope=["tool:close"]).scope == ["tool:close"]
    assert auth0.client_grants.update(made.id, allow_all_scopes=True).scope == []
    auth0.client_grants.delete(made.id)
    assert made.id not in state.client_grants


def test_a_grant_cannot_go_beyond_its_api(auth0: Auth0) -> None:
    with pytest.raises(BadRequestError) as refused:
        auth0.client_grants.create(client_id="tpc_inspector", audience=AUDIENCE, scope=["tool:fly"])
    assert refused.value.body["message"] == (
        "Payload validation error: scope must be a subset of resource server scopes"
    )
    with pytest.raises(NotFoundError):
        auth0.client_grants.create(client_id="tpc_inspector", audience="http://nobody.example", scope=[])
    with pytest.raises(NotFoundError):
        auth0.client_grants.create(client_id="nobody", audience=AUDIENCE, scope=[])
    with pytest.raises(BadRequestError):
        auth0.client_grants.create(
            client_id="backend", default_for="third_party_clients", audience=AUDIENCE, scope=[]
        )


def test_an_organisations_members_have_roles_of_their_own(auth0: Auth0, state: TenantState) -> None:
    acme = next(iter(auth0.organizations.list()))
    assert acme.id is not None
    assert auth0.organizations.get(acme.id).display_name == "Acme"
    assert auth0.organizations.get_by_name("acme").id == acme.id
    assert [m.user_id for m in auth0.organizations.members.list(acme.id)] == [ALICE]
    assert [role.name for role in auth0.organizations.members.roles.list(acme.id, ALICE)] == ["Owner"]
    assert [r.name for r in auth0.organizations.members.effective_roles.list(acme.id, ALICE)] == ["Owner"]
    assert [o.id for o in auth0.users.organizations.list(ALICE)] == [acme.id]
    changed = auth0.organizations.update(acme.id, third_party_client_access="allow")
    assert changed.third_party_client_access == "allow"


def test_members_join_get_roles_and_leave(auth0: Auth0, state: TenantState) -> None:
    acme = next(iter(state.organizations))
    clerk = state.find_role("Clerk")
    assert clerk is not None
    with pytest.raises(BadRequestError):
        auth0.organizations.members.roles.assign(acme, "auth0|bob", roles=[clerk.id])
    auth0.organizations.members.create(acme, members=["auth0|bob"])
    auth0.organizations.members.roles.assign(acme, "auth0|bob", roles=[clerk.id])
    listed = auth0.organizations.members.list(acme, fields="user_id,roles")
    assert {m.user_id: [r.name for r in m.roles or []] for m in listed}["auth0|bob"] == ["Clerk"]
    auth0.organizations.members.roles.delete(acme, "auth0|bob", roles=[clerk.id])
    assert list(auth0.organizations.members.roles.list(acme, "auth0|bob")) == []
    auth0.organizations.members.delete(acme, members=["auth0|bob"])
    assert "auth0|bob" not in state.organizations[acme].members


def test_consents_are_listed_and_withdrawn(auth0: Auth0, state: TenantState) -> None:
    first = state.remember_consent(ALICE, "tpc_inspector", AUDIENCE, ["tool:report"])
    state.remember_consent(ALICE, "backend", CALENDAR, ["read:calendar"])
    listed = list(auth0.user_grants.list(user_id=ALICE, client_id="tpc_inspector"))
    assert [(grant.client_id, grant.scope) for grant in listed] == [("tpc_inspector", ["tool:report"])]
    auth0.user_grants.delete(first.id)
    assert len(state.user_grants) == 1
    auth0.user_grants.delete_by_user_id(user_id=ALICE)
    assert not state.user_grants


def test_rules_and_hooks_are_listed(auth0: Auth0, state: TenantState) -> None:
    assert list(auth0.rules.list(enabled=True)) == []
    state.rules.append({"id": "rul_1", "name": "old", "enabled": True, "script": "", "order": 1})
    state.hooks.append(
        {"id": "hook_1", "name": "older", "enabled": False, "triggerId": "pre-user-registration"}
    )
    assert [rule.name for rule in auth0.rules.list(enabled=True)] == ["old"]
    assert list(auth0.hooks.list(enabled=True)) == []
    assert [hook.name for hook in auth0.hooks.list()] == ["older"]


def test_token_exchange_profiles_are_listed(auth0: Auth0) -> None:
    [profile] = auth0.token_exchange_profiles.list()
    assert (profile.name, profile.subject_token_type) == ("legacy", "urn:shop:legacy")
    assert auth0.token_exchange_profiles.get(profile.id or "").name == "legacy"
