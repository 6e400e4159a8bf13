from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from auth0 import authentication as sdk
from auth0.authentication.base import AuthenticationBase
from joserfc.jwk import RSAKey

from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.errors import ConfigurationError

from .doubles import SECRET, make_settings
from .fake_auth0 import Answer, FakeAuth0, token


def test_get_token_is_ready_to_use(auth0: FakeAuth0, client: Auth0Client) -> None:
    auth0.on("/oauth/token", token("refreshed"))

    assert client.authentication.get_token.refresh_token("a-refresh-token")["access_token"] == "refreshed"

    (received,) = auth0.to("/oauth/token")
    sent = json.loads(received.body)
    assert sent["client_id"] == "our-client"
    assert sent["client_secret"] == SECRET
    assert sent["refresh_token"] == "a-refresh-token"


def test_a_private_key_is_used_in_place_of_a_secret(
    auth0: FakeAuth0, make_client: Callable[..., Auth0Client]
) -> None:
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=True).decode().replace("\n", "\\n")
    client = make_client(make_settings(auth0, AUTH0_CLIENT_SECRET=None, AUTH0_CLIENT_ASSERTION_KEY=pem))

    get_token = client.authentication.get_token

    assert get_token.client_secret is None
    assert RSAKey.import_key(get_token.client_assertion_signing_key or "").thumbprint() == key.thumbprint()


def test_user_info_needs_no_credentials(auth0: FakeAuth0, make_client: Callable[..., Auth0Client]) -> None:
    auth0.on("/userinfo", Answer(200, {"sub": "auth0|ada"}))
    client = make_client(make_settings(auth0, AUTH0_CLIENT_ID=None, AUTH0_CLIENT_SECRET=None))

    assert client.authentication.users.userinfo("a-token") == {"sub": "auth0|ada"}
    with pytest.raises(ConfigurationError, match="AUTH0_CLIENT_ID"):
        _ = client.authentication.get_token


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("database", sdk.Database),
        ("passwordless", sdk.Passwordless),
        ("revoke_token", sdk.RevokeToken),
        ("social", sdk.Social),
        ("enterprise", sdk.Enterprise),
        ("delegated", sdk.Delegated),
        ("back_channel_login", AuthenticationBase),
        ("pushed_authorization_requests", AuthenticationBase),
    ],
)
def test_every_class_is_there_and_configured(
    auth0: FakeAuth0, client: Auth0Client, name: str, kind: type[AuthenticationBase]
) -> None:
    built = getattr(client.authentication, name)

    assert isinstance(built, kind)
    assert f"{built.protocol}://{built.domain}" == auth0.url
    assert built.client_id == "our-client"
    assert built.client_secret == SECRET
