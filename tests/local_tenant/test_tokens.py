"""What the token endpoint gives, and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from flask_mcp_auth0.local_tenant.model import ClientGrant, Permission
from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, CALLBACK, ISSUER, Clock, Party, claims_of, header_of, query_of, refused

MANAGEMENT = f"{ISSUER}api/v2/"


def machine(app: Flask, **fields: Any) -> Any:
    body = {
        "grant_type": "client_credentials",
        "client_id": "server",
        "client_secret": "server-secret",
        "audience": MANAGEMENT,
    } | fields
    return Party(app).call("/oauth/token", {k: v for k, v in body.items() if v is not None})


def test_a_token_of_the_rfc9068_dialect(party: Party, clock: Clock) -> None:
    body = party.tokens()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["scope"] == "tool:report"
    assert header_of(body["access_token"])["typ"] == "at+jwt"
    claims = claims_of(body["access_token"])
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "sub": "auth0|alice",
        "aud": AUDIENCE,
        "iat": int(clock.now),
        "exp": int(clock.now) + 3600,
        "scope": "tool:report",
        "client_id": party.client_id,
        "permissions": ["tool:report"],
    }


def test_a_token_of_auth0s_own_dialect(party: Party, state: TenantState) -> None:
    state.resource_servers[AUDIENCE].token_dialect = "access_token_authz"
    token = party.tokens()["access_token"]
    claims = claims_of(token)
    assert header_of(token)["typ"] == "JWT"
    assert claims["azp"] == party.client_id
    assert "client_id" not in claims
    assert "jti" not in claims
    assert "gty" not in claims
    assert claims["permissions"] == ["tool:report"]


@pytest.mark.parametrize("dialect", ["access_token", "rfc9068_profile"])
def test_the_plain_dialects_have_no_permissions(party: Party, state: TenantState, dialect: str) -> None:
    state.resource_servers[AUDIENCE].token_dialect = dialect
    assert "permissions" not in claims_of(party.tokens()["access_token"])


def test_permissions_are_all_that_the_user_holds_and_scope_only_what_was_asked_for(party: Party) -> None:
    claims = claims_of(party.tokens(scope="")["access_token"])
    assert "scope" not in claims
    assert claims["permissions"] == ["tool:report"]


def test_a_scope_that_the_user_does_not_hold_is_left_out(party: Party) -> None:
    assert claims_of(party.tokens("bob")["access_token"]).get("scope") is None


def test_without_policies_enforced_any_defined_scope_is_granted(party: Party, state: TenantState) -> None:
    state.resource_servers[AUDIENCE].enforce_policies = False
    claims = claims_of(party.tokens("bob", scope="tool:report tool:unknown")["access_token"])
    assert claims["scope"] == "tool:report"
    assert "permissions" not in claims


def test_auth0s_audience_wins_over_resource(web: Party) -> None:
    token = web.tokens(audience=AUDIENCE, resource="https://downstream.example.com")["access_token"]
    assert claims_of(token)["aud"] == AUDIENCE


def test_without_the_compatibility_profile_resource_is_ignored(web: Party, state: TenantState) -> None:
    state.settings.resource_parameter_profile = "audience"
    assert web.tokens()["access_token"].count(".") == 4, "an opaque token"
    state.settings.default_audience = AUDIENCE
    assert claims_of(web.tokens()["access_token"])["aud"] == AUDIENCE


def test_two_resources_at_once_are_refused(web: Party) -> None:
    answer = web.get(
        "/authorize",
        query_string=[
            ("client_id", "web"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("resource", AUDIENCE),
            ("resource", "https://downstream.example.com"),
        ],
    )
    assert answer.location is not None
    assert "error=invalid_target" in answer.location


def test_a_code_for_one_resource_is_not_exchanged_for_another(party: Party) -> None:
    answer = party.exchange(party.code(), resource="https://downstream.example.com")
    assert refused(answer)[1] == "invalid_target"


def test_a_token_without_an_api_is_opaque_and_reads_the_profile(web: Party) -> None:
    body = web.tokens(resource=None, scope="openid profile email")
    assert body["access_token"].count(".") == 4
    header = json.loads(__import__("base64").urlsafe_b64decode(body["access_token"].split(".")[0] + "=="))
    assert header == {"alg": "dir", "enc": "A256GCM", "iss": ISSUER}
    answer = web.get("/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert answer.json is not None
    assert answer.json["sub"] == "auth0|alice"
    assert answer.json["name"] == "Alice Archer"
    assert answer.json["email"] == "alice@example.com"


def test_openid_adds_the_userinfo_audience_and_an_id_token(web: Party, clock: Clock) -> None:
    body = web.tokens(scope="openid profile tool:report", nonce="n-0S6_WzA2Mj")
    assert claims_of(body["access_token"])["aud"] == [AUDIENCE, f"{ISSUER}userinfo"]
    identity = claims_of(body["id_token"])
    assert identity["aud"] == "web"
    assert identity["nonce"] == "n-0S6_WzA2Mj"
    assert identity["auth_time"] == int(clock.now)
    assert identity["name"] == "Alice Archer"
    assert "email" not in identity
    answer = web.get("/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c.d.e", "Bearer a.b.c"]
)
def test_userinfo_needs_a_token_that_is_meant_for_it(web: Party, token: str) -> None:
    answer = web.get("/userinfo", headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_userinfo_refuses_a_token_for_an_api_alone_and_an_expired_one(web: Party, clock: Clock) -> None:
    alone = web.tokens()["access_token"]
    assert web.get("/userinfo", headers={"Authorization": f"Bearer {alone}"}).status_code == 401
    token = web.tokens(scope="openid")["access_token"]
    clock.pass_(3601)
    assert web.get("/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_code_is_used_once_and_a_second_use_ends_what_the_first_gave(party: Party) -> None:
    code = party.code(scope="tool:report offline_access")
    first = party.exchange(code)
    assert first.json is not None
    assert refused(party.exchange(code)) == (403, "invalid_grant", "Invalid authorization code")
    assert refused(party.refresh(first.json["refresh_token"]))[1] == "invalid_grant"


def test_a_code_expires_after_a_minute(party: Party, clock: Clock) -> None:
    code = party.code()
    clock.pass_(61)
    assert refused(party.exchange(code)) == (403, "invalid_grant", "Invalid authorization code")


def test_a_code_is_for_the_client_that_asked_for_it(app: Flask, party: Party) -> None:
    code = party.code()
    other = Party(app)
    other.register()
    assert refused(other.exchange(code))[1] == "invalid_grant"
    assert party.exchange(code).status_code == 200


def test_the_redirect_uri_has_to_be_repeated(party: Party) -> None:
    answer = party.exchange(party.code(), redirect_uri="http://localhost:1234/other")
    assert refused(answer)[:2] == (403, "invalid_grant")


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (None, "invalid_request"),
        ("x" * 43, "invalid_grant"),
        ("short", "invalid_grant"),
        ("\u00e9" * 50, "invalid_grant"),
    ],
)
def test_pkce_is_enforced(party: Party, verifier: str | None, error: str) -> None:
    assert refused(party.exchange(party.code(), code_verifier=verifier))[1] == error


def test_a_verifier_without_a_challenge_is_refused(web: Party) -> None:
    code = web.code(code_challenge=None, code_challenge_method=None)
    assert refused(web.exchange(code))[1] == "invalid_grant"
    code = web.code(code_challenge=None, code_challenge_method=None)
    assert web.exchange(code, code_verifier=None).status_code == 200


def test_a_public_client_cannot_do_without_pkce(app: Flask) -> None:
    native = Party(app, client_id="native")
    answer = native.authorize(
        redirect_uri="http://127.0.0.1/callback", code_challenge=None, code_challenge_method=None
    )
    assert answer.location is not None
    assert "code_challenge+is+required" in answer.location.replace("%20", "+")


def test_a_user_who_was_removed_or_blocked_meanwhile_gets_nothing(party: Party, state: TenantState) -> None:
    code = party.code()
    state.users["auth0|alice"].blocked = True
    assert refused(party.exchange(code)) == (403, "unauthorized", "user is blocked")
    state.users["auth0|alice"].blocked = False
    code = party.code()
    del state.users["auth0|alice"]
    assert refused(party.exchange(code))[1] == "invalid_grant"


def test_refreshing_gives_the_same_scopes_and_a_new_refresh_token(party: Party) -> None:
    first = party.tokens(scope="tool:report offline_access")
    second = party.refresh(first["refresh_token"])
    assert second.json is not None
    assert second.json["scope"] == "tool:report offline_access"
    assert second.json["refresh_token"] != first["refresh_token"]


def test_a_refresh_token_that_comes_back_ends_its_family(party: Party) -> None:
    first = party.tokens(scope="offline_access")["refresh_token"]
    answer = party.refresh(first)
    assert answer.json is not None
    second = answer.json["refresh_token"]
    assert refused(party.refresh(first)) == (403, "invalid_grant", "Unknown or invalid refresh token.")
    assert refused(party.refresh(second))[1] == "invalid_grant"


def test_within_the_leeway_a_replaced_refresh_token_still_counts(
    party: Party, state: TenantState, clock: Clock
) -> None:
    state.clients[party.client_id].refresh_token = {"rotation_type": "rotating", "leeway": 10}
    first = party.tokens(scope="offline_access")["refresh_token"]
    assert party.refresh(first).status_code == 200
    assert party.refresh(first).status_code == 200
    clock.pass_(11)
    assert refused(party.refresh(first))[1] == "invalid_grant"


def test_a_first_party_application_keeps_its_refresh_token(web: Party) -> None:
    token = web.tokens(scope="offline_access")["refresh_token"]
    for _ in range(2):
        answer = web.refresh(token)
        assert answer.status_code == 200
        assert answer.json is not None
        assert "refresh_token" not in answer.json


def test_refreshing_sees_what_the_administrator_changed(party: Party, state: TenantState) -> None:
    token = party.tokens(scope="tool:report tool:refund offline_access")
    assert token["scope"] == "tool:report offline_access"
    state.users["auth0|alice"].roles.clear()
    state.assign("auth0|alice", [Permission(AUDIENCE, "tool:refund")])
    answer = party.refresh(token["refresh_token"])
    assert answer.json is not None
    claims = claims_of(answer.json["access_token"])
    assert claims["permissions"] == ["tool:refund"]
    assert claims["scope"] == "offline_access"


def test_fewer_scopes_can_be_asked_for_and_never_more(party: Party) -> None:
    token = party.tokens(scope="tool:report offline_access")["refresh_token"]
    assert refused(party.refresh(token, scope="tool:refund"))[1] == "invalid_scope"


def test_asking_for_fewer_scopes_narrows_this_token_only(web: Party) -> None:
    token = web.tokens(scope="tool:report offline_access")["refresh_token"]
    narrow = web.refresh(token, scope="offline_access")
    assert narrow.json is not None
    assert narrow.json["scope"] == "offline_access"
    whole = web.refresh(token)
    assert whole.json is not None
    assert whole.json["scope"] == "tool:report offline_access"


def test_a_refresh_token_is_for_its_client_its_resource_and_its_time(
    app: Flask, web: Party, party: Party, clock: Clock
) -> None:
    token = web.tokens(scope="offline_access")["refresh_token"]
    assert refused(party.refresh(token))[1] == "invalid_grant"
    answer = web.refresh(token, resource="https://downstream.example.com")
    assert refused(answer)[1] == "invalid_target"
    clock.pass_(2_592_001)
    assert refused(web.refresh(token))[1] == "invalid_grant"


def test_no_refresh_token_where_the_api_or_the_client_has_none(
    party: Party, web: Party, state: TenantState
) -> None:
    state.resource_servers[AUDIENCE].allow_offline_access = False
    body = party.tokens(scope="tool:report offline_access")
    assert "refresh_token" not in body
    assert body["scope"] == "tool:report"
    state.resource_servers[AUDIENCE].allow_offline_access = True
    state.clients["web"].grant_types.remove("refresh_token")
    assert "refresh_token" not in web.tokens(scope="offline_access")


def test_refresh_tokens_are_not_kept_in_clear(party: Party, state: TenantState) -> None:
    token = party.tokens(scope="offline_access")["refresh_token"]
    assert token not in json.dumps(state.snapshot())


def test_revoking_ends_every_refresh_token_of_that_login(party: Party) -> None:
    first = party.tokens(scope="offline_access")["refresh_token"]
    answer = party.refresh(first)
    assert answer.json is not None
    second = answer.json["refresh_token"]
    fields = {"token": second, "client_id": party.client_id}
    assert party.call("/oauth/revoke", fields).status_code == 200
    assert refused(party.refresh(second))[1] == "invalid_grant"
    assert party.call("/oauth/revoke", fields).status_code == 200, "RFC 7009: an unknown token is no error"


def test_nobody_revokes_the_tokens_of_another_client(app: Flask, web: Party, party: Party) -> None:
    token = web.tokens(scope="offline_access")["refresh_token"]
    assert party.call("/oauth/revoke", {"token": token, "client_id": party.client_id}).status_code == 200
    assert web.refresh(token).status_code == 200
    assert refused(party.call("/oauth/revoke", {"client_id": party.client_id}))[1] == "invalid_request"
    assert refused(party.call("/oauth/revoke", {"token": token, "client_id": "web"}))[0] == 401


def test_withdrawing_consent_ends_the_refresh_tokens_that_stand_on_it(
    party: Party, state: TenantState
) -> None:
    token = party.tokens(scope="offline_access")["refresh_token"]
    grant = next(iter(state.user_grants))
    assert state.withdraw_consent(grant)
    assert not state.withdraw_consent(grant)
    assert refused(party.refresh(token))[1] == "invalid_grant"


def test_a_machine_gets_all_of_its_grant(app: Flask) -> None:
    answer = machine(app)
    claims = claims_of(answer.json["access_token"])
    assert claims["sub"] == "server@clients"
    assert claims["azp"] == "server"
    assert claims["gty"] == "client-credentials"
    assert claims["scope"] == "read:users read:resource_servers"


def test_a_machine_may_ask_for_less(app: Flask) -> None:
    answer = machine(app, scope="read:users")
    assert claims_of(answer.json["access_token"])["scope"] == "read:users"
    assert refused(machine(app, scope="read:users delete:users"))[:2] == (403, "access_denied")


def test_json_bodies_are_taken_as_auth0s_sdks_send_them(app: Flask) -> None:
    body = {
        "grant_type": "client_credentials",
        "client_id": "server",
        "client_secret": "server-secret",
        "audience": MANAGEMENT,
        "organization": None,
    }
    assert Party(app).call("/oauth/token", json=body).status_code == 200
    assert refused(Party(app).call("/oauth/token", json=[body]))[:2] == (400, "invalid_request")


def test_machine_errors_are_in_auth0s_words(app: Flask, state: TenantState) -> None:
    unknown = refused(machine(app, audience="https://unknown.example"))
    assert unknown == (403, "access_denied", "Service not enabled within domain: https://unknown.example")
    without = refused(machine(app, audience=AUDIENCE))
    assert without[:2] == (403, "access_denied")
    assert without[2].startswith(f'Client is not authorized to access "{AUDIENCE}". You need to create a')
    assert refused(machine(app, audience=None))[1] == "invalid_request"
    state.clients["server"].grant_types.remove("client_credentials")
    text = "Grant type 'client_credentials' not allowed for the client."
    assert refused(machine(app)) == (403, "unauthorized_client", text)


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": "wrong"},
        {"client_secret": None},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_secret": None, "client_assertion": "x.y.z", "client_assertion_type": "nonsense"},
    ],
)
def test_who_cannot_prove_who_it_is_gets_401(app: Flask, fields: dict[str, Any]) -> None:
    assert refused(machine(app, **fields)) == (401, "access_denied", "Unauthorized")


def test_the_secret_may_come_in_the_authorization_header(app: Flask) -> None:
    answer = Party(app).call(
        "/oauth/token",
        {"grant_type": "client_credentials", "audience": MANAGEMENT},
        auth=("server", "server-secret"),
    )
    assert answer.status_code == 200


def test_an_unknown_grant_type_is_refused(app: Flask) -> None:
    assert refused(machine(app, grant_type="password"))[1] == "unsupported_grant_type"
    assert refused(machine(app, grant_type=None))[1] == "unsupported_grant_type"


def test_the_query_of_the_token_endpoint_does_not_count(app: Flask) -> None:
    answer = Party(app).call(
        "/oauth/token?client_secret=server-secret",
        {"grant_type": "client_credentials", "client_id": "server", "audience": MANAGEMENT},
    )
    assert answer.status_code == 401


def test_ps256_and_hs256_apis(app: Flask, web: Party, state: TenantState) -> None:
    state.resource_servers[AUDIENCE].signing_alg = "PS256"
    assert header_of(web.tokens()["access_token"])["alg"] == "PS256"
    state.resource_servers[AUDIENCE].signing_alg = "HS256"
    token = web.tokens(scope="openid")["access_token"]
    assert header_of(token)["alg"] == "HS256"
    assert claims_of(token)["aud"] == AUDIENCE


def test_the_clock_of_the_tenant_can_go_wrong(web: Party, state: TenantState, clock: Clock) -> None:
    state.clock_skew = 120
    state.issuer_in_tokens = "https://somebody.else/"
    claims = claims_of(web.tokens()["access_token"])
    assert claims["iat"] == int(clock.now) + 120
    assert claims["iss"] == "https://somebody.else/"


def test_a_repeated_parameter_is_refused(app: Flask) -> None:
    answer = Party(app).call(
        "/oauth/token",
        MultiDict(
            [
                ("grant_type", "client_credentials"),
                ("client_id", "server"),
                ("client_secret", "server-secret"),
                ("audience", MANAGEMENT),
                ("scope", "read:users"),
                ("scope", "read:resource_servers"),
            ]
        ),
    )
    assert refused(answer) == (400, "invalid_request", "Parameter 'scope' is there more than once")


def test_a_thousand_scopes_are_enough(web: Party) -> None:
    scope = " ".join(f"s{n}" for n in range(1001))
    assert query_of(web.authorize(scope=scope).location)["error"] == "invalid_scope"
    assert "code" in query_of(web.log_in(web.authorize(scope=scope[:4000])).location)


def test_a_public_client_cannot_act_for_itself(app: Flask, state: TenantState) -> None:
    state.clients["native"].grant_types.append("client_credentials")
    answer = machine(app, client_id="native", client_secret=None)
    assert refused(answer)[1] == "unauthorized_client"


def test_the_profile_of_a_user_who_is_gone_is_not_read(web: Party, state: TenantState) -> None:
    header = {"Authorization": f"Bearer {web.tokens(scope='openid')['access_token']}"}
    del state.users["auth0|alice"]
    assert web.get("/userinfo", headers=header).status_code == 401


def test_a_machine_of_an_api_with_policies_holds_what_its_grant_gives(app: Flask, state: TenantState) -> None:
    grant = ClientGrant("cgr_machine", AUDIENCE, client_id="server", scope=["tool:report"])
    state.client_grants[grant.id] = grant
    claims = claims_of(machine(app, audience=AUDIENCE).json["access_token"])
    assert claims["permissions"] == ["tool:report"]
    assert claims["client_id"] == "server"
    assert "gty" not in claims


def test_old_codes_and_refresh_tokens_are_forgotten(party: Party, state: TenantState, clock: Clock) -> None:
    party.tokens(scope="offline_access")
    assert len(state.codes) == 1
    clock.pass_(2_592_001)
    party.tokens(scope="offline_access")
    assert len(state.codes) == 1
    assert len(state.refresh_tokens) == 1


def test_a_request_without_a_state_is_answered_without_one(party: Party) -> None:
    query = query_of(party.consent(party.log_in(party.authorize(state=None))).location)
    assert "state" not in query
