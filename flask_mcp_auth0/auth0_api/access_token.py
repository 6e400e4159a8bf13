"""A token that Auth0 gave us for another API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token for somebody else's API. Neither ``repr`` nor ``str`` shows it.

    :param access_token: send it as ``Authorization: Bearer …`` to the API it was asked for, and nowhere else.
    :param expires_at: Unix time in seconds, ``None`` where Auth0 did not say.
    :param scope: what it allows (RFC 6749 §3.3), ``None`` where Auth0 did not say.
    :param token_type: ``Bearer`` (RFC 6749 §7.1).
    :param issued_token_type: what a token exchange gave (RFC 8693 §2.2.1).
    """

    access_token: str = field(repr=False)
    expires_at: int | None = None
    scope: str | None = None
    token_type: str = "Bearer"  # noqa: S105 (the kind of token)
    issued_token_type: str | None = None

    @classmethod
    def from_answer(cls, body: Mapping[str, Any], now: float) -> AccessToken | None:
        """Read a successful token response (RFC 6749 §5.1); ``None`` if it holds no token.

        :param body: the JSON object that the token endpoint answered.
        :param now: Unix time in seconds at which it was asked.
        """
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            return None
        lifetime = body.get("expires_in")
        if isinstance(lifetime, str) and lifetime.isascii() and lifetime.isdigit() and len(lifetime) < 12:
            lifetime = int(lifetime)
        expires_at = None
        if isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and 0 <= lifetime < 1e12:
            expires_at = int(now + lifetime)
        return cls(
            access_token=token,
            expires_at=expires_at,
            scope=_text(body.get("scope")),
            token_type=_text(body.get("token_type")) or "Bearer",
            issued_token_type=_text(body.get("issued_token_type")),
        )

    def fresh_until(self, now: float, leeway: float) -> float:
        """Return until when it should be handed out: ``leeway`` seconds, or half its life, before its end."""
        if self.expires_at is None:
            return now
        return self.expires_at - min(leeway, max(0.0, self.expires_at - now) / 2)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
