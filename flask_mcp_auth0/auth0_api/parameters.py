"""The parameters of an exchange: what may be given, and what may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

#: Parameters that an exchange sets itself, or that would change who asks for what.
RESERVED_PARAMETERS = frozenset(
    {
        "grant_type",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "requested_token_type",
        "audience",
        "resource",
        "scope",
        "connection",
        "login_hint",
        "organization",
        "assertion",
    }
)
_MOST_EXTRAS = 20
_LONGEST_TOKEN = 16_384


def given(name: str, value: str) -> str:
    """Return ``value``.

    :raises ValueError: if it is missing.
    """
    if not value or not isinstance(value, str):
        raise ValueError(f"{name} is missing")
    return value


def bare_token(token: str) -> str:
    """Return ``token``.

    :raises ValueError: if it is not a token by itself.
    """
    if not token or len(token) > _LONGEST_TOKEN or any(char.isspace() for char in token):
        raise ValueError("subject_token must be the token itself: no 'Bearer ' before it and no spaces in it")
    return token


def joined(scope: str | Iterable[str] | None) -> str | None:
    """Return scopes as the wire has them, ``None`` for none."""
    if scope is None:
        return None
    return " ".join(scope.split() if isinstance(scope, str) else scope) or None


def checked_extra(
    extra: Mapping[str, str | Sequence[str]] | None,
) -> dict[str, str | Sequence[str]]:
    """Return the extra parameters.

    :raises ValueError: if there are too many, or one that the exchange sets itself.
    """
    checked: dict[str, str | Sequence[str]] = {
        name: value if isinstance(value, str) else list(value) for name, value in (extra or {}).items()
    }
    reserved = sorted(RESERVED_PARAMETERS.intersection(checked))
    if reserved:
        raise ValueError(f"extra may not set {', '.join(reserved)}: an exchange sets them itself")
    if len(checked) > _MOST_EXTRAS or any(
        len(v) > _MOST_EXTRAS for v in checked.values() if isinstance(v, list)
    ):
        raise ValueError(f"extra holds more than {_MOST_EXTRAS} names, or values of one name")
    return checked
