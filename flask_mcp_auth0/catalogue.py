"""From what was registered to what is served: every component with everything that is asked of its caller."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from flask import Flask

from .auth.checks import protection_of
from .auth.requirement import Requirement, own_permission
from .auth0_api.injection import outermost
from .blueprint import blueprints_of
from .per_process import lock_per_process
from .protocol.components import Component
from .protocol.registry import Registry
from .registrar import Registrar
from .settings import Settings


class Catalogue:
    """The components of one app. Collected anew while the app is set up, fixed by the first request."""

    def __init__(self, app: Flask, registrar: Registrar, settings: Settings) -> None:
        self._app = app
        self._registrar = registrar
        self._settings = settings
        self._lock = lock_per_process()
        self._fixed: Registry | None = None

    def check(self) -> None:
        """Build everything that is registered so far, so that mistakes show at start.

        :raises RegistrationError: if two components share a name, or one cannot be served.
        """
        self._build()

    def registry(self) -> Registry:
        """Return what is served; from the first call on, nothing can be added.

        :raises RegistrationError: as :meth:`check` does.
        """
        if self._fixed is None:
            with self._lock.get():
                if self._fixed is None:
                    registry = self._build()
                    for registrar in self._registrars():
                        registrar._mark_serving()
                    self._fixed = registry
        return self._fixed

    def scopes(self) -> tuple[str, ...]:
        """Return the permissions and scopes that components ask for, for clients to request.

        With ``MCP_TOOL_LISTING = "conceal"`` nothing is told: a public document must not name what is hidden.
        """
        if self._settings.tool_listing == "conceal":
            return ()
        found: dict[str, None] = {}
        for bound in self.registry():
            requirement = cast(Requirement, bound.component.requirement)
            if requirement.protected:
                own = own_permission(bound.component.kind, bound.component.name)
                found.update(dict.fromkeys(requirement.names(own)))
            found.update(dict.fromkeys(requirement.scopes))
        return tuple(found)

    def _build(self) -> Registry:
        return Registry(self._components(), extra=self._definition_extra)

    def _components(self) -> Iterator[Component]:
        registered = [pair for registrar in self._registrars() for pair in registrar._registered()]
        functions = [component.function for component, _ in registered]
        for component, common in registered:
            yield _complete(component, common, functions)

    def _registrars(self) -> Iterator[Registrar]:
        yield self._registrar
        yield from blueprints_of(self._app)

    def _definition_extra(self, component: Component) -> Mapping[str, Any]:
        """Say which scopes a tool needs, for the clients that read it from its definition (MCP Apps SDK)."""
        requirement = cast(Requirement, component.requirement)
        schemes: list[dict[str, Any]] = []
        if requirement.anonymous and self._settings.anonymous:
            schemes.append({"type": "noauth"})
        if requirement.scopes:
            schemes.append({"type": "oauth2", "scopes": list(requirement.scopes)})
        elif schemes:
            schemes.append({"type": "oauth2"})
        return {"securitySchemes": schemes} if schemes else {}


def _complete(component: Component, common: Requirement, registered: Sequence[Any]) -> Component:
    """Return a component with all that its decorators, its blueprint and marks on its function ask for.

    :param common: what its registrar asks of every caller.
    :param registered: every registered function, so that one that merely calls another is not taken for it.
    """
    complete = copy.copy(component)
    # A decorator above the registration, which got the plain function, must not be lost.
    complete.function = outermost(component.function)
    requirement = cast(Requirement, component.requirement)
    for function in dict.fromkeys((component.function, complete.function)):
        marked = protection_of(function, registered)
        if marked is not None:
            requirement = requirement.and_also(marked)
    if common != Requirement():
        requirement = requirement.and_also(common)
    complete.requirement = requirement
    # The administrator may protect any component by this name, so it has to be one that can be defined.
    own_permission(component.kind, component.name)
    return complete
