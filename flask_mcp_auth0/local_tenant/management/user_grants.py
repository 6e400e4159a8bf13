"""What users consented to: ``/grants``."""

from __future__ import annotations

from typing import Any

from ..model import UserGrant
from .call import NO_CONTENT, Answer, Call, without_none
from .errors import invalid_query
from .paging import by_offset
from .routing import Routes

routes = Routes()


@routes.get("/grants", "read:grants")
def list_grants(call: Call) -> Any:
    wanted = {name: call.query[name] for name in ("user_id", "client_id", "audience") if name in call.query}
    grants = [
        as_json(grant)
        for grant in call.state.user_grants.values()
        if all(getattr(grant, name) == value for name, value in wanted.items())
    ]
    return by_offset(call.query, "grants", grants)


@routes.delete("/grants", "delete:grants", description="Delete a grant")
def delete_grants_of_user(call: Call) -> Answer:
    user_id = call.query.get("user_id")
    if not user_id:
        raise invalid_query("'Missing required property: user_id'.")
    for grant in [g for g in call.state.user_grants.values() if g.user_id == user_id]:
        call.state.withdraw_consent(grant.id)
    return NO_CONTENT


@routes.delete("/grants/{id}", "delete:grants", description="Delete a grant")
def delete_grant(call: Call, id: str) -> Answer:
    call.state.withdraw_consent(id)
    return NO_CONTENT


def as_json(grant: UserGrant) -> dict[str, Any]:
    """The consent as the Management API shows it (``clientID`` is Auth0's spelling)."""
    return without_none(
        {
            "id": grant.id,
            "clientID": grant.client_id,
            "user_id": grant.user_id,
            "audience": grant.audience,
            "scope": grant.scope,
            "organization_id": grant.organization_id,
        }
    )
