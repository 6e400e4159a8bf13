"""``WWW-Authenticate`` values."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flask_mcp_auth0.auth.challenge import Challenges, advertised, initial_scopes, quoted
from flask_mcp_auth0.auth.token_errors import ProofError, TokenExpired, TokenInvalid, TokenMissing

from .doubles import make_settings

METADATA = "https://app.example.com/.well-known/oauth-protected-resource/mcp"


def challenges(scopes: tuple[str, ...] = ("openid", "profile"), **settings: Any) -> Challenges:
    return Challenges(make_settings(**settings), lambda: scopes, dpop_algorithms=("ES256", "RS256"))


def test_a_missing_token_is_challenged_without_an_error() -> None:
    assert challenges().of(TokenMissing()) == (
        f'Bearer scope="openid profile", resource_metadata="{METADATA}"',
    )


def test_a_bad_token_is_challenged_with_the_error_and_its_description_last() -> None:
    assert challenges().of(TokenInvalid("Bad.")) == (
        f'Bearer error="invalid_token", scope="openid profile", resource_metadata="{METADATA}", '
        'error_description="Bad."',
    )


def test_an_expired_token_is_an_invalid_token_to_rfc_6750() -> None:
    assert 'error="invalid_token"' in challenges().of(TokenExpired())[0]


def test_the_scopes_of_a_challenge_are_never_empty() -> None:
    assert 'scope="openid profile email"' in challenges(scopes=()).of(TokenMissing())[0]


def test_a_missing_scope_is_challenged_with_all_that_are_needed() -> None:
    value = challenges().insufficient_scope(["tool:read", "tool:write"], "More is needed.")
    assert value == (
        f'Bearer error="insufficient_scope", scope="tool:read tool:write", resource_metadata="{METADATA}", '
        'error_description="More is needed."'
    )


def test_metadata_of_an_app_below_a_path_is_where_the_app_can_serve_it() -> None:
    value = challenges(base_url="https://app.example.com/shop").of(TokenMissing())[0]
    assert '"https://app.example.com/shop/.well-known/oauth-protected-resource/mcp"' in value


@pytest.mark.parametrize(
    "text",
    [
        'a"b',
        "a\\",
        'a\\"',
        "a\r\nSet-Cookie: x=1",
        "a\x00b",
        "a\x7fb",
        "ü€\u2028",
        '", resource_metadata="https://evil.example.com',
    ],
)
def test_nothing_breaks_out_of_a_quoted_value(text: str) -> None:
    value = quoted(text)
    assert re.fullmatch(r'"[\x20-\x21\x23-\x5b\x5d-\x7e]*"', value)
    (challenge,) = challenges().of(TokenInvalid(text))
    assert challenge.count("resource_metadata=") <= 2
    assert re.findall(r'([a-z_]+)="([^"]*)"', challenge)[2] == ("resource_metadata", METADATA)
    assert len(re.findall(r'"', challenge)) == 8


def test_offline_access_and_malformed_scopes_are_never_advertised() -> None:
    assert advertised(["b", "a", "offline_access", "b", "", "x y", 'x"', "ü", "tool:a"]) == (
        "b",
        "a",
        "tool:a",
    )


def test_a_list_of_scopes_that_fills_a_header_is_cut_between_two() -> None:
    value = challenges().insufficient_scope([f"tool:number_{n}" for n in range(2000)])
    assert len(value) < 4500
    assert re.search(r'scope="[^"]*tool:number_\d+"', value)


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        ("permissions", ("openid", "profile", "email", "orders")),
        ("scope", ("openid", "profile", "email", "orders", "tool:a")),
        ("both", ("openid", "profile", "email", "orders", "tool:a")),
    ],
)
def test_the_first_challenge_asks_for_tools_only_where_their_scopes_decide(
    require: str, expected: tuple[str, ...]
) -> None:
    settings = make_settings(require=require, scopes_supported=("orders", "offline_access"))
    assert initial_scopes(settings, ["tool:a"]) == expected


def test_where_dpop_is_allowed_both_schemes_are_offered() -> None:
    bearer, dpop = challenges(dpop="allowed").of(TokenInvalid("Bad."))
    assert bearer.startswith('Bearer error="invalid_token", ')
    assert dpop.startswith('DPoP error="invalid_token", ')
    assert 'algs="ES256 RS256"' in dpop
    assert METADATA in dpop


def test_where_dpop_is_required_it_is_the_only_scheme() -> None:
    (value,) = challenges(dpop="required").of(TokenMissing())
    assert value.startswith("DPoP scope=")
    assert challenges(dpop="required").insufficient_scope(["a"]).startswith("DPoP ")


def test_a_wrong_proof_is_told_to_dpop_alone() -> None:
    (value,) = challenges(dpop="allowed").of(ProofError("Bad proof."))
    assert value.startswith('DPoP error="invalid_dpop_proof", ')
    (value,) = challenges(dpop="allowed").of(ProofError("Use it.", nonce="n"))
    assert value.startswith('DPoP error="use_dpop_nonce", ')
