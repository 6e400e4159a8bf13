"""The authorization endpoint, login and consent."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.state import TenantState

from .flow import AUDIENCE, CALLBACK, ISSUER, Clock, Party, query_of


def test_login_and_consent_lead_back_with_code_state_and_issuer(party: Party) -> None:
    answer = party.consent(party.log_in(party.authorize()))
    assert answer.location is not None
    assert answer.location.startswith(f"{CALLBACK}?")
    query = query_of(answer.location)
    assert query["state"] == "of-the-client"
    assert query["iss"] == ISSUER
    assert len(query["code"]) >= 40


def test_without_the_setting_the_answer_carries_no_issuer(party: Party, state: TenantState) -> None:
    state.settings.authorization_response_iss_parameter_supported = False
    assert "iss" not in query_of(party.consent(party.log_in(party.authorize())).location)


def test_authorization_requests_may_be_posted(party: Party) -> None:
    answer = party.browser.post(
        "/authorize",
        base_url=ISSUER,
        data={
            "client_id": party.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "code_challenge": "x" * 43,
            "code_challenge_method": "S256",
            "resource": AUDIENCE,
        },
    )
    assert party.step(answer, "/u/login")


def test_a_wrong_password_shows_the_form_again_and_reveals_nothing(party: Party) -> None:
    begun = party.authorize()
    wrong = party.log_in(begun, password="nonsense")
    unknown = party.log_in(begun, user="nobody")
    assert wrong.status_code == unknown.status_code == 400
    assert "Wrong username or password." in wrong.text
    assert "Wrong username or password." in unknown.text
    assert "nonsense" not in wrong.text


def test_a_user_may_log_in_by_e_mail_address(party: Party) -> None:
    begun = party.authorize()
    path = party.step(begun, "/u/login")
    answer = party.submit(party.get(path), path, username="ALICE@example.com", password="alice-password")
    assert party.step(answer, "/u/consent")


def test_a_blocked_user_cannot_log_in(party: Party) -> None:
    assert "blocked" in party.log_in(party.authorize(), "mallory").text


def test_after_ten_failures_even_the_right_password_has_to_wait(party: Party, clock: Clock) -> None:
    begun = party.authorize()
    for _ in range(10):
        party.log_in(begun, password="guess")
    assert "Too many attempts" in party.log_in(begun).text
    clock.pass_(61)
    assert party.step(party.log_in(begun), "/u/consent")


def test_declining_tells_the_application(party: Party) -> None:
    query = query_of(party.consent(party.log_in(party.authorize()), "deny").location)
    assert query["error"] == "access_denied"
    assert query["error_description"] == "User did not authorize the request"
    assert query["iss"] == ISSUER
    assert query["state"] == "of-the-client"


def test_a_second_login_in_the_same_browser_asks_for_nothing(party: Party) -> None:
    party.code()
    assert "code" in query_of(party.authorize().location)


def test_consent_is_asked_again_for_a_scope_that_is_new(party: Party) -> None:
    party.code(scope="")
    assert party.step(party.authorize(scope="tool:report"), "/u/consent")


def test_prompt_login_asks_for_the_password_in_spite_of_a_session(party: Party) -> None:
    party.code()
    begun = party.authorize(prompt="login")
    assert "code" in query_of(party.log_in(begun).location)


def test_prompt_consent_asks_for_consent_once_more(party: Party) -> None:
    party.code()
    begun = party.authorize(prompt="consent")
    assert "code" in query_of(party.consent(begun).location)


def test_an_old_session_does_not_do_for_max_age(party: Party, clock: Clock) -> None:
    party.code()
    clock.pass_(120)
    assert party.step(party.authorize(max_age="60"), "/u/login")
    assert "code" in query_of(party.authorize(max_age="600").location)


def test_prompt_none_reports_what_would_have_to_be_asked(web: Party, state: TenantState) -> None:
    assert query_of(web.authorize(prompt="none").location)["error"] == "login_required"
    web.code()
    api = state.resource_servers[AUDIENCE]
    api.skip_consent_for_verifiable_first_party_clients = False
    assert query_of(web.authorize(prompt="none").location)["error"] == "consent_required"
    api.skip_consent_for_verifiable_first_party_clients = True
    assert "code" in query_of(web.authorize(prompt="none").location)


def test_not_you_logs_out_and_asks_who_it_is(party: Party) -> None:
    answer = party.consent(party.log_in(party.authorize()), "switch")
    answer = party.log_in(answer, "bob")
    path = party.step(answer, "/u/consent")
    assert "Bob" in party.get(path).text


def test_logging_out_ends_the_session(party: Party) -> None:
    party.code()
    assert "logged out" in party.get("/v2/logout").text
    assert party.step(party.authorize(), "/u/login")


def test_the_consent_page_names_who_asks_for_what_and_where_it_goes(party: Party) -> None:
    path = party.step(party.log_in(party.authorize(scope="tool:report tool:refund")), "/u/consent")
    page = party.get(path).text
    assert "An MCP client" in page
    assert "Read the report" in page
    assert "tool:refund" not in page, "alice does not hold it"
    assert "localhost:1234" in page


def test_names_that_clients_choose_are_shown_as_text(app: Flask) -> None:
    party = Party(app)
    party.register(client_name="<script>alert(1)</script>")
    page = party.get(party.step(party.authorize(), "/u/login")).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"client_id": "nobody"}, "Unknown client: nobody"),
        ({"client_id": None}, "Unknown client"),
        ({"redirect_uri": "https://attacker.example/"}, "Callback URL mismatch"),
        ({"redirect_uri": f"{CALLBACK}/"}, "Callback URL mismatch"),
        ({"redirect_uri": "http://localhost.attacker.example/callback"}, "Callback URL mismatch"),
        ({"state": "x" * 9000}, "too long"),
    ],
)
def test_what_cannot_be_reported_to_the_application_is_told_to_the_user(
    web: Party, parameters: dict[str, Any], text: str
) -> None:
    answer = web.authorize(**parameters)
    assert answer.status_code in (400, 403)
    assert answer.location is None
    assert text in answer.text


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"resource": "https://unknown.example/"}, "access_denied"),
        ({"audience": "https://unknown.example/"}, "access_denied"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
        ({"organization": "unknown"}, "invalid_request"),
    ],
)
def test_what_a_first_party_application_gets_wrong_is_reported_to_it(
    web: Party, parameters: dict[str, Any], error: str
) -> None:
    query = query_of(web.authorize(**parameters).location)
    assert query["error"] == error
    assert query["state"] == "of-the-client"
    assert query["iss"] == ISSUER


def test_a_repeated_parameter_is_refused(web: Party) -> None:
    query = "client_id=web&response_type=code&scope=a&scope=b&redirect_uri=" + CALLBACK
    answer = web.get(f"/authorize?{query}")
    assert "Multiple" in answer.text
    assert "scope" in answer.text


def test_an_api_that_does_not_exist_is_reported_in_auth0s_words(web: Party) -> None:
    query = query_of(web.authorize(resource="https://unknown.example/").location)
    assert query["error_description"] == "Service not found: https://unknown.example/"


def test_a_trailing_slash_makes_it_another_api(web: Party) -> None:
    assert query_of(web.authorize(resource=f"{AUDIENCE}/").location)["error"] == "access_denied"


def test_an_application_without_the_code_grant_cannot_log_anybody_in(web: Party, state: TenantState) -> None:
    state.clients["web"].grant_types = ["client_credentials"]
    assert query_of(web.authorize().location)["error"] == "unauthorized_client"


def test_the_login_form_only_posts_to_us_and_to_where_the_answer_goes(party: Party) -> None:
    page = party.get(party.step(party.authorize(), "/u/login"))
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:1234" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"


def test_a_private_use_callback_is_allowed_as_form_target(app: Flask) -> None:
    party = Party(app)
    party.register(redirect_uris=["cursor://oauth/callback"])
    page = party.get(party.step(party.authorize(redirect_uri="cursor://oauth/callback"), "/u/login"))
    assert "form-action 'self' cursor:" in page.headers["Content-Security-Policy"]


def test_a_form_without_its_token_is_refused(party: Party) -> None:
    path = party.step(party.authorize(), "/u/login")
    answer = party.post(path, data={"username": "alice", "password": "alice-password"})
    assert answer.status_code == 403


def test_a_token_of_another_login_does_not_do(party: Party) -> None:
    first = party.step(party.authorize(), "/u/login")
    second = party.step(party.authorize(), "/u/login")
    found = re.search(r'csrf_token" value="([^"]+)"', party.get(first).text)
    assert found
    data = {"csrf_token": found[1], "username": "alice", "password": "alice-password"}
    assert party.post(second, data=data).status_code == 403


def test_a_login_cannot_be_continued_in_another_browser(app: Flask, party: Party) -> None:
    path = party.step(party.authorize(), "/u/login")
    other = Party(app)
    assert other.get(path).status_code == 400
    assert other.post(path, data={}).status_code == 400
    assert other.get(path.replace("/u/login", "/u/consent")).status_code == 400
    assert other.get(path.replace("/u/login", "/authorize/resume")).status_code == 400


def test_an_application_may_post_its_request_from_its_own_page(party: Party) -> None:
    answer = party.browser.post(
        "/authorize",
        base_url=ISSUER,
        headers={"Origin": "https://client.example.com", "Sec-Fetch-Site": "cross-site"},
        data={"client_id": party.client_id},
    )
    assert answer.status_code != 403


def test_a_user_or_client_that_is_deleted_meanwhile_ends_the_login(party: Party, state: TenantState) -> None:
    path = party.step(party.log_in(party.authorize()), "/u/consent")
    page = party.get(path)
    del state.users["auth0|alice"]
    assert party.get(path).status_code == 400
    assert party.submit(page, path, action="accept").status_code == 400
    del state.clients[party.client_id]
    assert party.get(path).status_code == 400
    login = path.replace("consent", "login")
    assert "your application" in party.get(login).text
    assert (
        "Unknown client"
        in party.submit(party.get(login), login, username="bob", password="bob-password").text
    )


def test_a_login_that_was_put_off_too_long_is_over(party: Party, clock: Clock) -> None:
    path = party.step(party.authorize(), "/u/login")
    clock.pass_(601)
    assert party.get(path).status_code == 400


def test_a_login_is_answered_once(party: Party) -> None:
    path = party.step(party.log_in(party.authorize()), "/u/consent")
    page = party.get(path)
    assert party.submit(page, path, action="accept").status_code == 302
    assert party.submit(page, path, action="accept").status_code == 400


def test_a_login_can_be_taken_up_where_it_was_left(party: Party) -> None:
    path = party.step(party.log_in(party.authorize()), "/u/consent")
    state_id = query_of(path)["state"]
    assert party.step(party.get(f"/authorize/resume?state={state_id}"), "/u/consent") == path


def test_an_oversized_password_is_not_even_compared(party: Party) -> None:
    assert party.log_in(party.authorize(), password="x" * 5000).status_code == 400


def test_a_native_application_may_listen_on_any_port_of_loopback(app: Flask) -> None:
    native = Party(app, client_id="native")
    answer = native.authorize(redirect_uri="http://127.0.0.1:51234/callback")
    location = native.log_in(answer).location
    assert location is not None
    assert urlsplit(location).netloc == "127.0.0.1:51234"
    for other in ("http://127.0.0.1:5/other", "http://localhost:5/callback", "http://x@127.0.0.1/callback"):
        assert "Callback URL mismatch" in native.authorize(redirect_uri=other).text


def test_the_front_page_says_what_this_is(party: Party) -> None:
    page = party.get("/").text
    assert "For development only" in page
    assert ISSUER in page


@pytest.mark.parametrize("path", ["/", "/ciba", "/v2/logout", "/authorize?client_id=x", "/nowhere"])
def test_every_page_says_that_it_is_for_development(party: Party, path: str) -> None:
    assert "For development only" in party.get(path, headers={"Accept": "text/html"}).text
