"""The loyalty service takes only tokens that were issued to be used there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import downstream

from ..issuer import Issuer

AUDIENCE = "https://loyalty.example.com"


@pytest.fixture
def service(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """The service, which trusts the issuer of the tests."""
    monkeypatch.setenv("FLASK_AUTH0_DOMAIN", issuer.url)
    monkeypatch.setenv("FLASK_LOYALTY_AUDIENCE", AUDIENCE)
    downstream.issuer_and_keys.cache_clear()
    yield downstream.create_app().test_client()
    downstream.issuer_and_keys.cache_clear()


def points(service: FlaskClient, token: str) -> TestResponse:
    return service.get("/points", headers={"Authorization": f"Bearer {token}"})


def test_a_member_sees_their_points(service: FlaskClient, issuer: Issuer) -> None:
    answer = points(service, issuer.token(AUDIENCE, subject="auth0|ada", scope="read:points"))
    assert answer.get_json() == {"member": "auth0|ada", "points": downstream.WELCOME_POINTS}


@pytest.mark.parametrize(
    "claims",
    [
        {"audience": "http://localhost:8000/mcp"},
        {"expires_in": -60},
        {"iss": "https://somebody-else.eu.auth0.com/"},
        {"sub": None},
    ],
    ids=["made for the MCP server", "expired", "of another issuer", "of nobody"],
)
def test_a_token_is_refused_that_is(service: FlaskClient, issuer: Issuer, claims: dict[str, Any]) -> None:
    answer = points(service, issuer.token(**{"audience": AUDIENCE, "scope": "read:points"} | claims))
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "not-a-token", "a.b.c"])
def test_what_is_no_token_is_refused(service: FlaskClient, token: str) -> None:
    assert points(service, token).status_code == 401
    assert service.get("/points").status_code == 401


def test_a_token_signed_by_somebody_else_is_refused(service: FlaskClient, issuer: Issuer) -> None:
    with Issuer() as stranger:
        token = stranger.token(AUDIENCE, scope="read:points", iss=issuer.url)
    assert points(service, token).status_code == 401


def test_a_token_without_the_scope_is_told_which_one_it_lacks(service: FlaskClient, issuer: Issuer) -> None:
    answer = points(service, issuer.token(AUDIENCE, scope="openid"))
    assert answer.status_code == 403
    assert 'scope="read:points"' in answer.headers["WWW-Authenticate"]
