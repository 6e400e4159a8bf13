"""Everything that one server offers. Fixed once it serves; what is switched off at run time stays in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import RegistrationError
from .apps import SCHEME, page_of
from .bound import Bound, BoundPrompt, BoundResource, BoundTool, DefinitionExtra
from .components import Component, Prompt, Resource, Tool


class Registry:
    """The tools, resources and prompts of a server, in the order in which they were registered.

    Read-only after construction, so safe to share between threads.

    :param components: what was registered.
    :param extra: adds members to a tool's published definition.
    :raises RegistrationError: if two of a kind share a name, or one cannot be served.
    """

    def __init__(self, components: Iterable[Component], extra: DefinitionExtra = lambda _: {}) -> None:
        self.tools: dict[str, BoundTool] = {}
        self.resources: dict[str, BoundResource] = {}
        self.templates: list[BoundResource] = []
        self.prompts: dict[str, BoundPrompt] = {}
        # By what their URIs say once decoded; nothing where several say the same.
        self._by_meaning: dict[str, BoundResource | None] = {}
        names: dict[tuple[str, str], Component] = {}
        for component in components:
            taken = names.setdefault((component.kind, component.name), component)
            if taken is not component:
                raise duplicate(taken, component)
            self._add(component, extra)
        #: Whether any tool shows a page of its own (MCP Apps).
        self.has_pages = self._check_pages()

    def _check_pages(self) -> bool:
        for bound in self.tools.values():
            uri = page_of(bound.component)
            if uri is not None and self.resolve(uri) is None:
                place = bound.component.place
                raise RegistrationError(
                    f"{place}: the page {uri!r} of {bound.component.name!r} is no registered resource"
                )
        return any(uri.startswith(SCHEME) for uri in self.resources)

    def _add(self, component: Component, extra: DefinitionExtra) -> None:
        if isinstance(component, Tool):
            self.tools[component.name] = BoundTool(component, extra)
        elif isinstance(component, Prompt):
            self.prompts[component.name] = BoundPrompt(component)
        elif isinstance(component, Resource):
            bound = BoundResource(component)
            if bound.template is not None:
                self.templates.append(bound)
            elif component.uri in self.resources:
                raise duplicate(self.resources[component.uri].component, component)
            else:
                self.resources[component.uri] = bound
                meaning = unquote(component.uri)
                self._by_meaning[meaning] = None if meaning in self._by_meaning else bound

    def __iter__(self) -> Iterator[Bound]:
        yield from self.tools.values()
        yield from self.resources.values()
        yield from self.templates
        yield from self.prompts.values()

    def resolve(self, uri: str) -> tuple[BoundResource, Mapping[str, Any]] | None:
        """Return the resource that a URI names, and the template's variables; ``None`` where there is none.

        Of several templates the first one counts. A template never stands in for a resource that has a URI of its
        own, nor for a template before it: where another spelling of their URIs (RFC 3986 §6.2.2) matches, it
        names what it would name as the template itself writes it.
        """
        exact = self.resources.get(uri)
        if exact is not None:
            return exact, {}
        for index, bound in enumerate(self.templates):
            assert bound.template is not None
            variables = bound.template.match(uri)
            if variables is not None:
                written = bound.template.expand(variables)
                for meaning in (unquote(uri), unquote(written)):
                    if meaning in self._by_meaning:
                        meant = self._by_meaning[meaning]
                        return None if meant is None else (meant, {})
                return (self._match(index, written) if written != uri else None) or (bound, variables)
        return None

    def _match(self, before: int, uri: str) -> tuple[BoundResource, Mapping[str, Any]] | None:
        for bound in self.templates[:before]:
            assert bound.template is not None
            variables = bound.template.match(uri)
            if variables is not None:
                return bound, variables
        return None


def duplicate(first: Component, second: Component) -> RegistrationError:
    """Two components of a kind share a name: say where both of them are."""
    what = second.uri if isinstance(second, Resource) and first.name != second.name else second.name
    return RegistrationError(f"two {second.kind}s are called {what!r}: {first.place} and {second.place}")
