"""What a tenant runs of its own: ``/rules``, ``/hooks`` (whose presence breaks strict logins) and
``/token-exchange-profiles``.

The local tenant runs no code: rules and hooks are only listed, from :attr:`TenantState.rules` and
:attr:`TenantState.hooks`.
"""

from __future__ import annotations

from typing import Any

from ..model import TokenExchangeProfile
from .call import Call
from .errors import inexistent
from .paging import boolean, by_cursor, by_offset, selected
from .routing import Routes

routes = Routes()


@routes.get("/rules", "read:rules")
def list_rules(call: Call) -> Any:
    return _list(call, "rules", call.state.rules)


@routes.get("/hooks", "read:hooks")
def list_hooks(call: Call) -> Any:
    return _list(call, "hooks", call.state.hooks)


@routes.get("/token-exchange-profiles", "read:token_exchange_profiles")
def list_profiles(call: Call) -> Any:
    profiles = list(call.state.token_exchange_profiles.values())
    return by_cursor(call.query, "token_exchange_profiles", profiles, lambda p: p.id, _profile)


@routes.get("/token-exchange-profiles/{id}", "read:token_exchange_profiles")
def get_profile(call: Call, id: str) -> Any:
    profile = call.state.token_exchange_profiles.get(id)
    if profile is None:
        raise inexistent("token_exchange_profile", "The token exchange profile does not exist.")
    return _profile(profile)


def _list(call: Call, name: str, items: list[dict[str, Any]]) -> Any:
    enabled = boolean(call.query, "enabled")
    shown = [item for item in items if enabled in (None, bool(item.get("enabled", True)))]
    return by_offset(call.query, name, [selected(call.query, item) for item in shown])


def _profile(profile: TokenExchangeProfile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "subject_token_type": profile.subject_token_type,
        "type": "custom_authentication",
    }
