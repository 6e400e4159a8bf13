"""A token held against every rule at once, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.local_tenant.minting import MintRequest, mint
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.tenant import tenant_of
from flask_mcp_auth0.tenant.inspection import Inspection, inspect

from ..auth.doubles import b64
from .site import AUDIENCE, examination, make_app


def token_of(tenant: TenantServer, **wanted: Any) -> str:
    order = {"user": "alice", "audience": AUDIENCE, **wanted}
    token: str = mint(tenant_of(tenant.app), MintRequest.model_validate(order))["access_token"]
    return token


def failed(found: Inspection) -> set[str]:
    return {rule.name for rule in found.rules if rule.passed is False}


def test_a_good_token_passes_every_rule(app: Flask, tenant: TenantServer) -> None:
    token = token_of(tenant)

    found = inspect(token, examination(app))

    assert found.accepted is True
    assert failed(found) == set()
    assert dict(found.says)["subject"] == "auth0|alice"
    assert dict(found.says)["permissions"] == "tool:monthly_report"
    for part in token.split("."):
        assert part not in repr(found)


@pytest.mark.parametrize(
    ("order", "rule", "word"),
    [
        ({"expired": True}, "time", "token_expired"),
        ({"audience": "https://external-api.example.com"}, "audience", "invalid_token"),
        ({"claims": {"iss": "https://else.example.com/"}}, "issuer", "invalid_token"),
        ({"claims": {"nonce": "n"}}, "kind", "invalid_token"),
        ({"claims": {"aud": AUDIENCE + "/"}}, "audience", "trailing slash"),
        ({"claims": {"nbf": 32503680000}}, "time", "not valid yet"),
        ({"claims": {"cnf": {"jkt": "x"}}}, "binding", "DPoP"),
    ],
)
def test_each_rule_that_is_broken_is_named(
    app: Flask, tenant: TenantServer, order: dict[str, Any], rule: str, word: str
) -> None:
    found = inspect(token_of(tenant, **order), examination(app))

    assert failed(found) == {rule}
    if rule != "binding":
        assert found.accepted is False
    assert word in found.verdict + " ".join(one.text for one in found.rules)


def test_several_broken_rules_are_named_together(app: Flask, tenant: TenantServer) -> None:
    found = inspect(
        token_of(tenant, expired=True, audience="https://external-api.example.com"), examination(app)
    )

    assert failed(found) == {"audience", "time"}


def test_a_changed_token_fails_its_signature(app: Flask, tenant: TenantServer) -> None:
    token = token_of(tenant)

    found = inspect(token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB"), examination(app))

    assert "signature" in failed(found)
    assert found.accepted is False


def test_an_opaque_token_is_explained_by_what_the_tenant_lacks(app: Flask) -> None:
    found = inspect("an-opaque-token", examination(app))

    assert dict(found.says) == {"kind": "opaque"}
    assert "Resource Parameter Compatibility Profile" in found.verdict
    assert "an-opaque-token" not in repr(found)


def test_an_encrypted_token_is_called_one(app: Flask) -> None:
    found = inspect("eyJhbGciOiJkaXIifQ..aaaa.bbbb.cccc".replace("..", ".x."), examination(app))

    assert dict(found.says)["kind"] == "encrypted (JWE)"


def test_a_token_for_an_organization_that_may_not_come_in_is_named(tenant: TenantServer) -> None:
    app = make_app(tenant.issuer, AUTH0_ORGANIZATION="org_other")

    assert failed(inspect(token_of(tenant, organization="acme"), examination(app))) == {"organization"}


def test_while_the_tenant_is_down_it_says_what_it_cannot_tell(app: Flask, tenant: TenantServer) -> None:
    token = token_of(tenant)
    tenant.state.faults.add("*", status=503)

    found = inspect(token, examination(app))

    assert found.accepted is None
    assert {rule.name for rule in found.rules if rule.passed is None} >= {"signature", "issuer"}


def test_a_claim_cannot_move_the_cursor(app: Flask, tenant: TenantServer) -> None:
    found = inspect(token_of(tenant, claims={"sub": "a\x1b[2Jb"}), examination(app))

    assert "\x1b" not in repr(found)
    assert "subject and client" in failed(found)


@pytest.mark.parametrize("aud", ["[" * 450 + "]" * 450, '{"a":' * 450 + "1" + "}" * 450])
def test_a_claim_that_is_nested_deeply_is_cut_short(app: Flask, aud: str) -> None:
    header, payload = (b64(text.encode()) for text in ('{"alg": "RS256", "kid": "x"}', f'{{"aud": {aud}}}'))

    found = inspect(f"{header}.{payload}.{b64(bytes(256))}", examination(app))

    assert found.accepted is False
    assert "audience" in failed(found)
    assert "signature" in failed(found)
