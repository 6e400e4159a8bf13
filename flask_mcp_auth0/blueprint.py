"""Blueprints that carry tools, resources and prompts beside their views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from flask import Blueprint, Flask

from .auth.requirement import make_requirement
from .registrar import Registrar

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState


class MCPBlueprint(Blueprint, Registrar):
    """A Flask blueprint that carries tools, resources and prompts beside its views.

    Register it on the app, or nested in another blueprint; a ``url_prefix`` concerns its views alone.

    :param name: the blueprint's name, as in Flask.
    :param import_name: usually ``__name__``.
    :param permission: a permission that the caller of everything in here must hold.
    :param permissions: several of them.
    :param match: whether ``all`` or ``any`` of them is needed.
    :param scopes: scopes that the token must carry for everything in here.
    :param options: as :class:`flask.Blueprint` takes them.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        **options: Any,
    ) -> None:
        Blueprint.__init__(self, name, import_name, **options)
        Registrar.__init__(self)
        self._common_requirement = make_requirement(
            protected=bool(permission or permissions),
            permission=permission,
            permissions=permissions,
            match=match,
            scopes=scopes,
        )
        self.record(_remember_on_app)


#: Where an app keeps the MCP blueprints that were registered on it, whether or not init_app came first.
PENDING = "mcp_auth0_blueprints"


def _remember_on_app(state: BlueprintSetupState) -> None:
    app, blueprint = state.app, state.blueprint
    blueprints: list[MCPBlueprint] = app.extensions.setdefault(PENDING, [])
    if isinstance(blueprint, MCPBlueprint) and not any(known is blueprint for known in blueprints):
        blueprints.append(blueprint)
        arrived = app.extensions.get("mcp_auth0")
        if arrived is not None:
            arrived.check_names()


def blueprints_of(app: Flask) -> list[MCPBlueprint]:
    """Return the MCP blueprints that are registered on an app, nested ones included, in their order."""
    found: list[MCPBlueprint] = app.extensions.get(PENDING, [])
    return found
