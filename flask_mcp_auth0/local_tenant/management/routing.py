"""Which endpoint a request is for.

Matched on the path as it was sent, before percent-decoding: an API's identifier
(``http%3A%2F%2Flocalhost%3A3001%2F``) is one segment whatever it holds, which a decoded path can no longer
tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

PREFIX = "/api/v2"

Handler = Callable[..., Any]
Decorator = Callable[[Handler], Handler]


class Route(NamedTuple):
    """An endpoint: any one of ``scopes`` opens it; ``description`` is what the tenant's log calls it."""

    method: str
    template: str
    scopes: tuple[str, ...]
    handler: Handler
    description: str
    outside_lock: bool

    @property
    def pattern(self) -> str:
        """Its name in counts and faults: ``GET /api/v2/users/{id}/permissions``."""
        return f"{self.method} {PREFIX}{self.template}"

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.template.strip("/").split("/"))


class Routes:
    """The endpoints of one resource, collected by decorators."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def _add(
        self, method: str, template: str, scopes: tuple[str, ...], text: str, outside: bool
    ) -> Decorator:
        def decorate(handler: Handler) -> Handler:
            self.routes.append(Route(method, template, scopes, handler, text, outside))
            return handler

        return decorate

    def get(self, template: str, *scopes: str) -> Decorator:
        return self._add("GET", template, scopes, "", False)

    def post(self, template: str, *scopes: str, description: str, outside_lock: bool = False) -> Decorator:
        return self._add("POST", template, scopes, description, outside_lock)

    def patch(self, template: str, *scopes: str, description: str) -> Decorator:
        return self._add("PATCH", template, scopes, description, False)

    def delete(self, template: str, *scopes: str, description: str) -> Decorator:
        return self._add("DELETE", template, scopes, description, False)


class Router:
    """All endpoints, those with fewer variables first: ``clients/cimd/preview`` before ``clients/{id}``."""

    def __init__(self, resources: Iterable[Routes]) -> None:
        routes = [route for resource in resources for route in resource.routes]
        self.routes = sorted(routes, key=lambda route: route.template.count("{"))
        self._by_shape: dict[tuple[str, int], list[tuple[tuple[str, ...], Route]]] = {}
        for route in self.routes:
            shape = route.method, len(route.segments)
            self._by_shape.setdefault(shape, []).append((route.segments, route))

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The endpoint of a method and a path below :data:`PREFIX`, still percent-encoded, and the path's
        variables, decoded.
        """
        sent = [unquote(segment) for segment in path.strip("/").split("/")]
        for segments, route in self._by_shape.get((method, len(sent)), ()):
            variables: dict[str, str] = {}
            for wanted, given in zip(segments, sent, strict=True):
                if wanted.startswith("{"):
                    if not given:
                        break
                    variables[wanted.strip("{}")] = given
                elif wanted != given:
                    break
            else:
                return route, variables
        return None


def sent_path(environ: dict[str, Any]) -> str:
    """The request's path as it was sent. Servers that do not tell (neither ``RAW_URI`` nor ``REQUEST_URI``)
    get the decoded one, encoded again.
    """
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("?")[0]
    return quote(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), safe="/%:@|")
