"""Refresh tokens: how they are kept, rotated and ended."""

from __future__ import annotations

import hashlib

from .model import AuthorizationCode, Client
from .tenant import Tenant

REFRESH_TOKEN_LIFETIME = 2_592_000


def token_id(text: str) -> str:
    """Under what a refresh token is kept: its digest, not itself."""
    return hashlib.sha256(text.encode()).hexdigest()


def code_family(code: AuthorizationCode) -> str:
    """The family of the refresh tokens that a code gives."""
    return hashlib.sha256(f"family:{code.code}".encode()).hexdigest()[:32]


def rotates(client: Client) -> bool:
    """Whether each use replaces the refresh token: the default for public third-party applications."""
    rotation = (client.refresh_token or {}).get("rotation_type")
    if rotation is not None:
        return bool(rotation == "rotating")
    return client.token_endpoint_auth_method == "none" or not client.is_first_party  # noqa: S105


def refresh_leeway(client: Client) -> float:
    """Seconds in which a replaced refresh token is still taken (a lost answer, two tabs)."""
    return float((client.refresh_token or {}).get("leeway", 0))


def refresh_lifetime(client: Client) -> float:
    """Seconds for which a refresh token of the application is good."""
    return float((client.refresh_token or {}).get("token_lifetime", REFRESH_TOKEN_LIFETIME))


def revoke_refresh_token(tenant: Tenant, text: str, client_id: str) -> bool:
    """End a refresh token's family (RFC 7009). Returns whether it was one of the application's."""
    with tenant.state.lock:
        entry = tenant.state.refresh_tokens.get(token_id(text))
        if entry is None or entry.client_id != client_id:
            return False
        revoke_family(tenant, entry.family)
        return True


def revoke_family(tenant: Tenant, family: str) -> None:
    """End every refresh token that came of one login."""
    state = tenant.state
    with state.lock:
        for entry in [entry for entry in state.refresh_tokens.values() if entry.family == family]:
            del state.refresh_tokens[entry.id]
        state.touch()


def forget_expired(tenant: Tenant) -> None:
    """Drop what nobody can use any more."""
    state = tenant.state
    now = state.now()
    for entry in [entry for entry in state.refresh_tokens.values() if entry.expires_at <= now]:
        del state.refresh_tokens[entry.id]
