"""Real clients against a running tenant: the official MCP client, Authlib, auth0-python, a browser."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from auth0.authentication import GetToken
from joserfc.jwk import RSAKey

from flask_mcp_auth0.local_tenant.keys import KeyRing
from flask_mcp_auth0.local_tenant.login import LoginError, LoopbackLogin
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState
from flask_mcp_auth0.local_tenant.tls import make_certificate

from .conftest import SEED
from .flow import CALLBACK, claims_of
from .resource_server import ResourceServer


@pytest.fixture
def api() -> Iterator[ResourceServer]:
    with ResourceServer(["tool:report", "tool:refund"]) as server:
        yield server


@pytest.fixture
def server(api: ResourceServer, keys: KeyRing) -> Iterator[TenantServer]:
    with TenantServer(TenantState.from_yaml(SEED, audience=api.url), keys=keys) as server:
        api.issuer = server.issuer
        yield server


def press_through(url: str, user: str) -> str:
    """What a person does in the browser, over plain HTTP. Returns where the browser is sent in the end."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=5)
        for fields in ({"username": user, "password": f"{user}-password"}, {"action": "accept"}):
            found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            assert found, page.text
            form = {"csrf_token": found[1], **fields}
            answer = browser.post(page.url, data=form, allow_redirects=False, timeout=5)
            location = answer.headers["Location"]
            if urlsplit(location).netloc:
                return location
            page = browser.get(requests.compat.urljoin(page.url, location), timeout=5)
    raise AssertionError(page.text)


class Storage:
    """What the official client remembers."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


async def call_with_the_official_client(api: ResourceServer, user: str, storage: Storage) -> Any:
    import httpx2
    from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
    from mcp.shared.auth import OAuthClientMetadata

    answers: list[dict[str, list[str]]] = []

    async def open_browser(url: str) -> None:
        location = await asyncio.to_thread(press_through, url, user)
        answers.append(parse_qs(urlsplit(location).query))

    async def come_back() -> AuthorizationCodeResult:
        query = answers.pop()
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    provider = OAuthClientProvider(
        server_url=api.url,
        client_metadata=OAuthClientMetadata(
            client_name="The official client",
            redirect_uris=[CALLBACK],
            token_endpoint_auth_method="none",
            grant_types=["authorization_code", "refresh_token"],
        ),
        storage=storage,
        redirect_handler=open_browser,
        callback_handler=come_back,
    )
    async with httpx2.AsyncClient(auth=provider) as client:
        return await client.post(api.url, json={})


def test_the_official_python_client_finds_registers_logs_in_and_calls(
    server: TenantServer, api: ResourceServer
) -> None:
    storage = Storage()
    answer = asyncio.run(call_with_the_official_client(api, "alice", storage))
    assert answer.status_code == 200
    assert answer.json() == {"sub": "auth0|alice"}
    assert api.claims["permissions"] == ["tool:report"]
    assert api.claims["client_id"] == storage.client.client_id
    assert api.claims["client_id"].startswith("tpc_")
    # Auth0 offers offline_access, so the client asks for it.
    assert storage.tokens.refresh_token


def test_the_official_python_client_refreshes(server: TenantServer, api: ResourceServer) -> None:
    storage = Storage()
    asyncio.run(call_with_the_official_client(api, "bob", storage))
    first = storage.tokens.refresh_token
    storage.tokens.access_token = "expired"
    storage.tokens.expires_in = -10
    answer = asyncio.run(call_with_the_official_client(api, "bob", storage))
    assert answer.status_code == 200
    assert api.claims["permissions"] == []
    assert storage.tokens.refresh_token != first


def test_authlibs_session_logs_in_and_refreshes(server: TenantServer, api: ResourceServer) -> None:
    from authlib.integrations.requests_client import OAuth2Session

    metadata = requests.get(server.url("/.well-known/oauth-authorization-server"), timeout=5).json()
    registration = {
        "client_name": "Authlib",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    }
    client = requests.post(metadata["registration_endpoint"], json=registration, timeout=5).json()
    session = OAuth2Session(
        client["client_id"],
        redirect_uri=CALLBACK,
        scope="tool:report offline_access",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    )
    verifier = secrets.token_urlsafe(48)
    endpoint, code_endpoint = metadata["token_endpoint"], metadata["authorization_endpoint"]
    url, state = session.create_authorization_url(code_endpoint, code_verifier=verifier, resource=api.url)
    location = press_through(url, "alice").replace("http://", "https://", 1)
    session.fetch_token(endpoint, authorization_response=location, code_verifier=verifier, state=state)
    assert claims_of(session.token["access_token"])["sub"] == "auth0|alice"
    renewed = session.refresh_token(endpoint)
    assert claims_of(renewed["access_token"])["scope"] == "tool:report offline_access"
    session.close()


def test_auth0_pythons_get_token_works_unchanged(server: TenantServer, api: ResourceServer) -> None:
    domain = server.issuer.removeprefix("http://").rstrip("/")
    by_secret = GetToken(domain, "server", client_secret="server-secret", protocol="http")
    token = by_secret.client_credentials(server.state.management_audience)
    assert claims_of(token["access_token"])["sub"] == "server@clients"


def test_auth0_pythons_get_token_works_with_a_private_key(server: TenantServer) -> None:
    key = RSAKey.generate_key(2048)
    client = server.state.clients["server"]
    client.token_endpoint_auth_method = "private_key_jwt"
    client.jwks = {"keys": [key.as_dict(private=False)]}
    domain = server.issuer.removeprefix("http://").rstrip("/")
    pem = key.as_pem(private=True).decode()
    by_key = GetToken(domain, "server", client_assertion_signing_key=pem, protocol="http")
    token = by_key.client_credentials(server.state.management_audience)
    assert token["expires_in"] == 86400


def test_auth0_pythons_get_token_reads_the_vault(server: TenantServer, api: ResourceServer) -> None:
    from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
    from flask_mcp_auth0.local_tenant.tenant import tenant_of

    subject = mint(tenant_of(server.app), MintRequest(user="alice", audience=api.url))["access_token"]
    domain = server.issuer.removeprefix("http://").rstrip("/")
    answer = GetToken(
        domain, "server", client_secret="server-secret", protocol="http"
    ).access_token_for_connection(
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        subject_token=subject,
        requested_token_type="http://auth0.com/oauth/token-type/federated-connection-access-token",
        connection="google-oauth2",
    )
    assert answer["access_token"] == "a-google-token"


def test_auth0_pythons_clients_work_by_https_without_being_told_anything(
    keys: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auth0.management import ManagementClient

    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
    assert certificate.key.stat().st_mode & 0o077 == 0
    with TenantServer(TenantState.from_yaml(SEED), keys=keys, certificate=certificate) as server:
        domain = server.issuer.removeprefix("https://").rstrip("/")
        # Somebody who connects and says nothing does not hold up the others.
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            token = GetToken(domain, "server", client_secret="server-secret").client_credentials(
                server.state.management_audience
            )
            assert token["token_type"] == "Bearer"
            client = ManagementClient(domain=domain, client_id="server", client_secret="server-secret")
            assert client.users.get("auth0|alice").name == "Alice Archer"
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(server.issuer, timeout=5)


def test_a_login_from_the_terminal(server: TenantServer, api: ResourceServer) -> None:
    with LoopbackLogin(server.issuer, audience=api.url, scopes=["tool:report"]) as login:
        location = press_through(login.begin(), "alice")
        assert location.startswith(login.redirect_uri)
        # A page that guesses the port but not the state does not end the login.
        forged = requests.get(f"{login.redirect_uri}?code=x&state=guessed", timeout=5)
        assert forged.status_code == 404
        assert "Logged in" in requests.get(location, timeout=5).text
        token = login.finish(5)
    assert claims_of(token["access_token"])["scope"] == "tool:report"


def test_a_login_from_the_terminal_that_is_refused(server: TenantServer, api: ResourceServer) -> None:
    with LoopbackLogin(server.issuer, audience=api.url) as login:
        location = press_through(login.begin(), "alice")
        wrong = location.replace("iss=http", "iss=https")
        assert requests.get(wrong, timeout=5).status_code == 200
        with pytest.raises(LoginError, match="another issuer"):
            login.finish(5)
    with LoopbackLogin(server.issuer, audience=api.url) as login:
        state = parse_qs(urlsplit(login.begin("native")).query)["state"][0]
        query = f"?error=access_denied&error_description=No&state={state}"
        requests.get(login.redirect_uri + query, timeout=5)
        with pytest.raises(LoginError, match="access_denied: No"):
            login.finish(5)
        with pytest.raises(LoginError, match="Nobody logged in"):
            login.finish(0.01)
        requests.get(f"{login.redirect_uri}?code=nonsense&state={state}", timeout=5)
        with pytest.raises(LoginError, match="invalid_grant"):
            login.finish(5)


def test_a_login_from_the_terminal_where_registration_is_off(
    server: TenantServer, api: ResourceServer
) -> None:
    server.state.settings.flags["enable_dynamic_client_registration"] = False
    with (
        LoopbackLogin(server.issuer, audience=api.url) as login,
        pytest.raises(LoginError, match="Give --client-id"),
    ):
        login.begin()


def test_a_login_at_something_that_is_no_tenant(api: ResourceServer) -> None:
    with pytest.raises(LoginError, match="no discovery document"):
        LoopbackLogin(api.url.removesuffix("mcp"), audience=api.url)
    with pytest.raises(LoginError, match="Nothing answers"):
        LoopbackLogin("http://127.0.0.1:9/", audience=api.url)


def test_a_tenant_that_claims_another_issuer_is_not_trusted(
    server: TenantServer, api: ResourceServer
) -> None:
    server.state.issuer_in_metadata = "https://somebody.else/"
    with pytest.raises(LoginError, match="another issuer"):
        LoopbackLogin(server.issuer, audience=api.url)


@pytest.mark.browser
def test_a_person_logs_in_with_the_keyboard_alone(
    server: TenantServer, api: ResourceServer, tmp_path: Path
) -> None:
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support import expected_conditions as seen
    from selenium.webdriver.support.wait import WebDriverWait

    from .chromium import chromium

    with (
        LoopbackLogin(server.issuer, audience=api.url, scopes=["tool:report"]) as login,
        chromium(tmp_path) as driver,
    ):
        # What is looked at while a key press takes the browser elsewhere may belong to neither page.
        wait = WebDriverWait(driver, 30, ignored_exceptions=[WebDriverException])
        driver.get(login.begin())
        assert driver.switch_to.active_element.get_attribute("name") == "username"
        driver.switch_to.active_element.send_keys("alice", Keys.TAB)
        driver.switch_to.active_element.send_keys("wrong", Keys.ENTER)
        wait.until(seen.text_to_be_present_in_element((By.TAG_NAME, "main"), "Wrong username or password."))
        driver.switch_to.active_element.send_keys("alice-password", Keys.ENTER)
        wait.until(seen.text_to_be_present_in_element((By.TAG_NAME, "h1"), "asks for access"))
        assert "Read the report" in driver.page_source
        width = driver.execute_script("return document.documentElement.scrollWidth")
        assert width <= 420, "it fits a phone"
        driver.find_element(By.CSS_SELECTOR, "button[value=accept]").send_keys(Keys.ENTER)
        wait.until(seen.text_to_be_present_in_element((By.TAG_NAME, "h1"), "Logged in"))
        token = login.finish(10)
        refused = [e for e in driver.get_log("browser") if "Content Security Policy" in json.dumps(e)]
        assert refused == []
    assert claims_of(token["access_token"])["permissions"] == ["tool:report"]
