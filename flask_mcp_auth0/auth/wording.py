"""What callers are told. A refusal and an outage never sound alike, and neither reveals anything."""

from __future__ import annotations

from collections.abc import Iterable


def denied(kind: str, name: str) -> str:
    """Return the text for who lacks a permission, which only an administrator can change."""
    return f"You don't have permission to use the '{name}' {kind}."


def unavailable(kind: str, name: str) -> str:
    """Return the text for when nobody could be asked, which says nothing about the caller."""
    return (
        "Authorization is unavailable for now, so it cannot be checked whether you may use the "
        f"'{name}' {kind}. Please try again later."
    )


def nobody_to_ask(kind: str, name: str) -> str:
    """Return the text for a server that was given no client credentials."""
    return (
        f"The '{name}' {kind} is refused: this server has no Auth0 client credentials configured, so it "
        "cannot ask which permissions you hold. Only its operator can change that."
    )


def needs_scopes(kind: str, name: str, scopes: Iterable[str]) -> str:
    """Return the text for a token that lacks scopes which its client can still ask for."""
    return (
        f"Using the '{name}' {kind} needs more access than this client was given. "
        f"Authorize it again with the scopes: {' '.join(scopes)}"
    )


def unauthenticated(kind: str, name: str) -> str:
    """Return the text for a call that came without a token."""
    return f"Log in to use the '{name}' {kind}."
